"""The walk: one request, top to bottom.

Every step is idempotent by the job's id, so a job whose edge died is walked again from the top by another
edge and passes through what is already done. Before `diary.accept` nothing durable exists and a fault simply
goes to the caller; after it the job ends COMMITTED or REFUNDED, whatever dies in between. The reservation
leads, the diary follows: a job is completed in the diary only after the desk has charged it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, TypeVarTuple

from services.edge.job import NOTHING, Drawn, Failure, Job, Place, Refusal, Sent, State, Usage
from services.edge.peers import (
    BakedPicture,
    Moderator,
    Ovens,
    Quota,
    RefundReason,
    Reservation,
    RoughPicture,
    StepDone,
    Turn,
    Verdict,
)
from services.runtime.errors import Fault, Reason

log = logging.getLogger("fournil.walk")

PATIENCE = 600.0
"""Seconds a step is tried again while a peer is away. Longer than any restart; then the job is refunded."""

RAN_WELL = 10.0
"""Seconds after which a broken step counts as having run: longer than any unary deadline."""

Result = TypeVar("Result")
Args = TypeVarTuple("Args")

_WHY = {
    RefundReason.PROMPT_REFUSED: Reason.MODERATION_BLOCKED,
    RefundReason.IMAGE_REFUSED: Reason.MODERATION_BLOCKED,
    RefundReason.FAILED: Reason.JOB_FAILED,
    RefundReason.CANCELLED: Reason.JOB_CANCELLED,
    RefundReason.EXPIRED: Reason.JOB_EXPIRED,
}


class Diary(Protocol):
    """The durable record of a job and its events. Every call may be repeated."""

    async def accept(self, job: Job) -> None:
        """Makes the job durable; from here another edge can take it over."""
        ...

    async def queued(self, job: Job, place: Place) -> None: ...

    async def started(self, job: Job, attempt: int) -> None: ...

    async def step(self, job: Job, step: StepDone) -> None: ...

    async def preview(self, job: Job, rough: RoughPicture) -> None: ...

    async def completed(self, job: Job, drawn: Sequence[Drawn], charged: int, usage: Usage | None) -> None: ...

    async def failed(self, job: Job, failure: Failure) -> None: ...


class Results(Protocol):
    """Where pictures are kept."""

    async def put(self, job_id: str, index: int, data: bytes) -> None: ...

    async def put_source(self, job_id: str, data: bytes) -> None:
        """Keeps the picture that the job starts from."""
        ...

    async def source(self, job_id: str) -> bytes:
        """Reads it."""
        ...

    async def put_mask(self, job_id: str, data: bytes) -> None:
        """Keeps the mask that says where it is drawn anew."""
        ...

    async def mask(self, job_id: str) -> bytes:
        """Reads it."""
        ...

    async def stored(self, job_id: str) -> Sequence[int]:
        """Indices of the pictures that are kept."""
        ...


class Provenance(Protocol):
    """What a picture says of where it comes from."""

    async def mark(self, job: Job, data: bytes, source: bytes) -> bytes:
        """The finished picture with its credentials; `source` is what it was drawn over, or empty."""
        ...


@dataclass(frozen=True)
class Mesh:
    """Everything a walk needs."""

    quota: Quota
    moderator: Moderator
    ovens: Ovens
    diary: Diary
    results: Results
    provenance: Provenance


class AlreadyAccepted(Exception):
    """The request id was seen before: `job_id` is the answer."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class _Refused(Exception):
    def __init__(self, verdict: Verdict, reason: RefundReason) -> None:
        super().__init__(verdict.decision_id)
        self.verdict = verdict
        self.reason = reason


class _Ended(Exception):
    """The desk says the reservation is final already."""

    def __init__(self, reservation: Reservation) -> None:
        super().__init__(reservation.state)
        self.reservation = reservation


