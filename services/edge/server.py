"""The public API over gRPC: messages to plain values and back, nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf import duration_pb2, timestamp_pb2

from fournil.edge.v1 import edge_pb2, edge_pb2_grpc
from services.edge.asking import Asked
from services.edge.authenticator import Authenticator
from services.edge.counter import Counter
from services.edge.job import Account, Event, Failure, Job, Place, State, Usage
from services.edge.job_codec import unpack_failure
from services.edge.links import Links
from services.edge.messages import failure_text
from services.edge.moderation_counter import ModerationCounter
from services.edge.peers import Appeal, Decision
from services.runtime import call_context
from services.runtime.errors import invalid
from services.runtime.pictures import media_type

Context = grpc.aio.ServicerContext[Any, Any]

_STATES = {
    State.HELD: edge_pb2.JOB_STATE_HELD,
    State.QUEUED: edge_pb2.JOB_STATE_QUEUED,
    State.RUNNING: edge_pb2.JOB_STATE_RUNNING,
    State.COMMITTED: edge_pb2.JOB_STATE_COMMITTED,
    State.REFUNDED: edge_pb2.JOB_STATE_REFUNDED,
}


class ImageService(edge_pb2_grpc.ImageServiceServicer):
    """fournil.edge.v1.ImageService."""

    def __init__(
        self, counter: Counter, moderation: ModerationCounter, authenticator: Authenticator, links: Links
    ) -> None:
        self._counter = counter
        self._moderation = moderation
        self._authenticator = authenticator
        self._links = links

    async def CreateJob(self, request: edge_pb2.CreateJobRequest, context: Context) -> edge_pb2.CreateJobResponse:
        account = await self._account(context)
        asked = Asked(
            prompt=request.prompt,
            count=request.count or None,
            size=request.size,
            seed=request.seed if request.HasField("seed") else None,
            steps=request.steps if request.HasField("steps") else None,
            previews=request.previews if request.HasField("previews") else None,
            guidance=_single(request.guidance) if request.HasField("guidance") else None,
            negative_prompt=request.negative_prompt,
            strength=_single(request.strength) if request.HasField("strength") else None,
            output_format=request.output_format,
            output_compression=request.output_compression if request.HasField("output_compression") else None,
            moderation=request.moderation or None,
            prompt_in_provenance=request.prompt_in_provenance or None,
            webhook_url=request.webhook_url,
            image=request.image,
            mask=request.mask,
        )
        job = await self._counter.create(
            account,
            asked,
            model=request.model,
            request_id=request.request_id,
            validate_only=request.validate_only,
        )
        return edge_pb2.CreateJobResponse(job=self._job(job))

    async def GetJob(self, request: edge_pb2.GetJobRequest, context: Context) -> edge_pb2.GetJobResponse:
        job = await self._counter.get(await self._account(context), request.id)
        return edge_pb2.GetJobResponse(job=self._job(job))

    async def ListJobs(self, request: edge_pb2.ListJobsRequest, context: Context) -> edge_pb2.ListJobsResponse:
        account = await self._account(context)
        size = request.page_size or 20
        if not 1 <= size <= 100:
            raise invalid("page_size", "must be 1 to 100")
        jobs = await self._counter.list(account, before=request.page_token, limit=size)
        token = jobs[-1].id if len(jobs) == size else ""
        return edge_pb2.ListJobsResponse(jobs=[self._job(job) for job in jobs], next_page_token=token)

    async def CancelJob(self, request: edge_pb2.CancelJobRequest, context: Context) -> edge_pb2.CancelJobResponse:
        job = await self._counter.cancel(await self._account(context), request.id)
        return edge_pb2.CancelJobResponse(job=self._job(job))

    async def DeleteJob(self, request: edge_pb2.DeleteJobRequest, context: Context) -> edge_pb2.DeleteJobResponse:
        await self._counter.delete(await self._account(context), request.id)
        return edge_pb2.DeleteJobResponse()

    async def GetWebhookSecret(
        self, request: edge_pb2.GetWebhookSecretRequest, context: Context
    ) -> edge_pb2.GetWebhookSecretResponse:
        secret = self._counter.webhook_secret(await self._account(context))
        return edge_pb2.GetWebhookSecretResponse(secret=secret)

    async def WatchJob(
        self, request: edge_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[edge_pb2.WatchJobResponse]:
        account = await self._account(context)
        async for event in self._counter.watch(account, request.id, after=request.after_event_id):
            if event is not None:
                yield await self._event(account, request.id, event)

    async def GetImage(self, request: edge_pb2.GetImageRequest, context: Context) -> edge_pb2.GetImageResponse:
        job = await self._counter.get(await self._account(context), request.id)
        data = await self._counter.picture(job.id, request.index)
        return edge_pb2.GetImageResponse(data=data, media_type=media_type(data))

    async def GetAllowance(
        self, request: edge_pb2.GetAllowanceRequest, context: Context
    ) -> edge_pb2.GetAllowanceResponse:
        account = await self._account(context)
        allowance = await self._counter.allowance(account)
        daily, live = allowance.main, allowance.live
        return edge_pb2.GetAllowanceResponse(
            account_id=account.account_id,
            tier=allowance.tier,
            limit=daily.limit,
            used=daily.used,
            held=daily.held,
            reset_time=None if daily.reset is None else _timestamp(daily.reset),
            live_limit=live.limit,
            live=live.held,
            level=allowance.level,
            limits=[
                edge_pb2.Limit(
                    policy=one.policy,
                    limit=one.limit,
                    used=one.used,
                    held=one.held,
                    reset_time=None if one.reset is None else _timestamp(one.reset),
                    unit=one.unit,
                )
                for one in allowance.limits
            ],
        )

    async def GetQueue(self, request: edge_pb2.GetQueueRequest, context: Context) -> edge_pb2.GetQueueResponse:
        line = await self._counter.line()
        classes = [
            edge_pb2.QueueClass(
                model=entry.model, tier=entry.tier, waiting=entry.waiting, wait=_duration(entry.wait)
            )
            for entry in line.classes
        ]
        surge = edge_pb2.Surge(
            level=line.surge.level,
            since=None if line.surge.since is None else _timestamp(line.surge.since),
            cause=line.surge.cause,
            pinned=line.surge.pinned,
            backlog=_duration(line.surge.backlog),
        )
        return edge_pb2.GetQueueResponse(
            classes=classes, ovens=line.ovens, slots=line.slots, baking=line.baking, surge=surge
        )

    async def CheckProvenance(
        self, request: edge_pb2.CheckProvenanceRequest, context: Context
    ) -> edge_pb2.CheckProvenanceResponse:
        report = await self._counter.check_provenance(await self._account(context), request.image)
        return edge_pb2.CheckProvenanceResponse(**vars(report))

    async def ListModels(
        self, request: edge_pb2.ListModelsRequest, context: Context
    ) -> edge_pb2.ListModelsResponse:
        models = [edge_pb2.Model(**vars(model)) for model in self._counter.catalogue.known.values()]
        return edge_pb2.ListModelsResponse(models=models)

    async def GetDecision(
        self, request: edge_pb2.GetDecisionRequest, context: Context
    ) -> edge_pb2.GetDecisionResponse:
        found = await self._moderation.decision(await self._account(context), request.decision_id)
        return edge_pb2.GetDecisionResponse(decision=_decision(found))

    async def FileAppeal(
        self, request: edge_pb2.FileAppealRequest, context: Context
    ) -> edge_pb2.FileAppealResponse:
        account = await self._account(context)
        appeal = await self._moderation.file(account, request.decision_id, request.note, request.prompt)
        return edge_pb2.FileAppealResponse(appeal=_appeal(appeal))

    async def GetAppeal(self, request: edge_pb2.GetAppealRequest, context: Context) -> edge_pb2.GetAppealResponse:
        appeal = await self._moderation.get(await self._account(context), request.appeal_id)
        return edge_pb2.GetAppealResponse(appeal=_appeal(appeal))

    async def ListAppeals(
        self, request: edge_pb2.ListAppealsRequest, context: Context
    ) -> edge_pb2.ListAppealsResponse:
        account = await self._account(context)
        appeals, token = await self._moderation.list(account, size=request.page_size, token=request.page_token)
        return edge_pb2.ListAppealsResponse(appeals=[_appeal(one) for one in appeals], next_page_token=token)

    async def _account(self, context: Context) -> Account:
        metadata = dict(context.invocation_metadata() or ())
        authorization = metadata.get("authorization")
        return await self._authenticator.account(authorization if isinstance(authorization, str) else None)

    def _job(self, job: Job) -> edge_pb2.Job:
        message = edge_pb2.Job(
            id=job.id,
            state=_STATES[job.state],
            prompt=job.spec.prompt,
            model=job.spec.model,
            count=job.spec.count,
            size=job.spec.size,
            seed=job.spec.seed,
            steps=job.spec.steps,
            create_time=_timestamp(job.created),
            end_time=None if job.ended is None else _timestamp(job.ended),
            images=[self._image(job.id, drawn.index, drawn.seed) for drawn in job.images],
            charged=job.charged,
            guidance=job.spec.guidance,
            negative_prompt=job.spec.negative_prompt,
            strength=job.spec.strength,
            masked=job.spec.masked,
            output_format=job.spec.output_format,
            moderation=job.spec.moderation,
        )
        if job.place is not None and not job.state.final and job.state is not State.RUNNING:
            message.place.CopyFrom(_place(job.place))
        if job.usage is not None:
            message.usage.CopyFrom(_usage(job.usage))
        if job.failure is not None:
            message.failure.CopyFrom(_failure(job.failure))
        return message

    def _image(self, job_id: str, index: int, seed: int) -> edge_pb2.Image:
        return edge_pb2.Image(index=index, seed=seed, url=self._links.path(job_id, index))

    async def _event(self, account: Account, job_id: str, event: Event) -> edge_pb2.WatchJobResponse:
        message = edge_pb2.WatchJobResponse(event_id=event.id, time=_timestamp(event.time))
        data = event.data
        match event.kind:
            case "queued":
                message.queued.CopyFrom(_place(Place(**data)))
            case "started":
                message.started.attempt = data["attempt"]
            case "step":
                message.step.CopyFrom(edge_pb2.Step(**data))
            case "preview":
                png = event.preview_png()
                message.preview.CopyFrom(edge_pb2.Preview(index=data["index"], step=data["step"], png=png))
            case "image":
                message.image.CopyFrom(self._image(job_id, data["index"], data["seed"]))
            case "completed":
                message.completed.CopyFrom(self._job(await self._counter.get(account, job_id)))
            case "failed":
                message.failed.CopyFrom(_failure(unpack_failure(data)))
        return message


def _usage(usage: Usage) -> edge_pb2.Usage:
    return edge_pb2.Usage(compute_time=_duration(usage.compute_seconds), energy_joules=usage.energy_joules)


def _place(place: Place) -> edge_pb2.Place:
    return edge_pb2.Place(
        place=place.place,
        eta_low=_duration(place.eta_low),
        eta_high=_duration(place.eta_high),
        reason=place.reason,
    )


def _failure(failure: Failure) -> edge_pb2.Failure:
    message = edge_pb2.Failure(reason=failure.reason, message=failure_text(failure, call_context.language.get()))
    if failure.refusal is not None:
        refusal = failure.refusal
        message.refusal.CopyFrom(
            edge_pb2.Refusal(
                decision_id=refusal.decision_id,
                stage=refusal.stage,
                category=refusal.category,
                words=refusal.words,
                score=refusal.score,
                policy_version=refusal.policy_version,
                appealable=refusal.appealable,
            )
        )
    return message


def _decision(decision: Decision) -> edge_pb2.Decision:
    verdict = decision.verdict
    return edge_pb2.Decision(
        id=verdict.decision_id,
        job_id=decision.job_id,
        stage=verdict.stage,
        category=verdict.category,
        score=verdict.score,
        policy_version=verdict.policy_version,
        text=verdict.text,
        appealable=verdict.appealable,
        create_time=_timestamp(decision.created),
    )


def _appeal(appeal: Appeal) -> edge_pb2.Appeal:
    return edge_pb2.Appeal(
        id=appeal.id,
        decision_id=appeal.decision_id,
        state=appeal.state,
        stage=appeal.stage,
        category=appeal.category,
        score=appeal.score,
        policy_version=appeal.policy_version,
        prompt=appeal.prompt,
        note=appeal.note,
        create_time=_timestamp(appeal.created),
        decide_time=None if appeal.decided is None else _timestamp(appeal.decided),
        notice=appeal.notice,
        credited=appeal.credited,
    )


def _single(value: float) -> float:
    """The decimal number that a caller's float32 stands for: 0.6, not 0.60000002."""
    return float(f"{value:.7g}")


def _timestamp(seconds: float) -> timestamp_pb2.Timestamp:
    stamp = timestamp_pb2.Timestamp()
    stamp.FromMicroseconds(int(seconds * 1e6))
    return stamp


def _duration(seconds: float | None) -> duration_pb2.Duration | None:
    if seconds is None:
        return None
    duration = duration_pb2.Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return duration
