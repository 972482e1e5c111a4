"""The three peers as the walk sees them: plain values in, plain values out, `Fault` when not.

`grpc_quota`, `grpc_moderator` and `grpc_ovens` hold the real ones; tests hold small ones that keep the same
promises.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from services.edge.job import Account, Job, Place, Sent, State, Usage


class RefundReason(StrEnum):
    """Why a reservation was refunded."""

    PROMPT_REFUSED = "PROMPT_REFUSED"
    IMAGE_REFUSED = "IMAGE_REFUSED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Reservation:
    """The desk's record of a job."""

    id: str
    state: State
    charged: int = 0
    refund_reason: RefundReason | None = None
    voucher: str = ""
    """What the desk granted it by while its store was away; goes with every later call about the job."""


@dataclass(frozen=True)
class Turn:
    """The right to bake on one generator; `attempt` fences it."""

    address: str
    attempt: int


@dataclass(frozen=True)
class Ticket:
    """A place in line, the turn once it came, or the end."""

    state: State
    place: Place
    turn: Turn | None = None
    refund_reason: RefundReason | None = None


class Limit(NamedTuple):
    """One limit as it stands. `reset` is in Unix seconds; `unit` is pictures, work, jobs or seconds."""

    policy: str
    limit: int
    used: int
    held: int
    reset: float | None
    unit: str = "pictures"


@dataclass(frozen=True)
class Allowance:
    """What an account has left at the present surge level; `main` is the limit to show."""

    tier: str
    main: Limit
    live: Limit
    limits: Sequence[Limit] = ()
    level: str = "normal"


@dataclass(frozen=True)
class LineClass:
    """One class of one model's line. `wait` in seconds, None when no generator serves the model."""

    model: str
    tier: str
    waiting: int
    wait: float | None


@dataclass(frozen=True)
class Surge:
    """How far demand is above capacity: the level, since when (Unix seconds) and why, and the seconds of work that
    wait."""

    level: str = "normal"
    since: float | None = None
    cause: str = ""
    pinned: bool = False
    backlog: float = 0.0


@dataclass(frozen=True)
class LineState:
    """The public state of the line."""

    classes: Sequence[LineClass]
    ovens: int
    slots: int
    baking: int
    surge: Surge = field(default_factory=Surge)


@dataclass(frozen=True)
class Verdict:
    """The moderator's word. Scores are 0 to 1, to four decimals."""

    allowed: bool
    decision_id: str
    stage: str
    category: str
    words: Sequence[str]
    score: float = 0.0
    policy_version: str = ""
    appealable: bool = False
    text: str = ""
    """The verdict in a sentence, in the caller's language."""
    beyond: Sequence[str] = ()
    """Every category that refuses it."""
    scores: Mapping[str, float] = field(default_factory=dict)
    expires: float | None = None
    """Until when a refusal can be read back and questioned, in Unix seconds; None where it is not kept."""


@dataclass(frozen=True)
class StepDone:
    """A step of picture `index` was done."""

    index: int
    step: int
    steps: int


@dataclass(frozen=True)
class RoughPicture:
    """A preview, PNG."""

    index: int
    step: int
    png: bytes
    thumbnail: bytes = b""

    @property
    def screened(self) -> bytes:
        """What the moderator looks at."""
        return self.thumbnail or self.png


@dataclass(frozen=True)
class BakedPicture:
    """A finished picture, in the job's format, and a small one of it where it is large."""

    index: int
    seed: int
    data: bytes
    thumbnail: bytes = b""

    @property
    def screened(self) -> bytes:
        """What the moderator looks at."""
        return self.thumbnail or self.data


Baking = StepDone | RoughPicture | BakedPicture | Usage


class Quota(Protocol):
    """The desk."""

    async def authenticate(self, api_key: str) -> Account:
        """Who holds the key. Raises KEY_MISSING, KEY_UNKNOWN, KEY_REVOKED, KEY_EXPIRED."""
        ...

    async def reserve(self, job: Job, *, validate_only: bool = False) -> Reservation:
        """Holds the job's pictures. Raises ALLOWANCE_SPENT, TOO_MANY_LIVE_JOBS, LINE_FULL or
        REQUEST_ID_REUSED."""
        ...

    async def enqueue(self, job: Job) -> Ticket:
        """Takes a place in line."""
        ...

    def watch_ticket(self, job_id: str) -> AsyncIterator[Ticket]:
        """Updates until the turn comes or the reservation ends."""
        ...

    async def return_turn(self, job: Job, attempt: int, untried: bool) -> Reservation:
        """Gives a turn back uncharged; `untried` when the generator had no time for it."""
        ...

    async def release_slots(self, job: Job, attempt: int) -> None:
        """Frees the generator while the pictures are looked at."""
        ...

    async def extend(self, job_ids: Sequence[str]) -> Sequence[str]:
        """Keeps reservations alive; returns those that are not."""
        ...

    async def commit(self, job: Job, actual: int) -> Reservation:
        """Charges `actual` pictures."""
        ...

    async def refund(self, job: Job, reason: RefundReason) -> Reservation:
        """Charges nothing."""
        ...

    async def allowance(self, account: Account) -> Allowance:
        """What is left."""
        ...

    async def line(self) -> LineState:
        """The public state of the line."""
        ...


class Moderator(Protocol):
    """The taster."""

    async def screen_prompt(self, job: Job) -> Verdict:
        """Whether the prompt is fit to bake."""
        ...

    async def screen_image(self, job: Job, image: bytes) -> Verdict:
        """Whether a picture is fit to show, or to start from. PNG, JPEG or WebP."""
        ...


@dataclass(frozen=True)
class Appeal:
    """A refusal that its owner questions. Times are Unix seconds."""

    id: str
    decision_id: str
    state: str
    """ "open", "granted" or "denied"."""
    stage: str
    category: str
    score: float
    policy_version: str
    prompt: str
    note: str
    created: float
    decided: float | None
    notice: str
    """What the operator says."""
    credited: bool


@dataclass(frozen=True)
class Decision:
    """A refusal on record. Its verdict has neither words nor scores; `created` is in Unix seconds."""

    verdict: Verdict
    account_id: str
    job_id: str
    created: float


class Taster(Protocol):
    """The moderator, as accounts ask it beside their jobs."""

    async def look_at(self, account: Account, what: str | bytes, moderation: str) -> Verdict:
        """The verdict on a prompt or a picture that is of no job."""
        ...

    async def decision(self, decision_id: str) -> Decision:
        """A refusal on record, whoever's it is. Raises NOT_FOUND."""
        ...

    async def file_appeal(self, account: Account, decision_id: str, prompt: str, note: str) -> Appeal:
        """Questions a refusal of the account's own. Raises NOT_FOUND, NOT_APPEALABLE, LIMIT_REACHED."""
        ...

    async def appeal(self, account: Account, appeal_id: str) -> Appeal:
        """Raises NOT_FOUND."""
        ...

    async def appeals(self, account: Account, size: int, token: str) -> tuple[Sequence[Appeal], str]:
        """A page, newest first, and the token of the next."""
        ...


class Ovens(Protocol):
    """The generators."""

    def generate(self, job: Job, turn: Turn, sent: Sent) -> AsyncIterator[Baking]:
        """Bakes the job on the turn's generator, over what was sent with it if anything was. A stream that ends
        early raises UNAVAILABLE."""
        ...