async def walk(job: Job, mesh: Mesh, sent: Sent = NOTHING, held: Reservation | None = None) -> None:
    """Takes `job` from the desk to its pictures. Raises only before the job was accepted. `sent` came with a new
    job; one that is walked again has it in the store. `held` is what the desk said where it was asked already."""
    if held is None:
        held = await mesh.quota.reserve(job)
    if held.id != job.id:
        raise AlreadyAccepted(held.id)
    if held.voucher:
        job = replace(job, voucher=held.voucher)
    await _keep(job, sent, mesh)
    del sent  # a walk may take hours
    await mesh.diary.accept(job)
    try:
        if held.state.final:
            raise _Ended(held)
        await _screen_order(job, mesh)

        while True:
            turn = await patiently(_wait_for_turn, job, mesh)
            await patiently(mesh.diary.started, job, turn.attempt)
            try:
                baked, usage = await _bake(job, turn, mesh)
                break
            except Fault as fault:
                lost = {"job": job.id, "attempt": turn.attempt, "reason": fault.reason}
                log.warning("turn lost", extra=lost)
                await _give_back(job, turn, mesh, untried=fault.reason is Reason.OVERLOADED)

        await patiently(mesh.quota.release_slots, job, turn.attempt)
        fit = await _screen_pictures(job, baked, mesh)
        source = await _source(job, mesh)
        for picture in fit:
            marked = await mesh.provenance.mark(job, picture.data, source)
            await patiently(mesh.results.put, job.id, picture.index, marked)

        charged = await patiently(mesh.quota.commit, job, len(fit))
        if charged.state is not State.COMMITTED:
            raise _Ended(charged)
        drawn = [Drawn(picture.index, picture.seed) for picture in fit]
        await patiently(mesh.diary.completed, job, drawn, charged.charged, usage)
    except _Refused as refused:
        await _end_refused(job, refused, mesh)
    except _Ended as ended:
        await _end_as_the_desk_says(job, ended.reservation, mesh)
    except Exception:
        log.exception("walk failed", extra={"job": job.id})
        await _end_failed(job, mesh)


async def _keep(job: Job, sent: Sent, mesh: Mesh) -> None:
    """Brings what was sent with a new job to the store."""
    if sent.source:
        await mesh.results.put_source(job.id, sent.source)
    if sent.mask:
        await mesh.results.put_mask(job.id, sent.mask)


async def _screen_order(job: Job, mesh: Mesh) -> None:
    """The prompt, and what was sent with it: the picture that the job starts from, and its mask. Raises
    `_Refused`."""
    verdict = await patiently(mesh.moderator.screen_prompt, job)
    if not verdict.allowed:
        raise _Refused(verdict, RefundReason.PROMPT_REFUSED)
    sent = await _sent(job, mesh)
    for picture in filter(None, (sent.source, sent.mask)):
        verdict = await patiently(mesh.moderator.screen_image, job, picture)
        if not verdict.allowed:
            raise _Refused(verdict, RefundReason.IMAGE_REFUSED)


async def _sent(job: Job, mesh: Mesh) -> Sent:
    """What was sent with the job, from the store."""
    mask = await patiently(mesh.results.mask, job.id) if job.spec.masked else b""
    return Sent(await _source(job, mesh), mask)


async def _source(job: Job, mesh: Mesh) -> bytes:
    """The picture that the job starts from, or nothing."""
    return b"" if job.spec.strength is None else await patiently(mesh.results.source, job.id)


async def _wait_for_turn(job: Job, mesh: Mesh) -> Turn:
    """Takes a place, reports how it moves, returns with the turn."""
    ticket = await mesh.quota.enqueue(job)
    if ticket.state is State.QUEUED:
        await mesh.diary.queued(job, ticket.place)
    if ticket.state is State.QUEUED or (ticket.state is State.RUNNING and ticket.turn is None):
        last = ticket.place
        async for ticket in mesh.quota.watch_ticket(job.id):
            if ticket.state is not State.QUEUED:
                break
            if ticket.place != last:
                last = ticket.place
                await mesh.diary.queued(job, last)
    if ticket.state.final:
        raise _Ended(Reservation(job.id, ticket.state, refund_reason=ticket.refund_reason))
    if ticket.turn is None:
        raise Fault(Reason.UNAVAILABLE, "the desk closed the ticket's stream early", peer="quota")
    return ticket.turn


async def _bake(job: Job, turn: Turn, mesh: Mesh) -> tuple[Sequence[BakedPicture], Usage | None]:
    """Every picture of the job, and what they took. Raises Fault when the generator was lost or failed."""
    baked: dict[int, BakedPicture] = {}
    usage: Usage | None = None
    async for event in mesh.ovens.generate(job, turn, await _sent(job, mesh)):
        if isinstance(event, BakedPicture):
            baked[event.index] = event
        elif isinstance(event, Usage):
            usage = event
        else:
            await _show_progress(job, event, mesh)
    if len(baked) != job.spec.count:
        raise Fault(Reason.INTERNAL, f"{len(baked)} pictures of {job.spec.count} came back", peer="generator")
    return [baked[index] for index in sorted(baked)], usage


