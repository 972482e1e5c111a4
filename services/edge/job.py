"""A job as plain values: what was asked, where it stands, what happened to it.

The states and who moves them are quota's (see `services/quota/reservation.py` and ARCHITECTURE.md); the
edge's record follows the reservation and never leads it.
"""

import base64
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from services.runtime.errors import Fault, Reason

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [left + right for left in _ALPHABET for right in _ALPHABET]
ID_LENGTH = 26


def new_job_id() -> str:
    """26 characters that sort by time: 48 bits of milliseconds, 80 random bits, in Crockford's base 32."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def is_job_id(text: str) -> bool:
    """Whether `text` could be a job id. Anything else is not looked up."""
    return len(text) == ID_LENGTH and all(character in _ALPHABET for character in text)


class State(StrEnum):
    """Where a job stands; the last two are final."""

    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    COMMITTED = "committed"
    REFUNDED = "refunded"

    @property
    def final(self) -> bool:
        """Whether nothing more can happen."""
        return self in {State.COMMITTED, State.REFUNDED}


class Scope(StrEnum):
    """What a key may do: make and cancel jobs; read jobs, pictures and the allowance."""

    DRAW = "draw"
    READ = "read"


@dataclass(frozen=True)
class Account:
    """Who asks. A key without scopes may do everything; a job's record keeps none."""

    account_id: str
    tier: str
    key_id: str
    scopes: Sequence[str] = ()

    def check(self, *scopes: Scope) -> None:
        """Raises Fault SCOPE_MISSING if the key lacks one."""
        for scope in scopes:
            if self.scopes and scope not in self.scopes:
                raise Fault(Reason.SCOPE_MISSING, f"this key lacks the scope '{scope}'", scope=scope)


class Format(StrEnum):
    """How finished pictures are encoded."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


@dataclass(frozen=True)
class Spec:
    """What was asked, validated and with every default filled in. (Those from `guidance` on are missing in records
    that are older than the fields.)"""

    prompt: str
    model: str
    count: int
    width: int
    height: int
    seed: int
    steps: int
    previews: int
    guidance: float | None = None
    negative_prompt: str | None = None
    strength: float | None = None
    """How much of the picture it starts from is drawn anew; None when it starts from none."""
    masked: bool = False
    """Whether a mask says where."""
    output_format: Format = Format.PNG
    quality: int = 90
    moderation: str = "auto"
    """How strictly the caller asked to be judged: "auto" or "low"."""
    work: int = 0
    """Of the whole job, in thousandths of a picture as the model draws it when nothing is asked; 0 in older
    records."""
    prompt_in_provenance: bool = False
    """Whether the finished pictures tell the prompt."""

    @property
    def size(self) -> str:
        """WIDTHxHEIGHT."""
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Sent:
    """What a job is drawn over: the encoded picture that it starts from, and the mask that says where; empty for
    none."""

    source: bytes = b""
    mask: bytes = b""


NOTHING = Sent()


@dataclass(frozen=True)
class Place:
    """A place in line. ETAs are seconds from now, None when no generator serves the model."""

    place: int
    eta_low: float | None = None
    eta_high: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Refusal:
    """The moderator's no."""

    decision_id: str
    stage: str
    category: str
    words: Sequence[str] = ()
    score: float = 0.0
    policy_version: str = ""
    appealable: bool = False
    expires: float | None = None
    """Until when it can be read back and questioned, in Unix seconds; None where it is not kept. These four are
    missing in records that are older than the fields."""


@dataclass(frozen=True)
class Failure:
    """Why a job ended without pictures."""

    reason: Reason
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Drawn:
    """One finished picture."""

    index: int
    seed: int


@dataclass(frozen=True)
class Usage:
    """What the turn that drew it took of its generator. Joules are None where its device cannot tell."""

    compute_seconds: float
    energy_joules: float | None = None


@dataclass(frozen=True)
class Job:
    """One job. Times are Unix seconds."""

    id: str
    account: Account
    spec: Spec
    created: float
    state: State = State.HELD
    request_id: str = ""
    body_hash: str = ""
    webhook_url: str = ""
    """Where its end is told; "" for nowhere."""
    voucher: str = ""
    """What the desk granted it by while its store was away."""
    call: str = ""
    """Under which a retry finds a job that lives as long as somebody holds a call open for it (`held_calls`); ""
    for one that lives by itself. Like `again` heeded when the job is accepted, and not read back."""
    again: bool = False
    """Its caller tried before, and the job of that attempt was not found."""
    language: str = "en"
    ended: float | None = None
    place: Place | None = None
    images: Sequence[Drawn] = ()
    failure: Failure | None = None
    charged: int = 0
    usage: Usage | None = None
    """None until it is drawn, and when the edge died that had been told."""
    attempt: int = 0

    def moved(self, state: State, **changes: Any) -> "Job":
        """The job in another state."""
        return replace(self, state=state, **changes)


@dataclass(frozen=True)
class Event:
    """One line of a job's log. `kind` is the SSE event name; `id` orders them and lets a reader resume."""

    id: str
    kind: str
    time: float
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def last(self) -> bool:
        """Whether nothing follows."""
        return self.kind in {"completed", "failed"}

    def preview_png(self) -> bytes:
        """The picture of a `preview` event."""
        return base64.b64decode(self.data["png"])
