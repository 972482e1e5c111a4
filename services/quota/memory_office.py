"""The back office of the store in Python: accounts, keys, the audit log, the surge level."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from services.quota.limits import PARTS, WAIT, Kind, Unit, Verdict, Window, burst, rolling_reset
from services.quota.memory_records import Account, Counter, WindowKey
from services.quota.office import KNOW_CREDIT, Entry, Holder, Profile
from services.quota.policy import Policy, Tier
from services.quota.store import store_fault
from services.quota.surge import SurgeState
from services.runtime.errors import Reason

MOST_KEYS = 1_000


class MemoryOffice:
    """Accounts and what stands on them; the base of `MemoryStore`."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self._windows: dict[WindowKey, Counter] = {}
        self._bursts: dict[tuple[str, str], int] = {}
        self._keys: dict[str, Holder] = {}
        self._entries: list[Entry] = []
        self._surge = SurgeState()
        self._credits: dict[tuple[str, str], float] = {}

    def use(self, policy: Policy) -> None:
        self._policy = policy

    async def create_key(self, digest: str, key: Holder, reason: str) -> None:
        if digest in self._keys:
            return
        tier = key.tier or self._find_account(key.account_id).tier
        self._keys[digest] = key
        self._accounts.setdefault(key.account_id, Account(tier)).tier = tier
        self._write("create_key", key.key_id, f"account {key.account_id}, tier {tier}", reason)

    async def revoke_key(self, key_id: str, reason: str) -> None:
        for digest, holder in self._keys.items():
            if holder.key_id == key_id:
                if not holder.revoked:
                    self._keys[digest] = replace(holder, revoked=True)
                    self._write("revoke_key", key_id, f"account {holder.account_id}", reason)
                return
        raise store_fault(Reason.NOT_FOUND, "key_id")

    async def holder(self, digest: str) -> Holder | None:
        holder = self._keys.get(digest)
        if holder is None:
            return None
        account = self._accounts[holder.account_id]
        return replace(holder, tier=account.tier, banned=account.banned)

    async def account(self, account_id: str) -> Profile:
        account = self._find_account(account_id)
        return Profile(account.tier, account.zone, account.banned)

    async def open_account(self, account_id: str, tier: str, reason: str) -> Profile:
        if account_id not in self._accounts:
            self._accounts[account_id] = Account(tier)
            self._write("open_account", account_id, f"tier {tier}", reason)
        return await self.account(account_id)

    async def set_account(self, account_id: str, changes: Mapping[str, str], reason: str) -> None:
        account = self._find_account(account_id)
        for field, value in changes.items():
            setattr(account, field, value)
            self._write(f"set_{field}", account_id, value, reason)

    async def credit(
        self, account_id: str, policy: str, amount: int, reason: str, request_id: str = ""
    ) -> Verdict:
        account = self._find_account(account_id)
        tier = self._policy.tier(account.tier)
        for window in tier.windows:
            if window.name == policy and window.kind in {Kind.FIXED, Kind.DAY}:
                if not request_id or self._credits.get((account_id, request_id), -math.inf) < self._clock():
                    self._counter(account_id, window, self._number(account, window)).bonus += amount
                    self._write("credit", account_id, f"{amount} {window.unit} of {policy}", reason)
                    self._credits[account_id, request_id] = self._clock() + KNOW_CREDIT
                return self._stands(account_id, account, window, 0)
        raise store_fault(Reason.NOT_FOUND, "policy")

    async def reset(self, account_id: str, reason: str) -> None:
        account = self._find_account(account_id)
        for window in self._policy.tier(account.tier).windows:
            self._bursts.pop((account_id, window.name), None)
            if window.kind is not Kind.BURST:
                for number in self._numbers(account, window):
                    self._counter(account_id, window, number).used = 0
        self._write("reset", account_id, "", reason)

    async def keys(self, account_id: str) -> list[Holder]:
        mine = [holder for holder in self._keys.values() if holder.account_id == account_id]
        account = self._accounts.get(account_id)
        return [replace(one, tier=account.tier, banned=account.banned) for one in mine[:MOST_KEYS] if account]

    async def note(self, action: str, subject: str, detail: str, reason: str) -> None:
        self._write(action, subject, detail, reason)

    async def audit(self, before: str, limit: int) -> list[Entry]:
        older = [entry for entry in self._entries if not before or int(entry.id) < int(before)]
        return older[::-1][:limit]

    async def surge(self) -> SurgeState:
        return self._surge

    async def set_surge(self, before: SurgeState, after: SurgeState) -> bool:
        if self._surge != before:
            return False
        self._surge = after
        if (before.level, before.pinned, before.since) != (after.level, after.pinned, after.since):
            self._write("surge", "mesh", after.level, after.cause)
        return True

    def _write(self, action: str, subject: str, detail: str, reason: str) -> None:
        number = str(len(self._entries) + 1)
        self._entries.append(Entry(number, self._clock(), action, subject, detail, reason))

    def _find_account(self, account_id: str) -> Account:
        account = self._accounts.get(account_id)
        if account is None:
            raise store_fault(Reason.NOT_FOUND, "account_id")
        return account

    def _standing_windows(self, account_id: str, tier: Tier, cost: int, work: int) -> list[Verdict]:
        """Of every window, before so much more."""
        account = self._accounts[account_id]
        return [self._stands(account_id, account, one, one.amount(cost, work)) for one in tier.windows]

    def _stands(self, account_id: str, account: Account, window: Window, take: int) -> Verdict:
        now = self._clock()
        if window.kind is Kind.BURST:
            last = self._bursts.get((account_id, window.name), 0)
            used, room, _ = burst(window, last, round(now * 1000))
            return Verdict(window.name, window.limit, used, 0, room, unit=window.unit, shadow=window.shadow)
        counters = {n: self._counter(account_id, window, n) for n in self._numbers(account, window)}
        used, held = sum(one.used for one in counters.values()), sum(one.held for one in counters.values())
        limit = window.limit + counters[max(counters)].bonus
        reset: float | None = window.reset(now, self._zone(account))
        if window.kind is Kind.ROLLING:
            excess = max(1, used + held + take - limit)
            reset = rolling_reset([(n, one.used + one.held) for n, one in counters.items()], excess, window.width)
        return Verdict(window.name, limit, used, held, reset, unit=window.unit, shadow=window.shadow)

    def _hold(self, account_id: str, tier: Tier, cost: int, work: int) -> list[tuple[str, int, int]]:
        """Holds in every window; what was held where, as (window, counter, amount)."""
        account, held = self._accounts[account_id], []
        for window in tier.windows:
            amount = window.amount(cost, work)
            if window.kind is Kind.BURST:
                key = account_id, window.name
                self._bursts[key] = burst(window, self._bursts.get(key, 0), round(self._clock() * 1000))[2]
                continue
            number = self._number(account, window)
            self._counter(account_id, window, number).held += amount
            held.append((window.name, number, amount))
        return held

    def _counter(self, account_id: str, window: Window, number: int) -> Counter:
        return self._windows.setdefault((account_id, window.name, number), Counter())

    def _number(self, account: Account, window: Window) -> int:
        return window.number(self._clock(), self._zone(account))

    def _numbers(self, account: Account, window: Window) -> list[int]:
        last = self._number(account, window)
        return [last - back for back in range(PARTS + 1)] if window.kind is Kind.ROLLING else [last]

    def _zone(self, account: Account) -> str:
        return account.zone or self._policy.zone


def count(name: str, limit: int, held: int) -> Verdict:
    """A limit on jobs."""
    return Verdict(name, limit, 0, held, None, unit=Unit.JOBS)


def wait_verdict(tier: Tier, waits: Mapping[str, float], now: float) -> list[Verdict]:
    """The limit on the expected wait, where there is one and the wait is known."""
    if tier.wait is None or tier.name not in waits:
        return []
    expected = round(waits[tier.name] * 1000)
    over = expected - round(tier.wait * 1000)
    room = now + over / 1000 if over > 0 else None
    return [Verdict(WAIT, int(tier.wait), 0, -(-expected // 1000), room, unit=Unit.SECONDS)]