async def _show_progress(job: Job, event: StepDone | RoughPicture, mesh: Mesh) -> None:
    """Steps and previews are a courtesy: when the diary or the moderator is away they are left out, and the
    baking goes on. A preview is shown only after the moderator has passed it."""
    try:
        if isinstance(event, StepDone):
            await mesh.diary.step(job, event)
        elif (await mesh.moderator.screen_image(job, event.screened)).allowed:
            await mesh.diary.preview(job, event)
    except Fault as fault:
        log.info("progress left out", extra={"job": job.id, "reason": fault.reason})


async def _give_back(job: Job, turn: Turn, mesh: Mesh, *, untried: bool) -> None:
    """Back to the head of the line, uncharged; after the last attempt the desk refunds instead."""
    reservation = await patiently(mesh.quota.return_turn, job, turn.attempt, untried)
    if reservation.state.final:
        raise _Ended(reservation)


async def _screen_pictures(job: Job, baked: Sequence[BakedPicture], mesh: Mesh) -> Sequence[BakedPicture]:
    """The pictures that are fit to show; raises when none is."""
    fit: list[BakedPicture] = []
    refused: Verdict | None = None
    for picture in baked:
        verdict = await patiently(mesh.moderator.screen_image, job, picture.screened)
        if verdict.allowed:
            fit.append(picture)
        else:
            refused = verdict
    if refused is not None and not fit:
        raise _Refused(refused, RefundReason.IMAGE_REFUSED)
    return fit


async def _end_refused(job: Job, refused: _Refused, mesh: Mesh) -> None:
    reservation = await patiently(mesh.quota.refund, job, refused.reason)
    if reservation.refund_reason is not refused.reason:
        await _end_as_the_desk_says(job, reservation, mesh)
        return
    await patiently(mesh.diary.failed, job, _refusal(refused.verdict))


async def _end_as_the_desk_says(job: Job, reservation: Reservation, mesh: Mesh) -> None:
    """Brings the diary to where the reservation is: an edge died between the two, or the owner cancelled."""
    if reservation.state is State.COMMITTED:
        stored = await patiently(mesh.results.stored, job.id)
        drawn = [Drawn(index, (job.spec.seed + index) % 2**32) for index in stored]
        await patiently(mesh.diary.completed, job, drawn, reservation.charged, None)
        return
    failure = Failure(_WHY.get(reservation.refund_reason or RefundReason.FAILED, Reason.JOB_FAILED))
    if reservation.refund_reason is RefundReason.PROMPT_REFUSED:
        # Verdicts are deterministic: asking again tells what the lost edge was told, unless an appeal or another
        # policy has settled otherwise in the meantime; then the category is empty.
        failure = _refusal(await patiently(mesh.moderator.screen_prompt, job))
    await patiently(mesh.diary.failed, job, failure)


async def _end_failed(job: Job, mesh: Mesh) -> None:
    """The last resort. If even this fails the reservation expires by itself, refunded."""
    try:
        reservation = await patiently(mesh.quota.refund, job, RefundReason.FAILED)
        await _end_as_the_desk_says(job, reservation, mesh)
    except Exception:
        log.exception("refund failed; the reservation will expire", extra={"job": job.id})


def _refusal(verdict: Verdict) -> Failure:
    refusal = Refusal(
        verdict.decision_id,
        verdict.stage,
        verdict.category,
        verdict.words,
        verdict.score,
        verdict.policy_version,
        verdict.appealable,
        verdict.expires,
    )
    return Failure(Reason.MODERATION_BLOCKED, refusal)


async def patiently(step: Callable[[*Args], Awaitable[Result]], *args: *Args) -> Result:
    """Awaits `step(*args)`, again with growing pauses (0.1 to 2 s) while a peer is away.

    Gives up when the peer was away for `PATIENCE` on end; a step that ran well before it broke (a ticket
    watched for an hour) starts the count anew.
    """
    pause, away_since = 0.1, time.monotonic()
    while True:
        begun = time.monotonic()
        try:
            return await step(*args)
        except Fault as fault:
            if time.monotonic() - begun > RAN_WELL:
                pause, away_since = 0.1, time.monotonic()
            if not fault.transient or time.monotonic() - away_since > PATIENCE:
                raise
            log.info("peer away; trying again", extra={"reason": fault.reason, "pause": pause})
        await asyncio.sleep(pause)
        pause = min(pause * 2, 2.0)
