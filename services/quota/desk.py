"""Every call of the service, over a store: checks what comes in, asks the store, says what came of it.

Plain values in and out; `Fault` when not. The desk itself remembers nothing: any replica may answer any call.
"""

import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from services.quota import metrics
from services.quota.checks import (
    USUAL_LIFE,
    check_account,
    check_attempt,
    check_cost,
    check_id,
    check_ids,
    check_life,
    check_model,
    check_report,
    check_request,
    check_work,
)
from services.quota.journal import Journal
from services.quota.limits import Verdict
from services.quota.line import Size
from services.quota.outage import Outage
from services.quota.policy import Policy
from services.quota.reservation import RefundReason, Reservation, State
from services.quota.rounds import Rounds
from services.quota.store import Ask, Decision, LineState, Report, store_fault
from services.quota.stores import FullStore
from services.quota.surge import SurgeState, backlog
from services.quota.ticket import Ticket, read_ticket, wait_behind
from services.quota.view import View
from services.quota.voucher import Seal
from services.quota.wait import ClassState, Oven, Wait
from services.quota.watch import Watchers
from services.runtime.errors import Fault, Reason


@dataclass(frozen=True, slots=True)
class ClassView:
    """One class of one model's line; `wait` is that of a ticket taken now at its end."""

    model: str
    tier: str
    waiting: int
    waiting_cost: int
    waiting_work: int
    limit: int
    wait: Wait | None


