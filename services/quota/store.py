"""What the desk asks of its store, in plain values. Kept by `memory_store` and `redis_store`, held together by
one contract suite (tests/contract/test_quota_store*.py).

Every mutation is atomic over everything it touches and idempotent by id, so that it may be sent again when its
answer was lost. Time is the store's: `RedisStore` reads the clock of Redis inside each script, because replicas'
clocks may differ and leases must not; a test gives it a clock instead. Times are Unix seconds.

Every call may raise `Fault` UNAVAILABLE when the store does not answer; NOT_FOUND when an id or account is not
known is said where it applies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Protocol

from services.quota.limits import Refusal, Verdict
from services.quota.line import NOTHING, Size
from services.quota.reservation import RefundReason, Reservation
from services.quota.surge import Level
from services.quota.wait import ClassState, Oven
from services.runtime.errors import Fault, Reason

ATTENDANCE = 10.0
"""Seconds for which a replica counts after it was last heard of."""

MOST_UNTRIED = 60
"""Turns of a job that generators may refuse, about a second apart, before they count as attempts."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for pictures, and what the desk knows when it is asked: the surge level, and the seconds that a
    ticket of each tier would wait, where that is known."""

    id: str
    account_id: str
    cost: int
    model: str
    ttl: float
    work: int
    request_id: str = ""
    body_hash: str = ""
    validate_only: bool = False
    tier: str = ""
    """To be judged by, if it is no heavier than the account's own; any other is not heeded."""
    owed: bool = False
    """It was granted while the store was away: it is held whatever the limits say, and told by them."""
    level: Level = Level.NORMAL
    waits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Granted when there is a reservation, refused when there is a refusal; neither for a granted trial."""

    reservation: Reservation | None
    refusal: Refusal | None
    verdicts: Sequence[Verdict]
    repeated: bool = False
    """The id or the request id was seen before: nothing was held by this call."""
    level: Level = Level.NORMAL
    """The surge level it was decided at."""
    voucher: str = ""
    """Of what was granted while the store was away."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A reservation and, while QUEUED, its place. `returned` is how many turns came back to its class so far."""

    reservation: Reservation
    place: int = 0
    ahead: Size = NOTHING
    returned: int = 0


@dataclass(frozen=True, slots=True)
class LineState:
    """All classes that were ever waited in, and all generators that are alive."""

    classes: Sequence[ClassState]
    ovens: Sequence[Oven]


@dataclass(frozen=True, slots=True)
class Report:
    """A generator's heartbeat."""

    generator_id: str
    address: str
    models: tuple[str, ...]
    slots: int
    picture_time: float | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A turn that was just handed out."""

    id: str
    model: str
    tier: str
    cost: int
    generator_id: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did: reservations expired, failed after their last attempt, and put back to the head."""

    expired: int = 0
    failed: int = 0
    returned: int = 0

    @property
    def total(self) -> int:
        """Reservations moved."""
        return self.expired + self.failed + self.returned


@dataclass(frozen=True, slots=True)
class Books:
    """Reservations, and pictures (`*_pictures`), since the store began.

    issued = committed + refunded + expired + live, in both units, at every instant. A commit of fewer pictures
    than were held counts the rest as refunded pictures.
    """

    issued: int = 0
    committed: int = 0
    refunded: int = 0
    expired: int = 0
    live: int = 0
    issued_pictures: int = 0
    committed_pictures: int = 0
    refunded_pictures: int = 0
    expired_pictures: int = 0
    live_pictures: int = 0

    @property
    def balanced(self) -> bool:
        """Whether the equation holds."""
        return (
            self.issued == self.committed + self.refunded + self.expired + self.live
            and self.issued_pictures
            == self.committed_pictures + self.refunded_pictures + self.expired_pictures + self.live_pictures
        )


BOOK_FIELDS = tuple(field.name for field in fields(Books))


