"""While the store is away: who pays keeps their access, from this replica's share, and the store is told later.

    Reserve ──> share has room? ──> voucher, journalled ──> the caller, who shows it with every later call
                      │ no                                         Commit, Refund ──> journal
                      └──> UNAVAILABLE, as for everybody else
    store is back ──> every line of the journal: held as owed, then ended as it ended

Nobody else is let in: a desk that cannot count does not open. Without a journal (`FOURNIL_JOURNAL`) nobody is.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from services.quota import metrics
from services.quota.checks import USUAL_LIFE
from services.quota.journal import Journal, Line
from services.quota.limits import Verdict
from services.quota.policy import Policy
from services.quota.reservation import RefundReason, Reservation, State
from services.quota.share import Share
from services.quota.store import Ask, Decision, Report, Standing
from services.quota.stores import FullStore
from services.quota.voucher import Seal, Voucher
from services.quota.wait import Oven
from services.runtime.errors import Fault, Reason

log = logging.getLogger("fournil.quota.outage")

Answer = TypeVar("Answer")
Without = Callable[[Voucher, Fault], Awaitable[Answer]]
"""Answers for a voucher what the store could not, or raises the fault that it raised."""

MOST_GIVEN = 100_000
"""Vouchers that are remembered, so that a call that is made again gets the same."""


class Outage:
    """Of one replica. `clock` gives Unix seconds, `steady` seconds that never go back."""

    def __init__(
        self,
        store: FullStore,
        policy: Policy,
        seal: Seal,
        journal: Journal | None,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._policy = policy
        self._seal = seal
        self.journal = journal
        self._clock = clock
        self._steady = steady
        self._given: dict[str, Voucher] = {}
        self.share = Share()
        self._count()

    def use(self, policy: Policy) -> None:
        """Another policy from now on."""
        self._policy = policy

    def saw(self, reservation: Reservation, verdicts: Sequence[Verdict]) -> None:
        """The store has granted this."""
        if self.journal and self._policy.tier(reservation.tier).through_outages:
            tier = reservation.tier
            self.share.saw(reservation.account_id, tier, verdicts, reservation.cost, reservation.work)

    def heard(self, report: Report) -> None:
        """A generator has reported, whether the store could be told or not."""
        oven = Oven(report.generator_id, report.address, report.models, report.slots, 0, report.picture_time)
        self.share.heard([oven], self._steady())

    def knows(self, ovens: Iterable[Oven], replicas: int) -> None:
        """The store tells which generators live, and how many replicas of the desk."""
        self.share.heard(ovens, self._steady())
        self.share.replicas = max(replicas, 1)

    async def show(self, text: str, id: str) -> Decision:
        """What a voucher stands for: the store's reservation or, while it is away, its own. Raises
        INVALID_ARGUMENT."""
        shown = self._seal.read(text, self._clock(), id)
        try:
            reservation = await self.adopt(shown)
        except Fault as fault:
            if fault.reason is not Reason.UNAVAILABLE:
                raise
            reservation = shown.reservation()
        return Decision(reservation, None, (), repeated=True, voucher=text)

    async def either(
        self, text: str, id: str, call: Callable[[], Awaitable[Answer]], without: Without[Answer] | None = None
    ) -> Answer:
        """The store's answer to a call about a reservation; what the store does not know of yet it learns from the
        voucher that came with the call (`text`, if any). While it is away, the answer `without` it. Raises
        INVALID_ARGUMENT for a wrong voucher."""
        shown = self._seal.read(text, self._clock(), id) if text else None
        try:
            return await (self._known(shown, call) if shown else call())
        except Fault as fault:
            if shown is None or without is None or fault.reason is not Reason.UNAVAILABLE:
                raise
            return await without(shown, fault)

    async def _known(self, shown: Voucher, call: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            return await call()
        except Fault as fault:
            if fault.reason is not Reason.NOT_FOUND:
                raise
        await self.adopt(shown)
        return await call()

    async def turn(self, voucher: Voucher, fault: Fault) -> Standing:
        """It has its turn."""
        return Standing(voucher.reservation())

    async def nothing(self, voucher: Voucher, fault: Fault) -> None:
        """There is nothing to note."""

    async def grant(self, ask: Ask, fault: Fault) -> Decision:
        """A reservation with its turn and its voucher, where the store raised `fault`. Raises it if there is
        none."""
        journal = self.journal
        if fault.reason is not Reason.UNAVAILABLE or journal is None or journal.full or ask.validate_only:
            raise fault
        if given := self._given.get(ask.id):
            return Decision(given.reservation(), None, (), voucher=self._seal.write(given))
        tier = self.share.tier(ask.account_id)
        if tier is None or not self._policy.judged_by(tier, ask.tier).through_outages:
            raise fault
        oven = self.share.take(ask.account_id, ask.model, ask.cost, ask.work, self._steady())
        if oven is None:
            raise fault
        voucher = Voucher(
            ask.id,
            ask.account_id,
            self._policy.judged_by(tier, ask.tier).name,
            ask.model,
            ask.cost,
            ask.work,
            ask.request_id,
            ask.body_hash,
            oven.generator_id,
            oven.address,
            self._clock(),
        )
        text = self._seal.write(voucher)
        await self._write(Line(text), fault)
        if len(self._given) >= MOST_GIVEN:
            self._given.clear()
        self._given[ask.id] = voucher
        metrics.VOUCHERS.labels("granted").inc()
        return Decision(voucher.reservation(), None, (), voucher=text)

    async def commit(self, voucher: Voucher, actual: int, fault: Fault) -> Reservation:
        """Charged later. Raises INVALID_ARGUMENT if more than was held; `fault` without a journal."""
        if actual > voucher.cost:
            raise Fault(Reason.INVALID_ARGUMENT, "actual: more than was held", field="actual")
        await self._write(Line(self._seal.write(voucher), committed=actual), fault)
        return voucher.reservation(State.COMMITTED, actual)

    async def refund(self, voucher: Voucher, reason: RefundReason, fault: Fault) -> Reservation:
        """Given back later. What the owner cancels has to wait for the store: whoever walks the job may end it
        otherwise at the same moment. Raises `fault`."""
        if reason is RefundReason.CANCELLED:
            raise fault
        await self._write(Line(self._seal.write(voucher), refunded=reason), fault)
        return replace(voucher.reservation(State.REFUNDED), refund_reason=reason)

    async def adopt(self, voucher: Voucher) -> Reservation:
        """Makes a reservation known to the store; again is nothing."""
        return await self._store.adopt(voucher.ask(USUAL_LIFE), voucher.generator_id, voucher.address)

    async def reconcile(self) -> int:
        """Tells the store of every line of the journal; how many. Raises UNAVAILABLE: all are told again."""
        lines = list(self.journal.lines) if self.journal else []
        for line in lines:
            try:
                await self._tell(line)
                metrics.VOUCHERS.labels("reconciled").inc()
            except Fault as fault:
                if fault.transient:
                    raise
                metrics.VOUCHERS.labels("lost").inc()
                log.error("journal line refused", extra={"reason": fault.reason, "fault": fault.message})
        if lines and self.journal:
            await self.journal.done(len(lines))
            self._given.clear()
            self._count()
            log.warning("journal reconciled", extra={"lines": len(lines)})
        return len(lines)

    async def _tell(self, line: Line) -> None:
        voucher = self._seal.read(line.voucher, self._clock())
        reservation = await self.adopt(voucher)
        if line.committed and not reservation.state.final:
            await self._store.commit(voucher.id, line.committed)
        elif line.refunded and not reservation.state.final:
            await self._store.refund(voucher.id, line.refunded)

    async def _write(self, line: Line, fault: Fault) -> None:
        if self.journal is None:
            raise fault
        try:
            await self.journal.write(line)
        except OSError as error:
            log.error("journal cannot be written", extra={"error": str(error)})
            raise fault from error
        self._count()

    def _count(self) -> None:
        metrics.JOURNAL.set(len(self.journal.lines) if self.journal else 0)
