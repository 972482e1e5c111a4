"""The desk on a simulated clock: the real store over the real policy, without a wire.

`MemoryStore` never waits inside a call, so each of its coroutines ends at its first step; `at_once` runs it to
there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from services.quota.checks import USUAL_LIFE
from services.quota.limits import Kind
from services.quota.memory_store import MemoryStore
from services.quota.office import Holder
from services.quota.policy import Policy, Tier
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.reservation import RefundReason, State
from services.quota.rounds import PAGE
from services.quota.store import Ask, Grant, Report, Swept
from services.runtime.errors import Reason

if TYPE_CHECKING:
    from bench.fleet.workload import Request

Result = TypeVar("Result")

EPOCH = 1_000_000_000.0
"""Unix seconds at which a run begins: 01:46 UTC, so that no daily window ends in it."""
FREE, PAID, PRO = "free", "paid", "pro"
PRO_WEIGHT = 8
BOUNDLESS = 10**9


def fleet_policy() -> Policy:
    """`policy.toml` with a third tier, twice the weight of `paid`. Daily allowances and bursts are lifted, as they
    end a run's demand before the line is seen; no tier overcommits, as slots are what is varied. Live jobs, lines,
    weights and times are as shipped at the level normal."""
    shipped = load_policy(BUNDLED)
    tiers = {**shipped.tiers, PRO: replace(shipped.tiers[PAID], name=PRO, weight=PRO_WEIGHT)}
    return replace(shipped, tiers={name: _without_limits(tier) for name, tier in tiers.items()}, levels=None)


def _without_limits(tier: Tier) -> Tier:
    windows = [replace(window, limit=BOUNDLESS) for window in tier.windows if window.kind is not Kind.BURST]
    return replace(tier, windows=tuple(windows), overcommit=0)


def at_once(call: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine that waits for nothing. Raises RuntimeError if it does wait, and what it raises."""
    try:
        call.send(None)
    except StopIteration as ended:
        result: Result = ended.value
        return result
    call.close()
    raise RuntimeError("the store waited")


class SimulatedDesk:
    """What edges and ovens ask of the desk. `clock` gives seconds since the run began."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self.policy = policy
        self._store = MemoryStore(policy, lambda: EPOCH + clock())

    def open_account(self, account: str, tier: str) -> None:
        """An account with a key."""
        at_once(self._store.create_key(account, Holder(account, tier, account, False), "bench"))

    def reserve(self, id: str, request: Request) -> Reason | None:
        """None when held, else which limit said no."""
        asked = Ask(id, request.account, request.cost, request.recipe.model, USUAL_LIFE, request.work)
        decision = at_once(self._store.reserve(asked))
        return decision.refusal.reason if decision.refusal else None

    def enqueue(self, id: str) -> None:
        """Takes a place in line."""
        at_once(self._store.enqueue(id, USUAL_LIFE))

    def grant(self) -> list[Grant]:
        """Every turn that can be handed out now."""
        granted: list[Grant] = []
        while page := at_once(self._store.grant(PAGE)):
            granted += page
        return granted

    def attempt(self, id: str) -> int:
        """Turns the job has had."""
        return at_once(self._store.standings([id]))[id].reservation.attempts

    def return_turn(self, id: str) -> bool:
        """Gives a turn back that the oven had no time for; False when the job was refunded."""
        returned = at_once(self._store.return_turn(id, self.attempt(id), USUAL_LIFE, untried=True))
        return returned.state is State.QUEUED

    def finish(self, id: str, cost: int) -> None:
        """Slots freed, then charged."""
        at_once(self._store.release_slots(id, self.attempt(id)))
        at_once(self._store.commit(id, cost))

    def cancel(self, id: str) -> None:
        """The owner left; nothing is charged."""
        at_once(self._store.refund(id, RefundReason.CANCELLED))

    def heartbeat(self, oven: str, models: Sequence[str], slots: int, picture_time: float | None) -> None:
        """An oven reports."""
        at_once(self._store.heartbeat(Report(oven, oven, tuple(models), slots, picture_time)))

    def keep(self, ids: Sequence[str]) -> Swept:
        """Edges extend what they walk, then the desk sweeps what nobody extended."""
        at_once(self._store.extend(ids, USUAL_LIFE))
        return at_once(self._store.sweep(PAGE))

    def discrepancies(self) -> list[str]:
        """The desk's own recount; empty when every counter is right."""
        return at_once(self._store.discrepancies())