class Desk:
    """The quota service without its wire. `pepper` seals vouchers; without a `journal` none are given."""

    def __init__(
        self, store: FullStore, policy: Policy, *, pepper: str = "", journal: Journal | None = None
    ) -> None:
        self._store = store
        self._policy = policy
        self.view = View(store, policy)
        self.watchers = Watchers(store, self.view)
        self.outage = Outage(store, policy, Seal(pepper or secrets.token_hex()), journal)
        self.rounds = Rounds(store, self.watchers, self.view, self.outage, replica=secrets.token_hex(8))

    def use(self, policy: Policy) -> None:
        """Decides by another policy from now on."""
        self._policy = policy
        self._store.use(policy)
        self.view.use(policy)
        self.outage.use(policy)

    @property
    def heartbeat_interval(self) -> float:
        """Seconds in which a generator reports again."""
        return self._policy.heartbeat

    async def reserve(
        self,
        id: str,
        account_id: str,
        cost: int,
        model: str,
        *,
        ttl: float | None = None,
        request_id: str = "",
        body_hash: str = "",
        validate_only: bool = False,
        work: int = 0,
        tier: str = "",
        voucher: str = "",
    ) -> Decision:
        """Holds `cost` pictures against every limit at once, or changes nothing. Idempotent by id. `tier` as in
        `Ask`. While the store is away, who is served through outages gets a voucher instead (`Outage`)."""
        check_request(request_id, body_hash)
        ask = Ask(
            check_id(id),
            check_account(account_id),
            check_cost(cost, self._policy.max_cost),
            check_model(model),
            check_life(ttl),
            check_work(work, cost),
            request_id,
            body_hash,
            validate_only,
            tier,
        )
        if voucher:
            return await self.outage.show(voucher, ask.id)
        try:
            level, waits = await self.view.level(), await self.view.waits(model)
            decision = await self._store.reserve(replace(ask, level=level, waits=waits))
        except Fault as fault:
            return await self.outage.grant(ask, fault)
        if decision.reservation and not decision.repeated:
            self.outage.saw(decision.reservation, decision.verdicts)
        metrics.DECISIONS.labels(_outcome(decision)).inc()
        for verdict in decision.verdicts:
            if verdict.binding and verdict.shadow:
                metrics.SHADOW_REFUSALS.labels(verdict.policy).inc()
        return decision

    async def enqueue(self, id: str, voucher: str = "") -> Ticket:
        """Takes a place in line; a job that has one, a turn or an end keeps it."""
        standing = await self.outage.either(
            voucher, check_id(id), lambda: self._store.enqueue(id, USUAL_LIFE), self.outage.turn
        )
        self.rounds.kick()
        # A turn says for itself where it stands.
        waits = standing.reservation.state in {State.HELD, State.QUEUED}
        line = await self.view.line() if waits else LineState((), ())
        return read_ticket(standing, line, self._policy.weights)

    def watch(self, id: str) -> AsyncGenerator[Ticket, None]:
        """Follows a ticket; see `Watchers.follow`."""
        return self.watchers.follow(check_id(id))

    async def return_turn(self, id: str, attempt: int, *, untried: bool = False, voucher: str = "") -> Reservation:
        """Gives a turn back uncharged; one that the generator had no time for does not count as an attempt."""
        turn = check_attempt(attempt)
        returned = await self.outage.either(
            voucher, check_id(id), lambda: self._store.return_turn(id, turn, USUAL_LIFE, untried=untried)
        )
        self.rounds.kick()
        return returned

    async def release_slots(self, id: str, attempt: int, voucher: str = "") -> None:
        """Frees a turn's slots while its pictures are looked at."""
        turn = check_attempt(attempt)
        await self.outage.either(
            voucher, check_id(id), lambda: self._store.release_slots(id, turn), self.outage.nothing
        )
        self.rounds.kick()

    async def extend(self, ids: Sequence[str], ttl: float | None) -> list[str]:
        """Keeps reservations alive; returns those that are not."""
        life = check_life(ttl)
        return await self._store.extend(check_ids(ids), life) if ids else []

    async def commit(self, id: str, actual: int, voucher: str = "") -> Reservation:
        """Charges `actual` pictures, unless something final came first."""
        cost = check_cost(actual, self._policy.max_cost, "actual")
        ended = await self.outage.either(
            voucher,
            check_id(id),
            lambda: self._store.commit(id, cost),
            lambda shown, fault: self.outage.commit(shown, cost, fault),
        )
        if ended.late:
            metrics.LATE_COMMITS.inc()
        return self._ended(ended)

    async def refund(self, id: str, reason: RefundReason, voucher: str = "") -> Reservation:
        """Charges nothing, unless something final came first."""
        ended = await self.outage.either(
            voucher,
            check_id(id),
            lambda: self._store.refund(id, reason),
            lambda shown, fault: self.outage.refund(shown, reason, fault),
        )
        return self._ended(ended)

    async def reservation(self, id: str) -> Reservation:
        """Reads one. Raises NOT_FOUND."""
        standing = (await self._store.standings([check_id(id)])).get(id)
        if standing is None:
            raise store_fault(Reason.NOT_FOUND, "id")
        return standing.reservation

    async def allowance(self, account_id: str, tier: str = "") -> tuple[str, Sequence[Verdict]]:
        """Tier and limits of an account; `tier` as in `Ask`. Raises NOT_FOUND."""
        return await self._store.allowance(check_account(account_id), await self.view.level(), tier)

    async def line(self) -> tuple[list[ClassView], Sequence[Oven], SurgeState, float]:
        """The public state: every tier's class of every model that is served or was waited for; the ovens; the
        surge level, and the seconds of the backlog that it follows."""
        line, state = await self.view.line(), await self.view.surge()
        waiting = {(one.model, one.tier): one for one in line.classes}
        models = {one.model for one in line.classes} | {model for oven in line.ovens for model in oven.models}
        views = []
        for model in sorted(models):
            for tier in self._policy.at(state.level).values():
                one = waiting.get((model, tier.name)) or ClassState(model, tier.name, 0, 0, 0)
                size = Size(one.waiting_cost, one.waiting_work)
                wait = wait_behind(size, model, tier.name, line, self._policy.weights)
                views.append(ClassView(model, tier.name, one.waiting, *size, tier.line, wait))
        return views, line.ovens, state, backlog(line.classes, line.ovens)

    async def heartbeat(
        self, generator_id: str, address: str, models: Sequence[str], slots: int, picture_time: float | None
    ) -> None:
        """A generator reports."""
        check_report(generator_id, address, models, slots, picture_time)
        report = Report(generator_id, address, tuple(models), slots, picture_time)
        self.outage.heard(report)
        await self._store.heartbeat(report)
        self.view.heard(generator_id)
        self.rounds.kick()

    def _ended(self, reservation: Reservation) -> Reservation:
        metrics.ENDED.labels(reservation.state).inc()
        self.rounds.kick()
        return reservation


def _outcome(decision: Decision) -> str:
    if decision.refusal:
        return decision.refusal.reason
    if decision.repeated:
        return "repeated"
    return "granted" if decision.reservation else "trial"
