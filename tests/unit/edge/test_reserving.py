"""Reservations that are asked together: one call, and each its own answer."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from fournil.quota.v1 import quota_pb2
from services.edge.grpc_reserve import Reserving
from services.edge.job import Job
from services.runtime import call_context
from services.runtime.errors import Fault, Reason
from tests.unit.edge.fake_mesh import a_job


class Desk:
    """Grants odd ids, refuses even ones, fails those that end in 9; writes down its calls and whose they are."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str]]] = []

    async def Reserve(self, request: quota_pb2.ReserveRequest) -> quota_pb2.ReserveResponse:
        self.calls.append((call_context.request_id.get(), [request.id]))
        return _decided(request.id)

    async def ReserveBatch(self, request: quota_pb2.ReserveBatchRequest) -> quota_pb2.ReserveBatchResponse:
        self.calls.append((call_context.request_id.get(), [one.id for one in request.requests]))
        return quota_pb2.ReserveBatchResponse(outcomes=[_outcome(one.id) for one in request.requests])


def _decided(id: str) -> quota_pb2.ReserveResponse:
    if int(id) % 2:
        return quota_pb2.ReserveResponse(reservation=quota_pb2.Reservation(id=id))
    return quota_pb2.ReserveResponse(refusal=quota_pb2.Refusal(reason="ALLOWANCE_SPENT", policy="daily"))


def _outcome(id: str) -> quota_pb2.ReserveOutcome:
    if id.endswith("9"):
        failure = quota_pb2.ReserveFailure(
            reason="ACCOUNT_BANNED", message="banned", metadata={"detail": "why"}, retry_after=Duration(seconds=2)
        )
        return quota_pb2.ReserveOutcome(failure=failure)
    return quota_pb2.ReserveOutcome(response=_decided(id))


def jobs(*ids: int) -> list[Job]:
    return [replace(a_job(), id=str(id)) for id in ids]


def reserving() -> tuple[Reserving, Desk]:
    desk: Any = Desk()
    return Reserving(desk), desk


async def test_each_gets_its_own_answer_of_one_call() -> None:
    asking, desk = reserving()
    call_context.request_id.set("of the first")
    granted, refused, failed = await asyncio.gather(
        *(asking.ask(job, False) for job in jobs(1, 2, 9)), return_exceptions=True
    )
    assert desk.calls == [("of the first", ["1", "2", "9"])]
    assert isinstance(granted, quota_pb2.ReserveResponse) and granted.reservation.id == "1"
    assert isinstance(refused, quota_pb2.ReserveResponse) and refused.refusal.policy == "daily"
    assert isinstance(failed, Fault)
    assert (failed.reason, failed.message, failed.retry_after) == (Reason.ACCOUNT_BANNED, "banned", 2.0)
    assert failed.metadata == {"detail": "why"}


async def test_who_set_a_deadline_is_asked_for_alone() -> None:
    asking, desk = reserving()
    call_context.deadline.set(time.monotonic() + 5.0)
    await asyncio.gather(*(asking.ask(job, False) for job in jobs(1, 2)))
    assert sorted(ids for _, ids in desk.calls) == [["1"], ["2"]]


async def test_a_desk_that_fails_fails_all_that_asked_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, desk = reserving()

    async def away(request: object) -> None:
        raise Fault(Reason.UNAVAILABLE, "quota does not answer")

    monkeypatch.setattr(desk, "ReserveBatch", away)
    ended = await asyncio.gather(*(asking.ask(job, False) for job in jobs(1, 2)), return_exceptions=True)
    assert [one.reason for one in ended if isinstance(one, Fault)] == [Reason.UNAVAILABLE] * 2
