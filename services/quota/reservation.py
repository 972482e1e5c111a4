"""The life of a reservation: one table that says who moves it and what a crash leaves behind.

    HELD ──> QUEUED ──> RUNNING ──> COMMITTED
      │        │  ^        │
      │        │  └────────┤ (turn returned or lease run out)
      └────────┴───────────┴──> REFUNDED(reason)

One id names the reservation, the ticket and the job. Exactly one of COMMITTED and REFUNDED is reached, once;
a second commit, refund or expiry changes nothing and is told what won.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a reservation stands."""

    HELD = "HELD"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMMITTED = "COMMITTED"
    REFUNDED = "REFUNDED"

    @property
    def final(self) -> bool:
        """Whether nothing moves it any more."""
        return self in {State.COMMITTED, State.REFUNDED}


class RefundReason(StrEnum):
    """Why nothing was charged."""

    PROMPT_REFUSED = "PROMPT_REFUSED"
    IMAGE_REFUSED = "IMAGE_REFUSED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Move:
    """One row of the table. `crash` is what the state *before* the move is left to when its mover dies."""

    source: State | None
    target: State
    by: str
    crash: str


TABLE: tuple[Move, ...] = (
    Move(None, State.HELD, "edge: Reserve", "nothing was held; the edge asks again with the same id"),
    Move(State.HELD, State.QUEUED, "edge: Enqueue", "another edge takes the job over, or it expires"),
    Move(State.HELD, State.RUNNING, "desk: a voucher of an outage", "whoever has the voucher shows it again"),
    Move(State.HELD, State.REFUNDED, "edge: Refund; desk: sweep", "the sweep of any replica expires it"),
    Move(State.QUEUED, State.RUNNING, "desk: grant", "the grant of any replica serves the same line"),
    Move(State.QUEUED, State.REFUNDED, "edge: Refund; desk: sweep", "its place stays until it expires"),
    Move(State.QUEUED, State.COMMITTED, "edge: Commit of a late turn", "the pictures are baked again"),
    Move(State.RUNNING, State.COMMITTED, "edge: Commit", "the lease runs out and it is baked again"),
    Move(State.RUNNING, State.REFUNDED, "edge: Refund; desk: last attempt", "the lease runs out"),
    Move(State.RUNNING, State.QUEUED, "edge: ReturnTurn; desk: sweep", "the lease runs out"),
)
"""QUEUED to COMMITTED needs at least one attempt: the lease ran out while the finished pictures were on their
way. They are delivered, so they are charged, once, and the place in line is given up."""


def may_move(source: State | None, target: State) -> bool:
    """Whether the table has such a row."""
    return any(move.source is source and move.target is target for move in TABLE)


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to bake on one generator. `attempt` counts from 1 and fences: an older one moves nothing."""

    generator_id: str
    address: str
    attempt: int
    expire_time: float
    """Unix seconds; the turn goes back to the line then unless extended."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reservation. Costs are pictures, times Unix seconds, work thousandths of a default picture."""

    id: str
    account_id: str
    tier: str
    model: str
    cost: int
    state: State
    expire_time: float
    charged: int = 0
    refund_reason: RefundReason | None = None
    attempts: int = 0
    generator_id: str = ""
    address: str = ""
    work: int = 1000
    late: bool = False
    """It was committed after its turn's lease had run out."""

    @property
    def turn(self) -> Turn | None:
        """Its turn while RUNNING."""
        if self.state is not State.RUNNING:
            return None
        return Turn(self.generator_id, self.address, self.attempts, self.expire_time)