class Store(Protocol):
    """Everything durable of the desk."""

    async def reserve(self, ask: Ask) -> Decision:
        """Holds against every limit or changes nothing. A trial (`validate_only`) never changes anything.

        Raises NOT_FOUND for an unknown account, REQUEST_ID_REUSED for a request id with another body or an id
        with another content.
        """
        ...

    async def adopt(self, ask: Ask, generator_id: str, address: str) -> Reservation:
        """Holds what was granted while the store was away, past every limit if need be, as RUNNING on the
        generator that was given with it. One that is known keeps what it has. Raises NOT_FOUND for an unknown
        account, REQUEST_ID_REUSED for an id with another content."""
        ...

    async def attend(self, replica_id: str) -> int:
        """A replica of the desk lives: how many did, within the last `ATTENDANCE` seconds."""
        ...

    async def enqueue(self, id: str, ttl: float) -> Standing:
        """HELD to QUEUED, to live at least `ttl` from now; any other state is left alone. Raises NOT_FOUND."""
        ...

    async def return_turn(self, id: str, attempt: int, ttl: float, *, untried: bool = False) -> Reservation:
        """RUNNING to QUEUED at the head, or to REFUNDED after the last attempt; its generator gets no turn until
        it reports again. One that was `untried`, as the generator had no time for it, is no attempt, up to
        `MOST_UNTRIED` times. An old attempt changes nothing. Raises NOT_FOUND."""
        ...

    async def release_slots(self, id: str, attempt: int) -> None:
        """Frees the turn's slots, once. An old attempt changes nothing. Raises NOT_FOUND."""
        ...

    async def extend(self, ids: Sequence[str], ttl: float) -> list[str]:
        """Live reservations live at least `ttl` from now; returns the ids that are not live."""
        ...

    async def commit(self, id: str, actual: int) -> Reservation:
        """To COMMITTED unless final. Raises NOT_FOUND; WRONG_STATE when it never had a turn; INVALID_ARGUMENT
        when `actual` is more than was held."""
        ...

    async def refund(self, id: str, reason: RefundReason) -> Reservation:
        """To REFUNDED unless final. Raises NOT_FOUND."""
        ...

    async def standings(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Those that are known, at most 1,000 at a time."""
        ...

    async def allowance(self, account_id: str, level: Level, tier: str = "") -> tuple[str, Sequence[Verdict]]:
        """Tier and windows plus live jobs as they stand at a level; `tier` as in `Ask`. Raises NOT_FOUND."""
        ...

    async def line(self) -> LineState:
        """The whole line."""
        ...

    async def heartbeat(self, report: Report) -> None:
        """A generator lives. A new id at a known address ends the old one."""
        ...

    async def grant(self, limit: int) -> list[Grant]:
        """Hands out at most `limit` turns, while a generator with a free slot and a ticket for it exist."""
        ...

    async def sweep(self, limit: int) -> Swept:
        """Moves at most `limit` reservations whose time has run out, and forgets long dead generators."""
        ...

    async def moves_since(self, cursor: str) -> tuple[str, list[str]]:
        """Ids of tickets that got or lost a turn or ended since `cursor` ("" is now), oldest first, at most 1,000,
        and the next cursor. Of a reader that is too far behind, some may be missed."""
        ...

    async def books(self) -> Books:
        """The counters."""
        ...

    async def discrepancies(self) -> list[str]:
        """Recounts every counter from the reservations themselves, atomically; one sentence for each that is off.
        For tests and operators: it reads everything."""
        ...


_FAULT_TEXTS = {
    Reason.NOT_FOUND: "not known",
    Reason.REQUEST_ID_REUSED: "was used before for another request",
    Reason.WRONG_STATE: "the reservation never had a turn",
    Reason.INVALID_ARGUMENT: "more than was held",
    Reason.ACCOUNT_BANNED: "the account may not ask",
}


def store_fault(reason: Reason, subject: str) -> Fault:
    """What a store raises; `subject` is the field it is about, for WRONG_STATE the state."""
    text = _FAULT_TEXTS[reason]
    if reason is Reason.WRONG_STATE:
        return Fault(reason, text, state=subject)
    if reason is Reason.ACCOUNT_BANNED:
        return Fault(reason, text, detail=subject)
    return Fault(reason, f"{subject}: {text}", field=subject, detail=text)
