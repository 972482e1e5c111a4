"""The public API over gRPC: who calls, and what is asked of the counters. `job_messages` and `grpc_messages`
translate."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from fournil.edge.v1 import edge_pb2, edge_pb2_grpc
from services.edge.authenticator import Authenticator
from services.edge.counter import Counter
from services.edge.grpc_messages import allowance_message, appeal_message, decision_message, queue_message
from services.edge.job import Account
from services.edge.job_messages import JobMessages, asked_of
from services.edge.links import Links
from services.edge.moderation_counter import ModerationCounter
from services.runtime.errors import invalid
from services.runtime.pictures import media_type

Context = grpc.aio.ServicerContext[Any, Any]


class ImageService(edge_pb2_grpc.ImageServiceServicer):
    """fournil.edge.v1.ImageService."""

    def __init__(
        self, counter: Counter, moderation: ModerationCounter, authenticator: Authenticator, links: Links
    ) -> None:
        self._counter = counter
        self._moderation = moderation
        self._authenticator = authenticator
        self._messages = JobMessages(links)

    async def CreateJob(self, request: edge_pb2.CreateJobRequest, context: Context) -> edge_pb2.CreateJobResponse:
        account = await self._account(context)
        job = await self._counter.create(
            account,
            asked_of(request),
            model=request.model,
            request_id=request.request_id,
            validate_only=request.validate_only,
        )
        return edge_pb2.CreateJobResponse(job=self._messages.job(job))

    async def GetJob(self, request: edge_pb2.GetJobRequest, context: Context) -> edge_pb2.GetJobResponse:
        job = await self._counter.get(await self._account(context), request.id)
        return edge_pb2.GetJobResponse(job=self._messages.job(job))

    async def ListJobs(self, request: edge_pb2.ListJobsRequest, context: Context) -> edge_pb2.ListJobsResponse:
        account = await self._account(context)
        size = request.page_size or 20
        if not 1 <= size <= 100:
            raise invalid("page_size", "must be 1 to 100")
        jobs = await self._counter.list(account, before=request.page_token, limit=size)
        token = jobs[-1].id if len(jobs) == size else ""
        return edge_pb2.ListJobsResponse(jobs=[self._messages.job(job) for job in jobs], next_page_token=token)

    async def CancelJob(self, request: edge_pb2.CancelJobRequest, context: Context) -> edge_pb2.CancelJobResponse:
        job = await self._counter.cancel(await self._account(context), request.id)
        return edge_pb2.CancelJobResponse(job=self._messages.job(job))

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
            if event is None:
                continue
            message = self._messages.event(request.id, event)
            if event.kind == "completed":
                message.completed.CopyFrom(self._messages.job(await self._counter.get(account, request.id)))
            yield message

    async def GetImage(self, request: edge_pb2.GetImageRequest, context: Context) -> edge_pb2.GetImageResponse:
        job = await self._counter.get(await self._account(context), request.id)
        data = await self._counter.picture(job.id, request.index)
        return edge_pb2.GetImageResponse(data=data, media_type=media_type(data))

    async def GetAllowance(
        self, request: edge_pb2.GetAllowanceRequest, context: Context
    ) -> edge_pb2.GetAllowanceResponse:
        account = await self._account(context)
        return allowance_message(account, await self._counter.allowance(account))

    async def GetQueue(self, request: edge_pb2.GetQueueRequest, context: Context) -> edge_pb2.GetQueueResponse:
        return queue_message(await self._counter.line())

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
        return edge_pb2.GetDecisionResponse(decision=decision_message(found))

    async def FileAppeal(
        self, request: edge_pb2.FileAppealRequest, context: Context
    ) -> edge_pb2.FileAppealResponse:
        account = await self._account(context)
        appeal = await self._moderation.file(account, request.decision_id, request.note, request.prompt)
        return edge_pb2.FileAppealResponse(appeal=appeal_message(appeal))

    async def GetAppeal(self, request: edge_pb2.GetAppealRequest, context: Context) -> edge_pb2.GetAppealResponse:
        appeal = await self._moderation.get(await self._account(context), request.appeal_id)
        return edge_pb2.GetAppealResponse(appeal=appeal_message(appeal))

    async def ListAppeals(
        self, request: edge_pb2.ListAppealsRequest, context: Context
    ) -> edge_pb2.ListAppealsResponse:
        account = await self._account(context)
        appeals, token = await self._moderation.list(account, size=request.page_size, token=request.page_token)
        messages = [appeal_message(one) for one in appeals]
        return edge_pb2.ListAppealsResponse(appeals=messages, next_page_token=token)

    async def _account(self, context: Context) -> Account:
        metadata = dict(context.invocation_metadata() or ())
        authorization = metadata.get("authorization")
        return await self._authenticator.account(authorization if isinstance(authorization, str) else None)
