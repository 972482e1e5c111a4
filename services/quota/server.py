"""gRPC messages to plain values and back, nothing else. Faults become statuses at the runtime's boundary."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc, quota_pb2, quota_pb2_grpc
from services.quota.accounts import Accounts
from services.quota.desk import ClassView, Desk
from services.quota.limits import Refusal, Verdict
from services.quota.reservation import RefundReason, Reservation, Turn
from services.quota.ticket import Ticket
from services.quota.wait import Oven
from services.runtime.errors import invalid

Context = grpc.aio.ServicerContext[Any, Any]

# Enum values are written by name: the tail of each is the name of ours, `_NONE` where there is none.
_NONE = "UNSPECIFIED"
_REFUNDS_READ = {quota_pb2.RefundReason.Value(f"REFUND_REASON_{reason}"): reason for reason in RefundReason}


class QuotaServicer(quota_pb2_grpc.QuotaServiceServicer):
    """`fournil.quota.v1.QuotaService`."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self._desk = desk
        self._accounts = accounts

    async def Authenticate(
        self, request: quota_pb2.AuthenticateRequest, context: Context
    ) -> quota_pb2.AuthenticateResponse:
        holder = await self._accounts.authenticate(request.api_key)
        return quota_pb2.AuthenticateResponse(account_id=holder.account_id, tier=holder.tier, key_id=holder.key_id)

    async def Reserve(self, request: quota_pb2.ReserveRequest, context: Context) -> quota_pb2.ReserveResponse:
        decision = await self._desk.reserve(
            request.id,
            request.account_id,
            request.cost,
            request.model,
            ttl=_ttl(request),
            request_id=request.request_id,
            body_hash=request.body_hash,
            validate_only=request.validate_only,
        )
        return quota_pb2.ReserveResponse(
            reservation=_reservation(decision.reservation) if decision.reservation else None,
            refusal=_refusal(decision.refusal) if decision.refusal else None,
            verdicts=[_verdict(verdict) for verdict in decision.verdicts],
        )

    async def Enqueue(self, request: quota_pb2.EnqueueRequest, context: Context) -> quota_pb2.EnqueueResponse:
        return quota_pb2.EnqueueResponse(ticket=_ticket(await self._desk.enqueue(request.id)))

    async def WatchTicket(
        self, request: quota_pb2.WatchTicketRequest, context: Context
    ) -> AsyncIterator[quota_pb2.WatchTicketResponse]:
        async with aclosing(self._desk.watch(request.id)) as tickets:
            async for ticket in tickets:
                yield quota_pb2.WatchTicketResponse(ticket=_ticket(ticket))

    async def ReturnTurn(
        self, request: quota_pb2.ReturnTurnRequest, context: Context
    ) -> quota_pb2.ReturnTurnResponse:
        reservation = await self._desk.return_turn(request.id, request.attempt)
        return quota_pb2.ReturnTurnResponse(reservation=_reservation(reservation))

    async def ReleaseSlots(
        self, request: quota_pb2.ReleaseSlotsRequest, context: Context
    ) -> quota_pb2.ReleaseSlotsResponse:
        await self._desk.release_slots(request.id, request.attempt)
        return quota_pb2.ReleaseSlotsResponse()

    async def Extend(self, request: quota_pb2.ExtendRequest, context: Context) -> quota_pb2.ExtendResponse:
        return quota_pb2.ExtendResponse(lost_ids=await self._desk.extend(request.ids, _ttl(request)))

    async def Commit(self, request: quota_pb2.CommitRequest, context: Context) -> quota_pb2.CommitResponse:
        reservation = await self._desk.commit(request.id, request.actual)
        return quota_pb2.CommitResponse(reservation=_reservation(reservation))

    async def Refund(self, request: quota_pb2.RefundRequest, context: Context) -> quota_pb2.RefundResponse:
        reason = _REFUNDS_READ.get(request.reason)
        if reason is None:
            raise invalid("reason", "must say why")
        reservation = await self._desk.refund(request.id, reason)
        return quota_pb2.RefundResponse(reservation=_reservation(reservation))

    async def GetReservation(
        self, request: quota_pb2.GetReservationRequest, context: Context
    ) -> quota_pb2.GetReservationResponse:
        reservation = await self._desk.reservation(request.id)
        return quota_pb2.GetReservationResponse(reservation=_reservation(reservation))

    async def GetAllowance(
        self, request: quota_pb2.GetAllowanceRequest, context: Context
    ) -> quota_pb2.GetAllowanceResponse:
        tier, verdicts = await self._desk.allowance(request.account_id)
        return quota_pb2.GetAllowanceResponse(tier=tier, verdicts=[_verdict(one) for one in verdicts])

    async def DescribeLine(
        self, request: quota_pb2.DescribeLineRequest, context: Context
    ) -> quota_pb2.DescribeLineResponse:
        classes, ovens = await self._desk.line()
        return quota_pb2.DescribeLineResponse(
            classes=[_class(one) for one in classes], ovens=[_oven(oven) for oven in ovens]
        )

    async def Heartbeat(
        self, request: quota_pb2.HeartbeatRequest, context: Context
    ) -> quota_pb2.HeartbeatResponse:
        picture_time = _seconds(request.picture_time) if request.HasField("picture_time") else None
        await self._desk.heartbeat(
            request.generator_id, request.address, request.models, request.slots, picture_time
        )
        return quota_pb2.HeartbeatResponse(interval=_duration(self._desk.heartbeat_interval))


