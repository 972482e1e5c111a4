"""The desk as a process beside a server that does nothing: decisions a second, and CPU behind one decision."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf.duration_pb2 import Duration

from bench.quota.place import ACCOUNTS, MODEL, POLICY, cpu_of, new_id
from fournil.quota.v1 import quota_pb2, quota_pb2_grpc
from services.local_mesh.ports import free_port
from services.local_mesh.store import LocalStore

REPO = Path(__file__).resolve().parents[2]
IN_FLIGHT = 64
BATCH = 32
BUDGET_MS = 1_000
"""A shared machine that holds the store up for 50 ms is not what is measured here; `outage` keeps to 50."""
LIFE = Duration(seconds=600)
OUTCOMES = {"spent": "refusal", "open": "reservation"}
Call = Callable[[], Awaitable[tuple[int, int]]]
"""How many decisions came of one call, and how many requests the store did not answer in time."""


@dataclass
class Way:
    """One way of asking, and what each of its rounds gave."""

    name: str
    call: Call
    pids: tuple[int, ...]
    """Whose CPU stands behind the answer."""
    in_flight: int = IN_FLIGHT
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    decided: int = 0
    late: int = 0
    """Requests that the store did not answer within the desk's budget."""

    @property
    def rate(self) -> float:
        """Decisions a second, median of the rounds."""
        return statistics.median(self.rates)

    @property
    def micros(self) -> float:
        """CPU behind a decision in µs, median of the rounds."""
        return statistics.median(self.cpu) * 1e6


async def compare(store: LocalStore, seconds: float, rounds: int) -> list[Way]:
    """Every way in turn, `rounds` times, on a store with its accounts; the first is the yardstick."""
    async with serve_noop() as noop, serve_desk(store.url, BUDGET_MS) as desk:
        behind = (desk.pid, store.process.pid)
        ways = [
            Way("noop", _one(noop.stub, "spent"), (noop.pid,)),
            Way("one refused", _one(desk.stub, "spent"), behind),
            Way("one granted", _one(desk.stub, "open"), behind),
            Way("32 refused", _many(desk.stub, "spent"), behind, IN_FLIGHT // BATCH),
            Way("32 granted", _many(desk.stub, "open"), behind, IN_FLIGHT // BATCH),
        ]
        for way in ways:
            await _round(way, 0.5)
            way.rates.clear()
            way.cpu.clear()
        for number in range(rounds):
            for way in ways if number % 2 else ways[::-1]:
                await _round(way, seconds)
    return ways


async def _round(way: Way, seconds: float) -> None:
    before = sum(cpu_of(pid) for pid in way.pids)
    began = time.perf_counter()
    done = 0

    async def ask_on() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            decided, late = await way.call()
            done += decided
            way.decided += decided
            way.late += late

    await asyncio.gather(*(ask_on() for _ in range(way.in_flight)))
    way.rates.append(done / (time.perf_counter() - began))
    way.cpu.append((sum(cpu_of(pid) for pid in way.pids) - before) / done)


@dataclass
class Served:
    """A server process and a way to it."""

    pid: int
    stub: quota_pb2_grpc.QuotaServiceStub


@asynccontextmanager
async def _served(module: str, *arguments: str, **variables: str) -> AsyncIterator[Served]:
    """A module as a process, once it takes connections. PORT in what is given becomes the port it shall take."""
    port = str(free_port())
    command = [sys.executable, "-m", module, *(one.replace("PORT", port) for one in arguments)]
    environment = {**os.environ, **{name: value.replace("PORT", port) for name, value in variables.items()}}
    process = await asyncio.create_subprocess_exec(*command, cwd=REPO, env=environment)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await asyncio.wait_for(channel.channel_ready(), 20)
            yield Served(process.pid, quota_pb2_grpc.QuotaServiceStub(channel))
    finally:
        process.terminate()
        await process.wait()


def serve_noop() -> AbstractAsyncContextManager[Served]:
    """The yardstick."""
    return _served("bench.quota.noop", "PORT")


def serve_desk(redis_url: str, budget_ms: int | None = None) -> AbstractAsyncContextManager[Served]:
    """The desk. It logs warnings only: a line a call is a choice of the operator's."""
    budget = {} if budget_ms is None else {"FOURNIL_REDIS_BUDGET_MS": str(budget_ms)}
    return _served(
        "services.quota",
        REDIS_URL=redis_url,
        FOURNIL_KEY_PEPPER="flour, water, salt and time",
        FOURNIL_POLICY=str(POLICY),
        FOURNIL_LISTEN="127.0.0.1:PORT",
        FOURNIL_METRICS_LISTEN=f"127.0.0.1:{free_port()}",
        FOURNIL_LOG_LEVEL="WARNING",
        FOURNIL_DRAIN_SECONDS="0",
        FOURNIL_GRACE_SECONDS="1",
        **budget,
    )


def request(tier: str) -> quota_pb2.ReserveRequest:
    """For one picture, of any of a tier's accounts."""
    id = new_id()
    return quota_pb2.ReserveRequest(
        id=id, account_id=f"{tier}-{int(id) % ACCOUNTS}", cost=1, model=MODEL, ttl=LIFE
    )


def _one(stub: quota_pb2_grpc.QuotaServiceStub, tier: str) -> Call:
    async def call() -> tuple[int, int]:
        try:
            answer = await stub.Reserve(request(tier))
        except grpc.aio.AioRpcError as error:
            assert error.code() is grpc.StatusCode.UNAVAILABLE, error
            return 0, 1
        assert answer.WhichOneof("outcome") == OUTCOMES[tier]
        return 1, 0

    return call


def _many(stub: quota_pb2_grpc.QuotaServiceStub, tier: str) -> Call:
    async def call() -> tuple[int, int]:
        asked = quota_pb2.ReserveBatchRequest(requests=[request(tier) for _ in range(BATCH)])
        answer = await stub.ReserveBatch(asked)
        failed = 0
        for one in answer.outcomes:
            if one.HasField("failure"):
                assert one.failure.reason == "UNAVAILABLE", one
                failed += 1
            else:
                assert one.response.WhichOneof("outcome") == OUTCOMES[tier]
        return BATCH - failed, failed

    return call
