"""The back office of the store in Redis: accounts, keys, the audit log, the surge level."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.quota.limits import Unit, Verdict
from services.quota.office import KNOW_CREDIT, Entry, Holder, Profile
from services.quota.policy import Policy
from services.quota.policy_text import PolicyText, ms
from services.quota.store import store_fault
from services.quota.surge import Level, SurgeState
from services.runtime.errors import Fault, Reason
from services.runtime.pipelined import PipelinedLink, Script

TAG = "{fournil}"
"""Of every key: all of them stay in one slot of a cluster."""
PREFIX = f"{TAG}:desk:"
MOST_KEYS = 1_000
MOST_ZONES = 100_000
MOST_TRIES = 5

_UNITS = {str(unit): unit for unit in Unit}
_LUA = Path(__file__).with_name("lua")
Argument = str | int | float


class RedisOffice:
    """Scripts and their arguments; the base of `RedisStore`."""

    def __init__(self, link: PipelinedLink, policy: Policy, clock: Callable[[], float] | None) -> None:
        self._link = link
        self._clock = clock
        RedisOffice.use(self, policy)
        self._zones: dict[str, str] = {}
        """Time zones of accounts that have one of their own, as far as this replica has learnt them."""
        self._shared = (_LUA / "desk.lua").read_text(encoding="utf-8")
        self._limits = (_LUA / "limits.lua").read_text(encoding="utf-8")
        self._create_key = self._script("create_key")
        self._revoke_key = self._script("revoke_key")
        self._holder = self._script("holder")
        self._keys = self._script("keys")
        self._open_account = self._script("open_account")
        self._set_account = self._script("set_account")
        self._credit = self._script("credit", limits=True)
        self._reset = self._script("reset", limits=True)
        self._set_surge = self._script("set_surge")
        self._note = self._script("note")

    def use(self, policy: Policy) -> None:
        self._policy = policy
        self._text = PolicyText(policy)

    async def create_key(self, digest: str, key: Holder, reason: str) -> None:
        expires, scopes = "" if key.expires is None else ms(key.expires), " ".join(key.scopes)
        await self._run(self._create_key, digest, key.key_id, key.account_id, key.tier, expires, scopes, reason)

    async def revoke_key(self, key_id: str, reason: str) -> None:
        await self._run(self._revoke_key, key_id, reason)

    async def holder(self, digest: str) -> Holder | None:
        row = await self._run(self._holder, digest)
        return _holder(row) if row else None

    async def keys(self, account_id: str) -> list[Holder]:
        return [_holder(row) for row in await self._run(self._keys, account_id, MOST_KEYS) if row]

    async def account(self, account_id: str) -> Profile:
        return Profile(*await self._run(self._open_account, account_id, "", ""))

    async def open_account(self, account_id: str, tier: str, reason: str) -> Profile:
        return Profile(*await self._run(self._open_account, account_id, tier, reason))

    async def set_account(self, account_id: str, changes: Mapping[str, str], reason: str) -> None:
        pairs = [part for change in changes.items() for part in change]
        await self._run(self._set_account, account_id, reason, *pairs)

    async def credit(
        self, account_id: str, policy: str, amount: int, reason: str, request_id: str = ""
    ) -> Verdict:
        args: list[Argument] = [account_id, policy, amount, reason, self._policy.default_tier]
        args += [request_id, KNOW_CREDIT]
        return read_verdict(await self._zoned(self._credit, account_id, args))

    async def reset(self, account_id: str, reason: str) -> None:
        await self._zoned(self._reset, account_id, [account_id, reason, self._policy.default_tier])

    async def note(self, action: str, subject: str, detail: str, reason: str) -> None:
        await self._run(self._note, action, subject, detail, reason)

    async def audit(self, before: str, limit: int) -> list[Entry]:
        top = f"({before}" if before else "+"
        rows = await self._link.patient.call("XREVRANGE", PREFIX + "audit", top, "-", "COUNT", limit)
        entries = [(id, dict(zip(row[::2], row[1::2], strict=True))) for id, row in rows]
        return [
            Entry(id, int(row["time"]) / 1000, row["action"], row["subject"], row["detail"], row["reason"])
            for id, row in entries
        ]

    async def surge(self) -> SurgeState:
        state = await self._link.quick.call("HGET", PREFIX + "surge", "state")
        return _unpack(state) if state else SurgeState()

    async def set_surge(self, before: SurgeState, after: SurgeState) -> bool:
        seen = "" if before == SurgeState() else _pack(before)
        told = (before.level, before.pinned, before.since) != (after.level, after.pinned, after.since)
        return bool(
            await self._run(self._set_surge, seen, _pack(after), after.level, after.cause, "1" if told else "0")
            == "1"
        )

    def _script(self, name: str, *, limits: bool = False, patient: bool = False) -> Script:
        source = (_LUA / f"{name}.lua").read_text(encoding="utf-8")
        parts = (self._shared, self._limits, source) if limits else (self._shared, source)
        return self._link.script("\n".join(parts), patient=patient)

    async def _run(self, script: Script, *args: Argument) -> Any:
        """The script's reply at the clock's time. A FAULT reply is raised."""
        now = "" if self._clock is None else ms(self._clock())
        return faultless(await script([PREFIX], [now, *args]))

    async def _zoned(
        self, script: Script, account_id: str, args: Sequence[Argument], level: Level = Level.NORMAL
    ) -> Any:
        """As `_run`, with the policy at a level behind `args`, in the account's time zone."""

        async def run(zone: str) -> Any:
            return await self._run(script, *args, zone, *self._policy_args(level, zone))

        return await self._in_zone(account_id, run)

    def _policy_args(self, level: Level, zone: str) -> Sequence[str]:
        return self._text.args(level, zone, time.time() if self._clock is None else self._clock())

    async def _in_zone(self, account_id: str, run: Callable[[str], Awaitable[Any]]) -> Any:
        """The reply in the account's time zone. The script says when this replica was wrong about the zone, and is
        asked again with the right one. Raises UNAVAILABLE if it changes faster than it can be asked for."""
        for _ in range(MOST_TRIES):
            reply = await run(self._zones.get(account_id, ""))
            if not (isinstance(reply, list) and reply and reply[0] == "ZONE"):
                return reply
            if len(self._zones) >= MOST_ZONES:
                self._zones.clear()
            self._zones[account_id] = reply[1]
        raise Fault(Reason.UNAVAILABLE, "the account's time zone keeps changing", retry_after=0.1, peer="redis")


def faultless(reply: Any) -> Any:
    """The reply, if it is no FAULT; that is raised."""
    if isinstance(reply, list) and reply and reply[0] == "FAULT":
        raise store_fault(Reason(reply[1]), reply[2])
    return reply


def read_verdict(row: Sequence[Any]) -> Verdict:
    """One of the scripts' rows."""
    name, limit, used, held, reset, binding, unit, shadow = row
    return Verdict(
        name, limit, used, held, reset / 1000 if reset else None, binding == 1, _UNITS[unit], shadow == 1
    )


def _holder(row: Sequence[str]) -> Holder:
    account, tier, key_id, revoked, expires, scopes, banned = row
    until = int(expires) / 1000 if expires else None
    return Holder(account, tier, key_id, revoked == "1", until, tuple(scopes.split()), banned)


def _pack(state: SurgeState) -> str:
    return json.dumps(asdict(state))


def _unpack(text: str) -> SurgeState:
    fields = json.loads(text)
    return SurgeState(**{**fields, "level": Level(fields["level"])})
