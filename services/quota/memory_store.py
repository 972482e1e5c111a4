"""The store in Python: for tests and simulation, never for a service (it dies with its process).

The same semantics as the scripts in `lua/`, over the cores of `limits` and `line`; one contract suite runs on
both. One call is one step of the event loop, so it is as atomic as a script.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from services.quota.limits import LINE, LIVE, Verdict, refusal
from services.quota.line import Shares
from services.quota.memory_office import count, wait_verdict
from services.quota.memory_records import Class, Generator, Record, recount
from services.quota.memory_reservations import MemoryReservations
from services.quota.policy import Policy
from services.quota.reservation import RefundReason, Reservation, State
from services.quota.store import (
    ATTENDANCE,
    MOST_UNTRIED,
    Ask,
    Books,
    Decision,
    Grant,
    LineState,
    Report,
    Standing,
    Swept,
    store_fault,
)
from services.quota.surge import Level
from services.quota.wait import ClassState
from services.runtime.errors import Reason


class MemoryStore(MemoryReservations):
    """`Store` and `Office` in plain dictionaries; `clock` gives Unix seconds."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        super().__init__(policy, clock)
        self._models = Shares()
        self._arrivals = 0
        self._replicas: dict[str, float] = {}

    async def reserve(self, ask: Ask) -> Decision:
        account = self._find_account(ask.account_id)
        tier = self._policy.judged_by(account.tier, ask.tier, ask.level)
        earlier = self._earlier(ask)
        if earlier is None and account.banned and not ask.owed:
            raise store_fault(Reason.ACCOUNT_BANNED, account.banned)
        size = (0, 0) if earlier else (ask.cost, ask.work)
        verdicts = [*self._standing_windows(ask.account_id, tier, *size), count(LIVE, tier.live, account.live)]
        waiting = self._classes.get((ask.model, tier.name), Class())
        verdicts.append(count(LINE, tier.line, len(waiting.line.tickets) + waiting.held))
        verdicts += wait_verdict(tier, ask.waits, self._clock())
        if earlier:
            return Decision(earlier.shown, None, verdicts, True, ask.level)
        verdicts = [one.judged(ask.cost, ask.work) for one in verdicts]
        refused = refusal(verdicts, ask.cost, ask.work)
        if (refused or ask.validate_only) and not ask.owed:
            return Decision(None, refused, verdicts, level=ask.level)

        now = self._clock()
        windows = self._hold(ask.account_id, tier, ask.cost, ask.work)
        account.live += 1
        self._classes.setdefault((ask.model, tier.name), Class()).held += 1
        self._book("issued", 1, ask.cost)
        self._book("live", 1, ask.cost)
        if ask.request_id:
            seen = self._requests.get((ask.account_id, ask.request_id))
            if seen is None or seen[2] <= now:
                until = now + self._policy.keep_request
                self._requests[ask.account_id, ask.request_id] = (ask.id, ask.body_hash, until)
        made = Reservation(
            ask.id, ask.account_id, tier.name, ask.model, ask.cost, State.HELD, now + ask.ttl, work=ask.work
        )
        self._records[ask.id] = Record(made, windows)
        return Decision(made, None, verdicts, level=ask.level)

    async def adopt(self, ask: Ask, generator_id: str, address: str) -> Reservation:
        await self.reserve(replace(ask, owed=True))
        record = self._find(ask.id)
        shown = record.shown
        if shown.state is State.HELD:
            one = self._class(shown)
            one.held -= 1
            self._arrivals += 1
            record.arrival, record.tag = self._arrivals, one.line.virtual
            record.freed = not self._ovens.lease(generator_id, record.size)
            until = self._clock() + self._policy.lease
            turn = {"generator_id": generator_id, "address": address, "attempts": 1, "expire_time": until}
            self._move(record, State.RUNNING, **turn)
            self._moves.append(ask.id)
        return record.shown

    async def attend(self, replica_id: str) -> int:
        now = self._clock()
        self._replicas[replica_id] = now
        self._replicas = {id: seen for id, seen in self._replicas.items() if seen > now - ATTENDANCE}
        return len(self._replicas)

    async def enqueue(self, id: str, ttl: float) -> Standing:
        record = self._find(id)
        shown = record.shown
        if shown.state is State.HELD:
            one = self._class(shown)
            one.held -= 1
            self._arrivals += 1
            record.arrival = self._arrivals
            self._wake(shown)
            record.tag = one.line.join(record.arrival, id, shown.account_id, record.size)
            self._move(record, State.QUEUED, expire_time=max(shown.expire_time, self._clock() + ttl))
        return self._standing(record)

    async def return_turn(self, id: str, attempt: int, ttl: float, *, untried: bool = False) -> Reservation:
        record = self._find(id)
        shown = record.shown
        if shown.state is State.RUNNING and shown.attempts == attempt:
            self._ovens.suspect(shown.generator_id)
            record.untried += untried and record.untried < MOST_UNTRIED
            self._give_back(record, ttl)
        return record.shown

    async def release_slots(self, id: str, attempt: int) -> None:
        record = self._find(id)
        if record.shown.attempts == attempt:
            self._free(record)

    async def extend(self, ids: Sequence[str], ttl: float) -> list[str]:
        lost = []
        for id in ids:
            record = self._records.get(id)
            if record is None or record.shown.state.final:
                lost.append(id)
            else:
                until = max(record.shown.expire_time, self._clock() + ttl)
                record.shown = replace(record.shown, expire_time=until)
        return lost

    async def commit(self, id: str, actual: int) -> Reservation:
        record = self._find(id)
        if not record.shown.state.final:
            if actual > record.shown.cost:
                raise store_fault(Reason.INVALID_ARGUMENT, "actual")
            if record.shown.attempts == 0:
                raise store_fault(Reason.WRONG_STATE, record.shown.state)
            late = record.shown.state is State.QUEUED
            self._finish(record, State.COMMITTED, actual, None)
            record.shown = replace(record.shown, late=late)
        return record.shown

    async def refund(self, id: str, reason: RefundReason) -> Reservation:
        record = self._find(id)
        if not record.shown.state.final:
            self._finish(record, State.REFUNDED, 0, reason)
        return record.shown

    async def standings(self, ids: Sequence[str]) -> dict[str, Standing]:
        return {id: self._standing(record) for id in ids if (record := self._look_up(id))}

    async def allowance(self, account_id: str, level: Level, tier: str = "") -> tuple[str, Sequence[Verdict]]:
        account = self._find_account(account_id)
        judge = self._policy.judged_by(account.tier, tier, level)
        windows = self._standing_windows(account_id, judge, 0, 0)
        return judge.name, [*windows, count(LIVE, judge.live, account.live)]

    async def waiting(self, model: str, tier: str, limit: int) -> list[str]:
        tickets = self._classes.get((model, tier), Class()).line.tickets
        return [ticket for _, _, ticket in tickets[:limit]]

    async def line(self) -> LineState:
        classes = [
            ClassState(model, tier, len(one.line.tickets), *one.line.waiting, one.line.joined_work)
            for (model, tier), one in sorted(self._classes.items())
        ]
        return LineState(classes, self._ovens.shown(self._policy.silence))

    async def heartbeat(self, report: Report) -> None:
        self._ovens.hear(report)

    async def grant(self, limit: int) -> list[Grant]:
        weights = self._policy.weights
        granted: list[Grant] = []
        while len(granted) < limit:
            waiting: dict[str, list[str]] = {}
            for (model, tier), one in self._classes.items():
                if one.line.tickets:
                    waiting.setdefault(model, []).append(tier)
            # The class whose turn it is, of each model that has room for it.
            turns: dict[str, tuple[str, Generator]] = {}
            for model, tiers in waiting.items():
                tier = self._tiers[model].next(tiers, weights)
                overcommit = self._policy.tiers[tier].overcommit if tier in self._policy.tiers else 0
                if oven := self._ovens.roomiest(model, overcommit, self._policy.silence):
                    turns[model] = tier, oven
            if not turns:
                break
            model = self._models.next_model(turns)
            shares, (tier, oven) = self._tiers[model], turns[model]
            record = self._records[self._classes[model, tier].line.take()]
            self._models.charge(model, record.size.work, 1)
            shares.charge(tier, record.size.work, weights.get(tier, 1))
            record.freed = not self._ovens.lease(oven.report.generator_id, record.size)
            self._move(
                record,
                State.RUNNING,
                attempts=record.shown.attempts + 1,
                generator_id=oven.report.generator_id,
                address=oven.report.address,
                expire_time=self._clock() + self._policy.lease,
            )
            self._moves.append(record.shown.id)
            granted.append(Grant(record.shown.id, model, tier, record.size.cost, oven.report.generator_id))
        return granted

    async def sweep(self, limit: int) -> Swept:
        now = self._clock()
        late = [
            record
            for record in self._records.values()
            if not record.shown.state.final and record.shown.expire_time <= now
        ]
        late.sort(key=lambda record: (record.shown.expire_time, record.shown.id))
        expired = failed = returned = 0
        for record in late[:limit]:
            if record.shown.state is not State.RUNNING:
                self._finish(record, State.REFUNDED, 0, RefundReason.EXPIRED)
                expired += 1
            elif self._give_back(record, self._policy.lease):
                returned += 1
            else:
                failed += 1
        self._ovens.forget()
        return Swept(expired, failed, returned)

    async def moves_since(self, cursor: str) -> tuple[str, list[str]]:
        start = int(cursor) if cursor else len(self._moves)
        page = self._moves[start : start + 1_000]
        return str(start + len(page)), page

    async def books(self) -> Books:
        return Books(**self._books)

    async def discrepancies(self) -> list[str]:
        live = [record for record in self._records.values() if not record.shown.state.final]
        wrong = [] if Books(**self._books).balanced else ["books do not balance"]
        wrong += recount(live, self._accounts, self._windows, self._classes, self._ovens.known)
        if self._books["live"] != len(live):
            wrong.append(f"books live: stored {self._books['live']}, counted {len(live)}")
        return wrong
