"""A small friendly client over the committed stubs.

    from fournil.client import Fournil

    with Fournil("127.0.0.1:50050", api_key=KEY, language="fr") as fournil:
        job = fournil.draw("un crabe à côté d'une barque")
        for event in fournil.watch(job.id):
            print(event.WhichOneof("event"))
        picture = fournil.image(job.id, 0)

Errors are `FournilError`: `.reason` is a value of `fournil.errors.v1.ErrorReason` without its prefix, the text
is in the language asked for. A call that is safe to repeat is repeated when the edge is away (`RETRIES`).
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from fournil.edge.v1 import edge_pb2, edge_pb2_grpc

UNARY_SECONDS = 30.0
WATCH_SECONDS = 6 * 3600.0

RETRIES = {
    "methodConfig": [
        {
            "name": [{"service": "fournil.edge.v1.ImageService"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "3s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
"""Every request of this client carries a request id, so a repeated CreateJob is the same job."""


class FournilError(Exception):
    """What the mesh refused and why. `retry_after` is in seconds, None when asking again cannot help."""

    def __init__(self, reason: str, message: str, metadata: Mapping[str, str], retry_after: float | None) -> None:
        super().__init__(message)
        self.reason = reason
        self.metadata = dict(metadata)
        self.retry_after = retry_after


class Fournil:
    """A connection to an edge. Thread-safe, to be closed."""

    def __init__(
        self,
        target: str = "127.0.0.1:50050",
        *,
        api_key: str,
        language: str = "en",
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        options = [("grpc.service_config", json.dumps(RETRIES)), ("grpc.keepalive_time_ms", 30_000)]
        if credentials is None:
            self._channel = grpc.insecure_channel(target, options=options)
        else:
            self._channel = grpc.secure_channel(target, credentials, options=options)
        self._stub = edge_pb2_grpc.ImageServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {api_key}"), ("accept-language", language))

    def __enter__(self) -> "Fournil":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def draw(self, prompt: str, **fields: Any) -> edge_pb2.Job:
        """Submits a job and returns it with its place in line. `fields` are those of CreateJobRequest: count,
        size, seed, steps, guidance, negative_prompt, image (bytes) with strength and mask (bytes), output_format,
        output_compression, moderation ("auto" or "low"), prompt_in_provenance, webhook_url, model, previews,
        validate_only, request_id."""
        fields.setdefault("request_id", uuid.uuid4().hex)
        request = edge_pb2.CreateJobRequest(prompt=prompt, **fields)
        job: edge_pb2.Job = self._call(self._stub.CreateJob, request).job
        return job

    def watch(self, job_id: str) -> Iterator[edge_pb2.WatchJobResponse]:
        """The job's events from the start until it ends, through restarts of the edge, none twice."""
        after = ""
        while True:
            request = edge_pb2.WatchJobRequest(id=job_id, after_event_id=after)
            try:
                for event in self._stub.WatchJob(request, timeout=WATCH_SECONDS, metadata=self._metadata):
                    after = event.event_id
                    yield event
                    if event.WhichOneof("event") in {"completed", "failed"}:
                        return
            except grpc.RpcError as error:
                # A draining edge ends its streams with either.
                gone = error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
                if not gone or not self._edge_is_back():
                    raise as_error(error) from error

    def job(self, job_id: str) -> edge_pb2.Job:
        """One job."""
        job: edge_pb2.Job = self._call(self._stub.GetJob, edge_pb2.GetJobRequest(id=job_id)).job
        return job

    def jobs(self, page_size: int = 20) -> list[edge_pb2.Job]:
        """The newest jobs."""
        return list(self._call(self._stub.ListJobs, edge_pb2.ListJobsRequest(page_size=page_size)).jobs)

    def cancel(self, job_id: str) -> edge_pb2.Job:
        """Cancels a job; it is refunded unless it ended before."""
        job: edge_pb2.Job = self._call(self._stub.CancelJob, edge_pb2.CancelJobRequest(id=job_id)).job
        return job

    def delete(self, job_id: str) -> None:
        """Deletes an ended job, its events and its pictures."""
        self._call(self._stub.DeleteJob, edge_pb2.DeleteJobRequest(id=job_id))

    def webhook_secret(self) -> str:
        """What webhooks to this account are signed with, for a library of Standard Webhooks."""
        request = edge_pb2.GetWebhookSecretRequest()
        secret: str = self._call(self._stub.GetWebhookSecret, request).secret
        return secret

    def image(self, job_id: str, index: int) -> bytes:
        """A finished picture, in the job's format."""
        request = edge_pb2.GetImageRequest(id=job_id, index=index)
        data: bytes = self._call(self._stub.GetImage, request).data
        return data

    def check_provenance(self, picture: bytes) -> edge_pb2.CheckProvenanceResponse:
        """What a PNG, JPEG or WebP, anybody's, says of where it comes from."""
        request = edge_pb2.CheckProvenanceRequest(image=picture)
        report: edge_pb2.CheckProvenanceResponse = self._call(self._stub.CheckProvenance, request)
        return report

    def allowance(self) -> edge_pb2.GetAllowanceResponse:
        """What is left."""
        request = edge_pb2.GetAllowanceRequest()
        left: edge_pb2.GetAllowanceResponse = self._call(self._stub.GetAllowance, request)
        return left

    def queue(self) -> edge_pb2.GetQueueResponse:
        """The public state of the line."""
        line: edge_pb2.GetQueueResponse = self._call(self._stub.GetQueue, edge_pb2.GetQueueRequest())
        return line

    def decision(self, decision_id: str) -> edge_pb2.Decision:
        """A refusal of one's own, read back: what was refused for what, and whether it can be appealed."""
        request = edge_pb2.GetDecisionRequest(decision_id=decision_id)
        found: edge_pb2.Decision = self._call(self._stub.GetDecision, request).decision
        return found

    def appeal(self, decision_id: str, note: str = "", prompt: str = "") -> edge_pb2.Appeal:
        """Questions a refusal; filed before, it is returned as it stands. `prompt` is only needed for a job that
        is not known any more."""
        request = edge_pb2.FileAppealRequest(decision_id=decision_id, note=note, prompt=prompt)
        filed: edge_pb2.Appeal = self._call(self._stub.FileAppeal, request).appeal
        return filed

    def read_appeal(self, appeal_id: str) -> edge_pb2.Appeal:
        """An appeal as it stands."""
        request = edge_pb2.GetAppealRequest(appeal_id=appeal_id)
        found: edge_pb2.Appeal = self._call(self._stub.GetAppeal, request).appeal
        return found

    def appeals(self, page_size: int = 20) -> list[edge_pb2.Appeal]:
        """The newest appeals."""
        request = edge_pb2.ListAppealsRequest(page_size=page_size)
        return list(self._call(self._stub.ListAppeals, request).appeals)

    def models(self) -> list[edge_pb2.Model]:
        """The models that can be asked for."""
        return list(self._call(self._stub.ListModels, edge_pb2.ListModelsRequest()).models)

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=UNARY_SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            raise as_error(error) from error

    def _edge_is_back(self) -> bool:
        try:
            grpc.channel_ready_future(self._channel).result(timeout=UNARY_SECONDS)
        except grpc.FutureTimeoutError:
            return False
        return True


def as_error(error: Any) -> FournilError:
    """What a failed call meant."""
    reason, message = error.code().name, error.details() or ""
    metadata: Mapping[str, str] = {}
    retry_after: float | None = None
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info = error_details_pb2.ErrorInfo()
            retry = error_details_pb2.RetryInfo()
            localized = error_details_pb2.LocalizedMessage()
            if detail.Unpack(info):
                reason, metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(retry):
                retry_after = retry.retry_delay.ToMicroseconds() / 1e6
            elif detail.Unpack(localized):
                message = localized.message
    return FournilError(reason, message, metadata, retry_after)
