"""gRPC messages to plain values and back, nothing else. Faults become statuses at the runtime's boundary."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from fournil.quota.v1 import quota_pb2, quota_pb2_grpc
from services.quota.accounts import Accounts
from services.quota.checks import check_batch
from services.quota.desk import Desk
from services.quota.messages import (
    decision_message,
    failure_message,
    level_message,
    line_class_message,
    oven_message,
    reservation_message,
    surge_message,
    ticket_message,
    verdict_message,
)
from services.quota.reservation import RefundReason
from services.runtime.errors import Fault, invalid
from services.runtime.wire_time import duration, seconds

_REFUNDS_READ = {quota_pb2.RefundReason.Value(f"REFUND_REASON_{reason}"): reason for reason in RefundReason}

Context = grpc.aio.ServicerContext[Any, Any]


class QuotaServicer(quota_pb2_grpc.QuotaServiceServicer):
    """`fournil.quota.v1.QuotaService`."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self._desk = desk
        self._accounts = accounts

    async def Authenticate(
        self, request: quota_pb2.AuthenticateRequest, context: Context
    ) -> quota_pb2.AuthenticateResponse:
        holder = await self._accounts.authenticate(request.api_key)
        return quota_pb2.AuthenticateResponse(
            account_id=holder.account_id, tier=holder.tier, key_id=holder.key_id, scopes=holder.scopes
        )

    async def Reserve(self, request: quota_pb2.ReserveRequest, context: Context) -> quota_pb2.ReserveResponse:
        return await self._decide(request)

    async def ReserveBatch(
        self, request: quota_pb2.ReserveBatchRequest, context: Context
    ) -> quota_pb2.ReserveBatchResponse:
        check_batch(len(request.requests))
        # Begun in one turn of the loop: they reach the store in one write.
        outcomes = await asyncio.gather(*(self._outcome(one) for one in request.requests))
        return quota_pb2.ReserveBatchResponse(outcomes=outcomes)

    async def _outcome(self, request: quota_pb2.ReserveRequest) -> quota_pb2.ReserveOutcome:
        try:
            return quota_pb2.ReserveOutcome(response=await self._decide(request))
        except Fault as fault:
            return quota_pb2.ReserveOutcome(failure=failure_message(fault))

    async def _decide(self, request: quota_pb2.ReserveRequest) -> quota_pb2.ReserveResponse:
        return decision_message(
            await self._desk.reserve(
                request.id,
                request.account_id,
                request.cost,
                request.model,
                ttl=_ttl(request),
                request_id=request.request_id,
                body_hash=request.body_hash,
                validate_only=request.validate_only,
                work=request.work,
                tier=request.tier,
                voucher=request.voucher,
            )
        )

    async def Enqueue(self, request: quota_pb2.EnqueueRequest, context: Context) -> quota_pb2.EnqueueResponse:
        return quota_pb2.EnqueueResponse(
            ticket=ticket_message(await self._desk.enqueue(request.id, request.voucher))
        )

    async def WatchTicket(
        self, request: quota_pb2.WatchTicketRequest, context: Context
    ) -> AsyncIterator[quota_pb2.WatchTicketResponse]:
        async with aclosing(self._desk.watch(request.id)) as tickets:
            async for ticket in tickets:
                yield quota_pb2.WatchTicketResponse(ticket=ticket_message(ticket))

    async def ReturnTurn(
        self, request: quota_pb2.ReturnTurnRequest, context: Context
    ) -> quota_pb2.ReturnTurnResponse:
        reservation = await self._desk.return_turn(
            request.id, request.attempt, untried=request.untried, voucher=request.voucher
        )
        return quota_pb2.ReturnTurnResponse(reservation=reservation_message(reservation))

    async def ReleaseSlots(
        self, request: quota_pb2.ReleaseSlotsRequest, context: Context
    ) -> quota_pb2.ReleaseSlotsResponse:
        await self._desk.release_slots(request.id, request.attempt, request.voucher)
        return quota_pb2.ReleaseSlotsResponse()

    async def Extend(self, request: quota_pb2.ExtendRequest, context: Context) -> quota_pb2.ExtendResponse:
        return quota_pb2.ExtendResponse(lost_ids=await self._desk.extend(request.ids, _ttl(request)))

    async def Commit(self, request: quota_pb2.CommitRequest, context: Context) -> quota_pb2.CommitResponse:
        reservation = await self._desk.commit(request.id, request.actual, request.voucher)
        return quota_pb2.CommitResponse(reservation=reservation_message(reservation))

    async def Refund(self, request: quota_pb2.RefundRequest, context: Context) -> quota_pb2.RefundResponse:
        reason = _REFUNDS_READ.get(request.reason)
        if reason is None:
            raise invalid("reason", "must say why")
        reservation = await self._desk.refund(request.id, reason, request.voucher)
        return quota_pb2.RefundResponse(reservation=reservation_message(reservation))

    async def GetReservation(
        self, request: quota_pb2.GetReservationRequest, context: Context
    ) -> quota_pb2.GetReservationResponse:
        reservation = await self._desk.reservation(request.id)
        return quota_pb2.GetReservationResponse(reservation=reservation_message(reservation))

    async def GetAllowance(
        self, request: quota_pb2.GetAllowanceRequest, context: Context
    ) -> quota_pb2.GetAllowanceResponse:
        tier, verdicts = await self._desk.allowance(request.account_id, request.tier)
        level = level_message(await self._desk.view.level())
        shown = [verdict_message(one) for one in verdicts]
        return quota_pb2.GetAllowanceResponse(tier=tier, verdicts=shown, level=level)

    async def DescribeLine(
        self, request: quota_pb2.DescribeLineRequest, context: Context
    ) -> quota_pb2.DescribeLineResponse:
        classes, ovens, state, backlog = await self._desk.line()
        return quota_pb2.DescribeLineResponse(
            classes=[line_class_message(one) for one in classes],
            ovens=[oven_message(oven) for oven in ovens],
            surge=surge_message(state, backlog),
        )

    async def Heartbeat(
        self, request: quota_pb2.HeartbeatRequest, context: Context
    ) -> quota_pb2.HeartbeatResponse:
        picture_time = seconds(request.picture_time) if request.HasField("picture_time") else None
        await self._desk.heartbeat(
            request.generator_id, request.address, request.models, request.slots, picture_time
        )
        return quota_pb2.HeartbeatResponse(interval=duration(self._desk.heartbeat_interval))


def _ttl(request: quota_pb2.ReserveRequest | quota_pb2.ExtendRequest) -> float | None:
    return seconds(request.ttl) if request.HasField("ttl") else None
