"""A ticket as its watcher sees it, and when a new sight of it is worth telling. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.quota.line import Size
from services.quota.reservation import RefundReason, State, Turn
from services.quota.store import LineState, Standing
from services.quota.wait import Wait, capacity, expected_wait

NOTABLE_SHARE = 0.1
NOTABLE_SECONDS = 1.0
"""An ETA is told again when it moved by more than both, and counts down by itself meanwhile."""
NOTABLE_PLACE = 0.02
"""Share of a place by which it must have moved to be told again: the first fifty places are told at every step."""


class PlaceReason(StrEnum):
    """Why a place rose."""

    FAIR_SHARE = "FAIR_SHARE"
    RETURNED_JOB = "RETURNED_JOB"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in line, then a turn or an end. `returned` is the class's count of turns that came back."""

    id: str
    state: State
    place: int
    ahead: Size
    wait: Wait | None
    returned: int
    turn: Turn | None
    refund_reason: RefundReason | None
    place_reason: PlaceReason | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.state not in {State.HELD, State.QUEUED}


def read_ticket(
    standing: Standing, line: LineState, weights: Mapping[str, int], before: Ticket | None = None
) -> Ticket:
    """The ticket now; a place higher than `before` gets its reason."""
    reservation = standing.reservation
    wait = None
    if not reservation.state.final and reservation.state is not State.RUNNING:
        wait = wait_behind(standing.ahead, reservation.model, reservation.tier, line, weights)
    return Ticket(
        id=reservation.id,
        state=reservation.state,
        place=standing.place,
        ahead=standing.ahead,
        wait=wait,
        returned=standing.returned,
        turn=reservation.turn,
        refund_reason=reservation.refund_reason,
        place_reason=_why_it_rose(standing, before),
    )


def wait_behind(ahead: Size, model: str, tier: str, line: LineState, weights: Mapping[str, int]) -> Wait | None:
    """Expected wait behind so much of a class; None when no generator's speed is known."""
    busy = frozenset(one.model for one in line.classes if one.waiting)
    classes = [one for one in line.classes if one.model == model]
    overcommit = max((one.overcommit for one in classes if one.tier == tier), default=0)
    able = capacity(line.ovens, model, busy, overcommit)
    if able is None:
        return None
    return expected_wait(ahead, tier, classes, weights, able)


def differs(now: Ticket, shown: Ticket) -> bool:
    """Whether `now` says anything that `shown` did not."""
    if (now.state, now.turn, now.refund_reason) != (shown.state, shown.turn, shown.refund_reason):
        return True
    if abs(now.place - shown.place) > shown.place * NOTABLE_PLACE:
        return True
    if now.wait is None or shown.wait is None:
        return now.wait is not shown.wait
    return any(
        abs(new - old) >= max(NOTABLE_SECONDS, old * NOTABLE_SHARE)
        for new, old in ((now.wait.low, shown.wait.low), (now.wait.high, shown.wait.high))
    )


def _why_it_rose(standing: Standing, before: Ticket | None) -> PlaceReason | None:
    if before is None or before.state is not State.QUEUED or standing.reservation.state is not State.QUEUED:
        return None
    if standing.place <= before.place:
        return None
    return PlaceReason.RETURNED_JOB if standing.returned > before.returned else PlaceReason.FAIR_SHARE
