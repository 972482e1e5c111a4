"""The counter: what a caller can do, once, for gRPC and REST alike. The wire is the adapters' business."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

from services.edge.asking import Asked, body_hash, check_request_id, to_spec
from services.edge.catalogue import Catalogue
from services.edge.conductor import Conductor
from services.edge.diary import RedisDiary
from services.edge.event_tail import EventTail
from services.edge.held_calls import HeldCalls, call_name
from services.edge.iso_time import iso_time_if
from services.edge.job import Account, Event, Failure, Job, Place, Scope, Sent, State, is_job_id, new_job_id
from services.edge.links import APPEALS
from services.edge.masks import MaskReader
from services.edge.outbound import Reach, read_url
from services.edge.peers import Allowance, LineState, Quota, RefundReason
from services.edge.provenance import Provenance, Report
from services.edge.results import ObjectResults
from services.edge.walk import AlreadyAccepted
from services.edge.webhooks import signing_secret
from services.runtime import call_context
from services.runtime.errors import Fault, Reason, invalid

FIRST_ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Counter:
    """Everything behind the public surface of one edge. What takes an account may raise SCOPE_MISSING."""

    quota: Quota
    diary: RedisDiary
    conductor: Conductor
    tail: EventTail
    results: ObjectResults
    provenance: Provenance
    catalogue: Catalogue
    held: HeldCalls
    reach: Reach
    """Where a job's end may be told."""
    secret: bytes
    """The mesh's, of which an account's own for webhooks is made."""
    masks: MaskReader = field(default_factory=MaskReader)

    async def create(
        self,
        account: Account,
        asked: Asked,
        *,
        model: object,
        request_id: str | None,
        validate_only: bool,
        held: bool = False,
        again: bool = False,
    ) -> Job:
        """An accepted job with its place, or with `validate_only` what it would be, under no id. One that is
        `held` is given up soon after nobody holds a call open for it, unless a request id lets its caller come
        back.

        Raises the fault that refused it: a limit, the moderator, or a malformed field. An accepted job whose
        first answer is slow comes back HELD.
        """
        account.check(Scope.DRAW)
        facts = self.catalogue.pick(model)
        request_id = check_request_id(request_id)
        spec = to_spec(asked, facts)
        if asked.mask:
            await self.masks.look_into(asked.mask, spec, facts)
        job = Job(
            id=new_job_id(),
            account=account,
            spec=spec,
            created=time.time(),
            request_id=request_id,
            body_hash=body_hash(asked, facts.name) if request_id else "",
            again=again,
            language=call_context.language.get(),
            webhook_url=self._webhook(asked.webhook_url),
        )
        if validate_only:
            return await self._dry_run(job)
        sent = Sent(asked.image, asked.mask)

        def call() -> str:
            return call_name(account, body_hash(asked, facts.name))

        try:
            await self._start(job, sent, call if held and not request_id else None)
        except AlreadyAccepted as earlier:
            job = replace(job, id=earlier.job_id)
            if not await self.diary.knows(job.id):
                # Its edge died between the desk and the diary: this call walks it instead.
                await self._start(job, sent)
        job = await self.diary.read(job.id)
        if job.failure is not None:
            raise as_fault(job.failure)
        return job

    async def rejoin(self, account: Account, asked: Asked, *, model: object, counted: bool) -> Job | None:
        """The job of an earlier attempt at the same held call, if there is one (see `HeldCalls.claim`)."""
        account.check(Scope.DRAW)
        call = call_name(account, body_hash(asked, self.catalogue.pick(model).name))
        job_id = await self.held.claim(call, counted=counted)
        return await self._own(account, job_id) if job_id else None

    async def get(self, account: Account, job_id: str) -> Job:
        """A job of the caller's. Somebody else's is NOT_FOUND, like one that never was."""
        account.check(Scope.READ)
        return await self._own(account, job_id)

    async def list(self, account: Account, *, before: str, limit: int) -> Sequence[Job]:
        """Jobs older than the id `before`, newest first."""
        account.check(Scope.READ)
        return await self.diary.list(account.account_id, before=before, limit=limit)

    async def cancel(self, account: Account, job_id: str) -> Job:
        """Refunds a job that has not ended; an ended one is returned as it is."""
        account.check(Scope.DRAW)
        return await self._end(await self._own(account, job_id))

    async def give_up(self, job_id: str) -> None:
        """Cancels a job that nobody waits for."""
        await self._end(await self.diary.read(job_id))

    async def delete(self, account: Account, job_id: str) -> None:
        """Deletes an ended job, its events and its pictures. Raises INVALID_ARGUMENT for one that goes on."""
        account.check(Scope.DRAW)
        await self._delete(await self._own(account, job_id))

    async def forget(self, job_id: str) -> None:
        """The same when its time has come, as `due.Work`."""
        if job := await self.diary.find(job_id):
            await self._delete(job)

    async def watch(self, account: Account, job_id: str, *, after: str) -> AsyncIterator[Event | None]:
        """The job's events after the id `after`; None now and then while nothing happens."""
        await self.get(account, job_id)
        async for event in self.tail.follow(job_id, after=after):
            yield event

    async def picture(self, job_id: str, index: int) -> bytes:
        """A finished picture; the caller has shown its right to it."""
        if not is_job_id(job_id) or not 0 <= index < 100:
            raise Fault(Reason.NOT_FOUND, "no such picture")
        return await self.results.get(job_id, index)

    def webhook_secret(self, account: Account) -> str:
        """What webhooks to the account are signed with, in the form that Standard Webhooks' libraries take."""
        account.check(Scope.DRAW, Scope.READ)
        return signing_secret(self.secret, account.account_id)

    async def check_provenance(self, account: Account, data: bytes) -> Report:
        """What a picture, anybody's, says of where it comes from."""
        account.check(Scope.READ)
        return await self.provenance.check(data)

    async def allowance(self, account: Account) -> Allowance:
        """What the account has left."""
        account.check(Scope.READ)
        return await self.quota.allowance(account)

    async def line(self) -> LineState:
        """The public state of the line."""
        return await self.quota.line()

    async def _own(self, account: Account, job_id: str) -> Job:
        if not is_job_id(job_id):
            raise Fault(Reason.NOT_FOUND, "no such job")
        job = await self.diary.read(job_id)
        if job.account.account_id != account.account_id:
            raise Fault(Reason.NOT_FOUND, "no such job")
        return job

    async def _end(self, job: Job) -> Job:
        if job.state.final:
            return job
        reservation = await self.quota.refund(job, RefundReason.CANCELLED)
        if reservation.state is State.REFUNDED:
            await self.diary.failed(job, Failure(Reason.JOB_CANCELLED))
            self.conductor.stop_walking(job.id)
        return await self.diary.read(job.id)

    async def _delete(self, job: Job) -> None:
        """Pictures first: what is left half done is found again by its record."""
        if not job.state.final:
            raise invalid("id", "must be of a job that has ended")
        await self.results.delete(job.id)
        await self.diary.forget(job)

    def _webhook(self, url: object) -> str:
        if url is None or url == "":
            return ""
        read_url(url, "webhook_url", self.reach)
        return str(url)

    async def _start(self, job: Job, sent: Sent, call: Callable[[], str] | None = None) -> None:
        patience = call_context.remaining(FIRST_ANSWER_SECONDS)
        await self.conductor.start(job, patience=patience, sent=sent, call=call)

    async def _dry_run(self, job: Job) -> Job:
        await self.quota.reserve(job, validate_only=True)
        line = await self.quota.line()
        place = Place(0, None, None)
        for entry in line.classes:
            if (entry.model, entry.tier) == (job.spec.model, job.account.tier):
                low = None if entry.wait is None else entry.wait * 0.7
                high = None if entry.wait is None else entry.wait * 1.5
                place = Place(entry.waiting, low, high)
        return Job("", job.account, job.spec, job.created, place=place)


def as_fault(failure: Failure) -> Fault:
    """What a caller is told of a failed job."""
    if failure.refusal is None:
        return Fault(failure.reason, "the job ended without pictures and was refunded")
    refusal = failure.refusal
    return Fault(
        failure.reason,
        f"refused by the moderator ({refusal.stage}: {refusal.category})",
        stage=refusal.stage,
        category=refusal.category,
        decision_id=refusal.decision_id,
        words=", ".join(refusal.words),
        score=str(refusal.score),
        policy_version=refusal.policy_version,
        appealable=str(refusal.appealable).lower(),
        appeal_url=APPEALS if refusal.appealable else "",
        expire_time=iso_time_if(refusal.expires) or "",
    )
