"""What the taster keeps in the store besides refusals: appeals, exemplars, policies, the audit log. Scripts and
rows.

Keys are described in `lua/shared.lua`. Every change and its entry in the audit log are one script.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from services.moderator.appeal_pages import Place
from services.moderator.appeals import Appeal, Credit, State
from services.moderator.exemplars import Exemplar, Kind
from services.moderator.rules import Keeping, Rules
from services.runtime.errors import Fault, Reason
from services.runtime.redis_link import RedisLink, Script

PREFIX = "{moderator}:"
DAY_MS = 86_400_000

_LUA = Path(__file__).with_name("lua")
Argument = str | int | float


@dataclass(frozen=True)
class Entry:
    """One line of the audit log. `time` is in Unix seconds."""

    id: str
    time: float
    action: str
    subject: str
    detail: str
    reason: str


class Ledger:
    """The store's side. Every call raises Fault UNAVAILABLE when the store is away. `clock` gives Unix seconds."""

    def __init__(self, link: RedisLink, clock: Callable[[], float] = time.time) -> None:
        self._link, self._clock = link, clock
        self._file = self._script("file_appeal")
        self._decide = self._script("decide_appeal")
        self._credited = self._script("credited")
        self._add = self._script("add_exemplar")
        self._remove = self._script("remove_exemplar")
        self._move = self._script("move_policies")

    async def file(self, appeal: Appeal, rules: Rules, detail: str) -> bool:
        """Keeps a new appeal; False when the decision has one. Raises LIMIT_REACHED."""
        limits, keep = rules.appeals, rules.keeping.appeal_days * DAY_MS
        day = int(appeal.filed // 86_400)
        arguments: list[Argument] = [appeal.id, appeal.account_id, keep, limits.open_per_account]
        arguments += [limits.filed_per_day, limits.open_total, day, detail, *_fields(appeal)]
        reply = await self._run(self._file, rules.keeping, arguments)
        if reply[0] == "FULL":
            # The day's list has room again tomorrow; the others when somebody has answered.
            later = 86_400 - appeal.filed % 86_400 if reply[1] == "appeals_filed" else None
            raise _full(reply, later)
        return bool(reply[0] == "FILED")

    async def decide(
        self,
        appeal_id: str,
        state: State,
        rules: Rules,
        *,
        notice: str,
        reason: str,
        exemplar: Exemplar | None,
        credit: bool,
        detail: str,
    ) -> State | None:
        """Decides an open appeal; the state it was in if it was not open. Raises NOT_FOUND, LIMIT_REACHED."""
        forget = state is State.DENIED and rules.keeping.forget_denied
        arguments: list[Argument] = [appeal_id, state, notice, reason, detail, int(forget), int(credit)]
        arguments += [exemplar.id if exemplar else "", _pack(exemplar) if exemplar else ""]
        arguments += [rules.exemplars.most_allows, rules.appeals.granted_per_account]
        reply = await self._run(self._decide, rules.keeping, arguments)
        if reply[0] == "NONE":
            raise Fault(Reason.NOT_FOUND, "no such appeal", field="appeal_id")
        if reply[0] == "FULL":
            raise _full(reply, None)
        return State(reply[1]) if reply[0] == "STATE" else None

    async def appeal(self, appeal_id: str) -> Appeal:
        """Raises NOT_FOUND."""
        row: dict[str, str] = await self._link.do(lambda: self._link.text.hgetall(f"{PREFIX}appeal:{appeal_id}"))
        if not row:
            raise Fault(Reason.NOT_FOUND, "no such appeal", field="appeal_id")
        return _appeal(appeal_id, row)

    async def appeals(
        self, *, account_id: str = "", state: State | None = None, after: Place | None = None, limit: int
    ) -> tuple[list[Appeal], str]:
        """A page, newest first, of an account, of a state or of all, and the token of the next, "" where none is.
        It is shorter than `limit` where an appeal was forgotten before its place in the list."""
        key = PREFIX + (f"appeals:of:{account_id}" if account_id else f"appeals:{state}" if state else "appeals")
        text = self._link.text
        listing = text.pipeline(transaction=True)
        if after is not None:
            listing.zrevrangebyscore(key, after.ms, after.ms, withscores=True)
        older = "+inf" if after is None else f"({after.ms}"
        listing.zrevrangebyscore(key, older, "-inf", start=0, num=limit + 1, withscores=True)
        parts: list[list[tuple[str, float]]] = await self._link.do(listing.execute)
        found = [Place(int(ms), id) for part in parts for id, ms in part]
        places = [one for one in found if after is None or one < after]
        page = places[:limit]
        reading = text.pipeline(transaction=False)
        for one in page:
            reading.hgetall(f"{PREFIX}appeal:{one.id}")
        rows: list[dict[str, str]] = await self._link.do(reading.execute) if page else []
        appeals = [_appeal(one.id, row) for one, row in zip(page, rows, strict=True) if row]
        return appeals, page[-1].token() if len(places) > limit else ""

    async def credits_due(self, limit: int) -> list[str]:
        """Appeals whose credit is to be given now."""
        now = round(self._clock() * 1000)
        due: list[str] = await self._link.do(
            lambda: self._link.text.zrangebyscore(f"{PREFIX}credits", "-inf", now, start=0, num=limit)
        )
        return due

    async def credited(self, appeal_id: str, outcome: Credit, keeping: Keeping, detail: str, again: float) -> None:
        """Notes what became of a credit; one that is still due is tried again in `again` seconds."""
        at = round((self._clock() + again) * 1000)
        await self._run(self._credited, keeping, [appeal_id, outcome, at, detail])

    async def add_exemplar(self, exemplar: Exemplar, rules: Rules, detail: str, reason: str) -> bool:
        """Keeps an operator's exemplar; False when it is there. Raises LIMIT_REACHED."""
        most = rules.exemplars.most_allows if exemplar.kind is Kind.ALLOW else rules.exemplars.most_blocks
        arguments: list[Argument] = [exemplar.kind, exemplar.id, _pack(exemplar), most, detail, reason]
        reply = await self._run(self._add, rules.keeping, arguments)
        if reply[0] == "FULL":
            raise _full(reply, None)
        return bool(reply[0] == "DONE")

    async def remove_exemplar(self, exemplar_id: str, keeping: Keeping, reason: str) -> None:
        """Raises NOT_FOUND."""
        if (await self._run(self._remove, keeping, [exemplar_id, reason]))[0] == "NONE":
            raise Fault(Reason.NOT_FOUND, "no such exemplar", field="exemplar_id")

    async def exemplars(self, ids: Sequence[str]) -> list[Exemplar]:
        """Those of these ids that there are."""
        found: list[Exemplar] = []
        for kind in Kind:
            reading = partial(self._link.text.hmget, f"{PREFIX}exemplars:{kind}", list(ids))
            rows: list[str | None] = await self._link.do(reading) if ids else []
            found += [_exemplar(row) for row in rows if row]
        return found

    async def exemplar_ids(self) -> set[str]:
        """Of all exemplars."""
        ids: set[str] = set()
        for kind in Kind:
            ids |= set(await self._link.do(partial(self._link.text.hkeys, f"{PREFIX}exemplars:{kind}")))
        return ids

    async def policies(self) -> tuple[str, str]:
        """The policy state as JSON ("" at the beginning) and its revision."""
        state, revision = await self._link.do(
            lambda: self._link.text.hmget(f"{PREFIX}policies", ["state", "revision"])
        )
        return state or "", revision or "0"

    async def move_policies(
        self, revision: str, state: str, keeping: Keeping, entry: tuple[str, str, str, str]
    ) -> bool:
        """Stores a state if `revision` is the one there; whether it was. `entry` is for the audit log: action,
        subject, detail, reason."""
        return bool(await self._run(self._move, keeping, [revision, state, *entry]) != -1)

    async def last_change(self) -> str:
        """Id of the newest change."""
        rows = await self._link.do(lambda: self._link.text.xrevrange(f"{PREFIX}changes", count=1))
        return str(rows[0][0]) if rows else "0-0"

    async def changes(self, after: str, seconds: float) -> tuple[str, list[tuple[str, str]]]:
        """What changed after an id, as (kind, id), and the id to go on from; waits so long for the first."""
        rows: Any = await self._link.do(
            lambda: self._link.text.xread({f"{PREFIX}changes": after}, count=1_000, block=round(seconds * 1000))
        )
        entries = [
            entry for _, found in (rows.items() if isinstance(rows, dict) else rows or []) for entry in found
        ]
        flat = [one for entry in entries for one in (entry if isinstance(entry, list) else [entry])]
        return (str(flat[-1][0]) if flat else after), [(row["kind"], row["id"]) for _, row in flat]

    async def audit(self, before: str, limit: int) -> list[Entry]:
        """The audit log before an entry ("" is now), newest first."""
        top = f"({before}" if before else "+"
        rows = await self._link.do(lambda: self._link.text.xrevrange(f"{PREFIX}audit", top, "-", count=limit))
        return [
            Entry(id, int(row["time"]) / 1000, row["action"], row["subject"], row["detail"], row["reason"])
            for id, row in rows
        ]

    def _script(self, name: str) -> Script:
        return self._link.script(_LUA / "shared.lua", _LUA / f"{name}.lua")

    async def _run(self, script: Script, keeping: Keeping, arguments: Sequence[Argument]) -> Any:
        now = round(self._clock() * 1000)
        return await script([PREFIX], [now, keeping.audit_entries, keeping.audit_days * DAY_MS, *arguments])


def _full(reply: Sequence[str], later: float | None) -> Fault:
    return Fault(
        Reason.LIMIT_REACHED,
        f"at most {reply[2]} ({reply[1]})",
        retry_after=later,
        limit=reply[1],
        most=reply[2],
    )


def _fields(appeal: Appeal) -> list[Argument]:
    facts: dict[str, Argument] = {
        "decision_id": appeal.decision_id,
        "account_id": appeal.account_id,
        "state": appeal.state,
        "stage": appeal.stage,
        "category": appeal.category,
        "score": repr(appeal.score),
        "policy_version": appeal.policy_version,
        "prompt": appeal.prompt,
        "note": appeal.note,
        "language": appeal.language,
        "filed": repr(appeal.filed),
    }
    return [part for fact in facts.items() for part in fact]


def _appeal(appeal_id: str, row: Mapping[str, str]) -> Appeal:
    return Appeal(
        id=appeal_id,
        decision_id=row["decision_id"],
        account_id=row["account_id"],
        stage=row["stage"],
        category=row["category"],
        score=float(row["score"]),
        policy_version=row["policy_version"],
        prompt=row.get("prompt", ""),
        note=row["note"],
        language=row["language"],
        filed=float(row["filed"]),
        state=State(row["state"]),
        decided=int(row["decided"]) / 1000 if row.get("decided") else None,
        notice=row.get("notice", ""),
        exemplar_id=row.get("exemplar_id", ""),
        credit=Credit(row.get("credit", "")),
    )


def _pack(exemplar: Exemplar) -> str:
    return json.dumps(asdict(exemplar), ensure_ascii=False)


def _exemplar(text: str) -> Exemplar:
    raw = json.loads(text)
    return Exemplar(**{**raw, "kind": Kind(raw["kind"])})
