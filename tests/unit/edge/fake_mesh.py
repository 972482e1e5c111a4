"""A mesh in memory that keeps the peers' promises: idempotent by job id, one terminal state, fenced turns.

`crash_at` kills the walk at its n-th call (before or after the call took effect), as kill -9 of an edge would.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from services.edge.job import Account, Drawn, Failure, Job, Place, Sent, Spec, State, Usage
from services.edge.peers import (
    Allowance,
    BakedPicture,
    Baking,
    LineState,
    RefundReason,
    Reservation,
    RoughPicture,
    StepDone,
    Ticket,
    Turn,
    Verdict,
)
from services.edge.walk import Mesh
from services.runtime.errors import Fault, Reason

MOST_ATTEMPTS = 3


def a_job(
    prompt: str = "a crab next to a boat", count: int = 2, strength: float | None = None, masked: bool = False
) -> Job:
    """A job as the counter makes it."""
    spec = Spec(prompt, "tiny", count, 64, 64, seed=7, steps=4, previews=1, strength=strength, masked=masked)
    return Job("0" * 25 + "1", Account("anna", "free", "key-1"), spec, created=1_000.0)


@dataclass
class FakeMesh:
    """Implements every protocol of `peers` and `walk`."""

    refuse_words: str = "forbidden"
    bad_pictures: set[int] = field(default_factory=set)
    ovens_fail: int = 0
    ovens_full: int = 0
    untried: int = 0
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    crash_at: int = -1
    crash_after: bool = False

    calls: list[str] = field(default_factory=list)
    state: State | None = None
    reason: RefundReason | None = None
    charged: int = 0
    attempt: int = 0
    terminal_moves: int = 0
    accepted: bool = False
    events: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    failure: Failure | None = None
    drawn: Sequence[Drawn] = ()
    usage: Usage | None = None
    pictures: dict[int, bytes] = field(default_factory=dict)
    sources: dict[str, bytes] = field(default_factory=dict)
    masks: dict[str, bytes] = field(default_factory=dict)
    baked_over: list[Sent] = field(default_factory=list)
    large: bool = False
    """Whether pictures come with a thumbnail."""
    looked_at: list[bytes] = field(default_factory=list)
    duplicate_of: str = ""

    def mesh(self) -> Mesh:
        """Itself in every role."""
        return Mesh(self, self, self, self, self, self)

    @property
    def count(self) -> Counter[str]:
        """How often each call was made."""
        return Counter(self.calls)

    async def _call(self, name: str) -> None:
        number = len(self.calls)
        self.calls.append(name)
        if number == self.crash_at and not self.crash_after:
            raise asyncio.CancelledError
        if waiting := self.faults.get(name):
            raise waiting.pop(0)

    def _after(self) -> None:
        if len(self.calls) - 1 == self.crash_at and self.crash_after:
            raise asyncio.CancelledError

    def _end(self, state: State, reason: RefundReason | None, charged: int) -> None:
        if self.state is not None and not self.state.final:
            self.state, self.reason, self.charged = state, reason, charged
            self.terminal_moves += 1

    def _reservation(self, job_id: str) -> Reservation:
        assert self.state is not None
        return Reservation(job_id, self.state, self.charged, self.reason)

    async def authenticate(self, api_key: str) -> Account:
        raise Fault(Reason.KEY_UNKNOWN, "not asked in a walk")

    async def allowance(self, account: Account) -> Allowance:
        raise Fault(Reason.NOT_FOUND, "not asked in a walk")

    async def line(self) -> LineState:
        return LineState([], 0, 0, 0)

    async def extend(self, job_ids: Sequence[str]) -> Sequence[str]:
        return []

    async def reserve(self, job: Job, *, validate_only: bool = False) -> Reservation:
        await self._call("reserve")
        if self.duplicate_of:
            return Reservation(self.duplicate_of, State.QUEUED)
        self.state = self.state or State.HELD
        self._after()
        return self._reservation(job.id)

    async def enqueue(self, job: Job) -> Ticket:
        await self._call("enqueue")
        if self.state is State.HELD:
            self.state = State.QUEUED
        self._after()
        return self._ticket()

    async def watch_ticket(self, job_id: str) -> AsyncIterator[Ticket]:
        await self._call("watch_ticket")
        yield self._ticket()
        if self.state is State.QUEUED:
            self.state = State.RUNNING
            self.attempt += 1
        self._after()
        yield self._ticket()

    def _ticket(self) -> Ticket:
        assert self.state is not None
        turn = Turn("oven:1", self.attempt) if self.state is State.RUNNING else None
        return Ticket(self.state, Place(0, 1.0, 2.0), turn, self.reason)

    async def return_turn(self, job: Job, attempt: int, untried: bool) -> Reservation:
        await self._call("return_turn")
        if self.state is State.RUNNING and attempt == self.attempt:
            self.state = State.QUEUED
            self.untried += untried
            if attempt - self.untried >= MOST_ATTEMPTS:
                self._end(State.REFUNDED, RefundReason.FAILED, 0)
        self._after()
        return self._reservation(job.id)

    async def release_slots(self, job: Job, attempt: int) -> None:
        await self._call("release_slots")
        self._after()

    async def commit(self, job: Job, actual: int) -> Reservation:
        await self._call("commit")
        self._end(State.COMMITTED, None, actual)
        self._after()
        return self._reservation(job.id)

    async def refund(self, job: Job, reason: RefundReason) -> Reservation:
        await self._call("refund")
        self._end(State.REFUNDED, reason, 0)
        self._after()
        return self._reservation(job.id)

    async def screen_prompt(self, job: Job) -> Verdict:
        await self._call("screen_prompt")
        fit = self.refuse_words not in job.spec.prompt
        self._after()
        return Verdict(fit, "dec_1", "prompt", "" if fit else "violence", [] if fit else [self.refuse_words])

    async def screen_image(self, job: Job, image: bytes) -> Verdict:
        await self._call("screen_image")
        self.looked_at.append(image)
        fit = image[-1] not in self.bad_pictures
        self._after()
        return Verdict(fit, "dec_2", "image", "" if fit else "sexual", [])

    async def generate(self, job: Job, turn: Turn, sent: Sent) -> AsyncIterator[Baking]:
        await self._call("generate")
        self.baked_over.append(sent)
        if self.ovens_full > 0:
            self.ovens_full -= 1
            raise Fault(Reason.OVERLOADED, "the oven is full", retry_after=1.0)
        yield StepDone(0, 1, job.spec.steps)
        yield RoughPicture(0, 1, b"rough\x00")
        if self.ovens_fail > 0:
            self.ovens_fail -= 1
            raise Fault(Reason.UNAVAILABLE, "the oven died", peer="generator")
        for index in range(job.spec.count):
            small = b"small" + bytes([index]) if self.large else b""
            yield BakedPicture(index, job.spec.seed + index, b"picture" + bytes([index]), small)
        yield Usage(0.5, 20.0)
        self._after()

    async def accept(self, job: Job) -> None:
        await self._call("accept")
        self.accepted = True
        self._after()

    async def queued(self, job: Job, place: Place) -> None:
        await self._tell("queued")

    async def started(self, job: Job, attempt: int) -> None:
        await self._tell(f"started {attempt}")

    async def step(self, job: Job, step: StepDone) -> None:
        await self._tell("step")

    async def preview(self, job: Job, rough: RoughPicture) -> None:
        await self._tell("preview")

    async def completed(self, job: Job, drawn: Sequence[Drawn], charged: int, usage: Usage | None) -> None:
        await self._tell("completed")
        if not self.ended:
            self.ended.append("completed")
            self.drawn = drawn
            self.usage = usage
        self._after()

    async def failed(self, job: Job, failure: Failure) -> None:
        await self._tell("failed")
        if not self.ended:
            self.ended.append("failed")
            self.failure = failure
        self._after()

    async def _tell(self, event: str) -> None:
        await self._call(event.split(maxsplit=1)[0])
        self.events.append(event)

    async def mark(self, job: Job, data: bytes, source: bytes) -> bytes:
        await self._call("mark")
        self._after()
        return b"marked " + source + data

    async def put(self, job_id: str, index: int, data: bytes) -> None:
        await self._call("put")
        self.pictures[index] = data
        self._after()

    async def put_source(self, job_id: str, data: bytes) -> None:
        await self._call("put_source")
        self.sources[job_id] = data
        self._after()

    async def source(self, job_id: str) -> bytes:
        await self._call("source")
        return self.sources[job_id]

    async def put_mask(self, job_id: str, data: bytes) -> None:
        await self._call("put_mask")
        self.masks[job_id] = data
        self._after()

    async def mask(self, job_id: str) -> bytes:
        await self._call("mask")
        return self.masks[job_id]

    async def stored(self, job_id: str) -> Sequence[int]:
        await self._call("stored")
        return sorted(self.pictures)