class QuotaAdminServicer(admin_pb2_grpc.QuotaAdminServiceServicer):
    """`fournil.quota.v1.QuotaAdminService`."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def CreateKey(
        self, request: admin_pb2.CreateKeyRequest, context: Context
    ) -> admin_pb2.CreateKeyResponse:
        key = await self._accounts.create_key(request.account_id, request.tier, request.reason)
        return admin_pb2.CreateKeyResponse(api_key=key.secret, key_id=key.key_id)

    async def RevokeKey(
        self, request: admin_pb2.RevokeKeyRequest, context: Context
    ) -> admin_pb2.RevokeKeyResponse:
        await self._accounts.revoke_key(request.key_id, request.reason)
        return admin_pb2.RevokeKeyResponse()


def _ttl(request: quota_pb2.ReserveRequest | quota_pb2.ExtendRequest) -> float | None:
    return _seconds(request.ttl) if request.HasField("ttl") else None


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1e9


def _duration(seconds: float) -> Duration:
    whole = Duration()
    whole.FromMicroseconds(round(seconds * 1e6))
    return whole


def _timestamp(seconds: float | None) -> Timestamp | None:
    if seconds is None:
        return None
    stamp = Timestamp()
    stamp.FromMicroseconds(round(seconds * 1e6))
    return stamp


def _reservation(reservation: Reservation) -> quota_pb2.Reservation:
    return quota_pb2.Reservation(
        id=reservation.id,
        account_id=reservation.account_id,
        tier=reservation.tier,
        cost=reservation.cost,
        state=f"RESERVATION_STATE_{reservation.state}",
        charged=reservation.charged,
        refund_reason=f"REFUND_REASON_{reservation.refund_reason or _NONE}",
        attempts=reservation.attempts,
        expire_time=_timestamp(reservation.expire_time),
        model=reservation.model,
    )


def _refusal(refusal: Refusal) -> quota_pb2.Refusal:
    return quota_pb2.Refusal(
        reason=refusal.reason, policy=refusal.policy, retry_time=_timestamp(refusal.retry_time)
    )


def _verdict(verdict: Verdict) -> quota_pb2.PolicyVerdict:
    return quota_pb2.PolicyVerdict(
        policy=verdict.policy,
        limit=verdict.limit,
        used=verdict.used,
        held=verdict.held,
        reset_time=_timestamp(verdict.reset_time),
        binding=verdict.binding,
    )


def _ticket(ticket: Ticket) -> quota_pb2.Ticket:
    return quota_pb2.Ticket(
        id=ticket.id,
        state=f"RESERVATION_STATE_{ticket.state}",
        place=ticket.place,
        cost_ahead=ticket.cost_ahead,
        eta_low=_duration(ticket.wait.low) if ticket.wait else None,
        eta_high=_duration(ticket.wait.high) if ticket.wait else None,
        place_reason=f"PLACE_REASON_{ticket.place_reason or _NONE}",
        turn=_turn(ticket.turn) if ticket.turn else None,
        refund_reason=f"REFUND_REASON_{ticket.refund_reason or _NONE}",
    )


def _turn(turn: Turn) -> quota_pb2.Turn:
    return quota_pb2.Turn(
        generator_address=turn.address,
        generator_id=turn.generator_id,
        attempt=turn.attempt,
        expire_time=_timestamp(turn.expire_time),
    )


def _class(view: ClassView) -> quota_pb2.LineClass:
    return quota_pb2.LineClass(
        model=view.model,
        tier=view.tier,
        waiting=view.waiting,
        waiting_cost=view.waiting_cost,
        limit=view.limit,
        wait=_duration(view.wait.middle) if view.wait else None,
    )


def _oven(oven: Oven) -> quota_pb2.Oven:
    return quota_pb2.Oven(generator_id=oven.generator_id, slots=oven.slots, leased=oven.leased, models=oven.models)
