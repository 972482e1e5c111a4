"""Reservations of the memory store and their moves: what each change of state does to lines, windows and books."""

from collections.abc import Callable
from dataclasses import asdict, replace

from services.quota.line import NOTHING, Shares
from services.quota.memory_office import MemoryOffice
from services.quota.memory_ovens import MemoryOvens
from services.quota.memory_records import Class, Record
from services.quota.policy import Policy
from services.quota.reservation import RefundReason, Reservation, State, may_move
from services.quota.store import Ask, Books, Standing, store_fault
from services.runtime.errors import Reason


class MemoryReservations(MemoryOffice):
    """The base of `MemoryStore`; `clock` gives Unix seconds."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        super().__init__(policy, clock)
        self._records: dict[str, Record] = {}
        self._requests: dict[tuple[str, str], tuple[str, str, float]] = {}
        self._classes: dict[tuple[str, str], Class] = {}
        self._tiers: dict[str, Shares] = {}
        self._ovens = MemoryOvens(clock)
        self._books: dict[str, int] = asdict(Books())
        self._moves: list[str] = []

    def _earlier(self, ask: Ask) -> Record | None:
        """The reservation that this ask got before."""
        record = self._look_up(ask.id)
        if record:
            shown = record.shown
            same = (ask.account_id, ask.cost, ask.work, ask.model)
            if (shown.account_id, shown.cost, shown.work, shown.model) != same:
                raise store_fault(Reason.REQUEST_ID_REUSED, "id")
            return record
        id, body_hash, until = self._requests.get((ask.account_id, ask.request_id), ("", "", 0.0))
        if not id or ask.owed or until <= self._clock():
            return None
        if body_hash != ask.body_hash:
            raise store_fault(Reason.REQUEST_ID_REUSED, "request_id")
        return self._look_up(id)

    def _look_up(self, id: str) -> Record | None:
        record = self._records.get(id)
        if record and record.gone_at is not None and record.gone_at <= self._clock():
            del self._records[id]
            return None
        return record

    def _find(self, id: str) -> Record:
        record = self._look_up(id)
        if record is None:
            raise store_fault(Reason.NOT_FOUND, "id")
        return record

    def _class(self, shown: Reservation) -> Class:
        return self._classes[shown.model, shown.tier]

    def _wake(self, shown: Reservation) -> None:
        """Before a ticket stands in an empty class, that class starts at its model's virtual time."""
        if not self._class(shown).line.tickets:
            self._tiers.setdefault(shown.model, Shares()).wake(shown.tier)

    def _standing(self, record: Record) -> Standing:
        shown, line = record.shown, self._class(record.shown).line
        place, ahead = line.place(shown.id) if shown.state is State.QUEUED else (0, NOTHING)
        return Standing(shown, place, ahead, line.returned)

    def _move(self, record: Record, target: State, **changes: object) -> None:
        assert may_move(record.shown.state, target), (record.shown, target)
        record.shown = replace(record.shown, state=target, **changes)  # type: ignore[arg-type]

    def _free(self, record: Record) -> None:
        if record.shown.state is State.RUNNING and not record.freed:
            record.freed = True
            self._ovens.release(record.shown.generator_id, record.size)

    def _give_back(self, record: Record, ttl: float) -> bool:
        """A turn ends undone: True when it went back to the head, False when it was the last and was refunded."""
        shown = record.shown
        if shown.attempts - record.untried >= self._policy.max_attempts:
            self._finish(record, State.REFUNDED, 0, RefundReason.FAILED)
            return False
        self._free(record)
        self._wake(shown)
        self._class(shown).line.rejoin(record.arrival, shown.id, shown.account_id, record.size, record.tag)
        self._move(record, State.QUEUED, expire_time=max(shown.expire_time, self._clock() + ttl))
        self._moves.append(shown.id)
        return True

    def _finish(self, record: Record, target: State, charged: int, reason: RefundReason | None) -> None:
        shown = record.shown
        self._free(record)
        one = self._class(shown)
        if shown.state is State.QUEUED:
            one.line.leave(shown.id)
            if shown.attempts == 0:
                for ticket, tag in one.line.forget(shown.account_id, record.tag, shown.work).items():
                    self._records[ticket].tag = tag
        if shown.state is State.HELD:
            one.held -= 1
        for name, number, amount in record.windows:
            counter = self._windows[shown.account_id, name, number]
            counter.held -= amount
            counter.used += -(-amount * charged // shown.cost)
        self._accounts[shown.account_id].live -= 1
        self._book("live", -1, -shown.cost)
        if target is State.COMMITTED:
            self._book("committed", 1, charged)
            self._book("refunded", 0, shown.cost - charged)
        else:
            self._book("expired" if reason is RefundReason.EXPIRED else "refunded", 1, shown.cost)
        self._move(record, target, charged=charged, refund_reason=reason)
        record.gone_at = self._clock() + self._policy.keep_final
        self._moves.append(shown.id)

    def _book(self, name: str, jobs: int, pictures: int) -> None:
        self._books[name] += jobs
        self._books[f"{name}_pictures"] += pictures
