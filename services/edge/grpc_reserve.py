"""Reservations over gRPC. In a surge nearly all that an edge asks of the desk is one, and nearly every answer is a
refusal; a call for each would be most of their price, so those that are asked together go in one.
"""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration

from fournil.quota.v1 import quota_pb2, quota_pb2_grpc
from services.edge.job import Job
from services.edge.peer_faults import faults_of
from services.edge.peers import Limit
from services.runtime import call_context
from services.runtime.batches import Batches
from services.runtime.errors import Fault, Reason
from services.runtime.wire_time import iso, seconds, seconds_if

RESERVATION_LIFE = Duration(seconds=60)
PATIENCE = 0.005
"""Seconds that a reservation waits for an earlier call of others: about what the desk takes. One that hangs holds
up nobody who asks later."""

UNITS = {number: name.removeprefix("LIMIT_UNIT_").lower() for name, number in quota_pb2.LimitUnit.items()}
LEVELS = {
    quota_pb2.SURGE_LEVEL_UNSPECIFIED: "normal",
    quota_pb2.SURGE_LEVEL_NORMAL: "normal",
    quota_pb2.SURGE_LEVEL_BUSY: "busy",
    quota_pb2.SURGE_LEVEL_SURGE: "surge",
    quota_pb2.SURGE_LEVEL_SHED: "shed",
}


class _Asked(NamedTuple):
    request: quota_pb2.ReserveRequest
    request_id: str


class Reserving:
    """Asks the desk for reservations. Raises what the desk fails with; a refusal is an answer."""

    def __init__(self, stub: quota_pb2_grpc.QuotaServiceStub) -> None:
        self._stub = stub
        self._together: Batches[None, _Asked, quota_pb2.ReserveResponse] = Batches(self._send, PATIENCE)

    async def ask(self, job: Job, validate_only: bool) -> quota_pb2.ReserveResponse:
        """What the desk says. Who set a deadline is asked for alone, within it."""
        request = quota_pb2.ReserveRequest(
            id=job.id,
            account_id=job.account.account_id,
            cost=job.spec.count,
            model=job.spec.model,
            request_id=job.request_id,
            body_hash=job.body_hash,
            ttl=RESERVATION_LIFE,
            validate_only=validate_only,
            work=job.spec.work,
            tier=job.account.tier,
            voucher=job.voucher,
        )
        if call_context.deadline.get() is not None:
            return await self._alone(request)
        return await self._together.ask(None, _Asked(request, call_context.request_id.get()))

    async def _alone(self, request: quota_pb2.ReserveRequest) -> quota_pb2.ReserveResponse:
        with faults_of("quota"):
            answer: quota_pb2.ReserveResponse = await self._stub.Reserve(request)
        return answer

    async def _send(self, _: None, page: Sequence[_Asked]) -> Sequence[quota_pb2.ReserveResponse | Fault]:
        """In one call, under the request id of the first."""
        call_context.request_id.set(page[0].request_id)
        if len(page) == 1:
            return [await self._alone(page[0].request)]
        with faults_of("quota"):
            batch = quota_pb2.ReserveBatchRequest(requests=[one.request for one in page])
            answer = await self._stub.ReserveBatch(batch)
        return [one.response if one.HasField("response") else _failure(one.failure) for one in answer.outcomes]


def refusal(answer: quota_pb2.ReserveResponse) -> Fault:
    """A refusal by a limit, with the facts of that limit."""
    refused = answer.refusal
    policy = refused.policy
    facts: dict[str, object] = {"policy": policy, "level": LEVELS[answer.level]}
    for verdict in answer.verdicts:
        if verdict.policy == policy:
            facts |= {"limit": verdict.limit, "used": verdict.used, "held": verdict.held}
            facts["unit"] = UNITS[verdict.unit]
            if verdict.HasField("reset_time"):
                facts["reset"] = iso(verdict.reset_time)
    retry_after: float | None = None
    if refused.HasField("retry_time"):
        retry_after = max(0.0, seconds(refused.retry_time) - time.time())
    return Fault(Reason(refused.reason), f"limit {policy!r} refuses", retry_after=retry_after, **facts)


def binding(verdicts: Iterable[quota_pb2.PolicyVerdict]) -> Sequence[Limit]:
    """Those that may refuse somebody."""
    return [limit(verdict) for verdict in verdicts if not verdict.shadow]


def limit(message: quota_pb2.PolicyVerdict) -> Limit:
    """A limit as it stands."""
    reset = seconds_if(message, "reset_time")
    return Limit(message.policy, message.limit, message.used, message.held, reset, UNITS[message.unit])


def _failure(message: quota_pb2.ReserveFailure) -> Fault:
    """As `wire_errors.from_rpc_error` reads it from a call of its own."""
    retry_after = seconds_if(message, "retry_after")
    reason = Reason(message.reason) if message.reason in Reason.__members__ else Reason.INTERNAL
    return Fault(reason, message.message, retry_after=retry_after, **message.metadata)
