"""The desk over gRPC. Translation only: messages to plain values, `AioRpcError` to `Fault`."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import grpc

from fournil.quota.v1 import quota_pb2, quota_pb2_grpc
from services.edge import rate_limits
from services.edge.grpc_reserve import LEVELS, RESERVATION_LIFE, Reserving, binding, limit, refusal
from services.edge.job import Account, Job, Place, State
from services.edge.peer_faults import faults_of
from services.edge.peers import (
    Allowance,
    LineClass,
    LineState,
    RefundReason,
    Reservation,
    Surge,
    Ticket,
    Turn,
)
from services.runtime.wire_time import seconds_if

_STATES = {
    quota_pb2.RESERVATION_STATE_HELD: State.HELD,
    quota_pb2.RESERVATION_STATE_QUEUED: State.QUEUED,
    quota_pb2.RESERVATION_STATE_RUNNING: State.RUNNING,
    quota_pb2.RESERVATION_STATE_COMMITTED: State.COMMITTED,
    quota_pb2.RESERVATION_STATE_REFUNDED: State.REFUNDED,
}
_REASONS = {
    quota_pb2.REFUND_REASON_PROMPT_REFUSED: RefundReason.PROMPT_REFUSED,
    quota_pb2.REFUND_REASON_IMAGE_REFUSED: RefundReason.IMAGE_REFUSED,
    quota_pb2.REFUND_REASON_FAILED: RefundReason.FAILED,
    quota_pb2.REFUND_REASON_CANCELLED: RefundReason.CANCELLED,
    quota_pb2.REFUND_REASON_EXPIRED: RefundReason.EXPIRED,
}
_TO_REASON = {reason: number for number, reason in _REASONS.items()}
_PLACE_REASONS = {
    quota_pb2.PLACE_REASON_FAIR_SHARE: "fair_share",
    quota_pb2.PLACE_REASON_RETURNED_JOB: "returned_job",
}


class GrpcQuota:
    """Implements `peers.Quota`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = quota_pb2_grpc.QuotaServiceStub(channel)
        self._reserving = Reserving(self._stub)

    async def authenticate(self, api_key: str) -> Account:
        with faults_of("quota"):
            answer = await self._stub.Authenticate(quota_pb2.AuthenticateRequest(api_key=api_key))
        return Account(answer.account_id, answer.tier, answer.key_id, tuple(answer.scopes))

    async def reserve(self, job: Job, *, validate_only: bool = False) -> Reservation:
        answer = await self._reserving.ask(job, validate_only)
        refused = answer.HasField("refusal")
        taken = not refused and not validate_only and answer.reservation.id == job.id
        took = {"pictures": job.spec.count, "work": job.spec.work, "jobs": 1} if taken else {}
        rate_limits.note(binding(answer.verdicts), took)
        if refused:
            raise refusal(answer)
        if validate_only:
            return Reservation(job.id, State.HELD)
        return replace(_reservation(answer.reservation), voucher=answer.voucher)

    async def enqueue(self, job: Job) -> Ticket:
        with faults_of("quota"):
            request = quota_pb2.EnqueueRequest(id=job.id, voucher=job.voucher)
            return _ticket((await self._stub.Enqueue(request)).ticket)

    async def watch_ticket(self, job_id: str) -> AsyncIterator[Ticket]:
        with faults_of("quota"):
            async for update in self._stub.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id)):
                yield _ticket(update.ticket)

    async def return_turn(self, job: Job, attempt: int, untried: bool) -> Reservation:
        request = quota_pb2.ReturnTurnRequest(id=job.id, attempt=attempt, untried=untried, voucher=job.voucher)
        with faults_of("quota"):
            answer = await self._stub.ReturnTurn(request)
        return _reservation(answer.reservation)

    async def release_slots(self, job: Job, attempt: int) -> None:
        with faults_of("quota"):
            request = quota_pb2.ReleaseSlotsRequest(id=job.id, attempt=attempt, voucher=job.voucher)
            await self._stub.ReleaseSlots(request)

    async def extend(self, job_ids: Sequence[str]) -> Sequence[str]:
        with faults_of("quota"):
            answer = await self._stub.Extend(quota_pb2.ExtendRequest(ids=job_ids, ttl=RESERVATION_LIFE))
        return list(answer.lost_ids)

    async def commit(self, job: Job, actual: int) -> Reservation:
        with faults_of("quota"):
            request = quota_pb2.CommitRequest(id=job.id, actual=actual, voucher=job.voucher)
            answer = await self._stub.Commit(request)
        return _reservation(answer.reservation)

    async def refund(self, job: Job, reason: RefundReason) -> Reservation:
        with faults_of("quota"):
            request = quota_pb2.RefundRequest(id=job.id, reason=_TO_REASON[reason], voucher=job.voucher)
            return _reservation((await self._stub.Refund(request)).reservation)

    async def allowance(self, account: Account) -> Allowance:
        with faults_of("quota"):
            request = quota_pb2.GetAllowanceRequest(account_id=account.account_id, tier=account.tier)
            answer = await self._stub.GetAllowance(request)
        limits = [limit(verdict) for verdict in answer.verdicts]
        rate_limits.note(binding(answer.verdicts))
        live = next(one for one in limits if one.policy == "live")
        return Allowance(answer.tier, limits[0], live, limits, LEVELS[answer.level])

    async def line(self) -> LineState:
        with faults_of("quota"):
            answer = await self._stub.DescribeLine(quota_pb2.DescribeLineRequest())
        classes = [
            LineClass(
                entry.model,
                entry.tier,
                entry.waiting,
                seconds_if(entry, "wait"),
            )
            for entry in answer.classes
        ]
        slots, baking = sum(oven.slots for oven in answer.ovens), sum(oven.leased for oven in answer.ovens)
        surge = Surge(
            LEVELS[answer.surge.level],
            seconds_if(answer.surge, "since"),
            answer.surge.cause,
            answer.surge.pinned,
            answer.surge.backlog_seconds,
        )
        return LineState(classes, len(answer.ovens), slots, baking, surge)


def _reservation(message: quota_pb2.Reservation) -> Reservation:
    return Reservation(message.id, _STATES[message.state], message.charged, _REASONS.get(message.refund_reason))


def _ticket(message: quota_pb2.Ticket) -> Ticket:
    place = Place(
        message.place,
        seconds_if(message, "eta_low"),
        seconds_if(message, "eta_high"),
        _PLACE_REASONS.get(message.place_reason, ""),
    )
    turn = Turn(message.turn.generator_address, message.turn.attempt) if message.HasField("turn") else None
    return Ticket(_STATES[message.state], place, turn, _REASONS.get(message.refund_reason))
