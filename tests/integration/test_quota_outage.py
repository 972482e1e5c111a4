"""Two replicas of the desk while their store hangs and is killed: paying accounts go on, everybody is answered in
time, and when it is back every voucher is charged once, also of a replica that was killed meanwhile."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from fournil.quota.v1 import quota_pb2, quota_pb2_grpc
from services.local_mesh.store import LocalStore, start_store
from services.quota.office import Holder
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.runtime.pipelined import PipelinedLink
from tests.integration.desk_process import DeskProcess, desk_on

IN_TIME = 0.1
"""Seconds to an answer, whatever the store does."""
MACHINE = 0.15
"""Seconds that a shared machine may add to the slowest of them."""
GAUGED = 2.5
"""Seconds in which each replica has heard of the others and of the ovens."""


class Mesh:
    """Two desks over one store, each with a journal of its own."""

    def __init__(self, store: LocalStore, desks: list[DeskProcess], stubs: list[quota_pb2_grpc.QuotaServiceStub]):
        self.store, self.desks, self.stubs = store, desks, stubs
        self.slowest = 0.0

    async def reserve(self, desk: int, number: int, account: str) -> quota_pb2.ReserveResponse | grpc.StatusCode:
        """The answer, or the code it failed with."""
        request = quota_pb2.ReserveRequest(id=f"{number:026d}", account_id=account, cost=1, model="crumb")
        began = time.perf_counter()
        try:
            answer = await self.stubs[desk].Reserve(request, timeout=5)
        except grpc.aio.AioRpcError as error:
            answer = error.code()
        self.slowest = max(self.slowest, time.perf_counter() - began)
        return answer

    async def granted(self, desk: int, number: int) -> str:
        """The voucher of a grant to the paying account."""
        answer = await self.reserve(desk, number, "pia")
        assert isinstance(answer, quota_pb2.ReserveResponse) and answer.voucher, answer
        return answer.voucher

    async def beat(self) -> None:
        report = quota_pb2.HeartbeatRequest(
            generator_id="oven-1",
            address="oven-1:50053",
            models=["crumb"],
            slots=8,
            picture_time=timedelta(seconds=0.05),
        )
        for stub in self.stubs:
            await stub.Heartbeat(report, timeout=5)


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[LocalStore]:
    store = start_store(tmp_path / "store")
    yield store
    os.kill(store.process.pid, signal.SIGCONT)
    store.stop()


@pytest.fixture
async def mesh(own_store: LocalStore, tmp_path: Path) -> AsyncIterator[Mesh]:
    async with AsyncExitStack() as stack:
        link = PipelinedLink(own_store.url, tag=TAG, budget=2.0)
        store = RedisStore(link, load_policy(BUNDLED))
        for name, tier in (("ada", "free"), ("pia", "paid")):
            await store.create_key(f"digest-{name}", Holder(name, tier, f"key_{name}", False), "a test")
        await link.close()
        desks, stubs = [], []
        for number in range(2):
            journal = str(tmp_path / f"journal-{number}")
            extra = {"FOURNIL_POLICY": str(BUNDLED), "FOURNIL_JOURNAL": journal, "FOURNIL_REDIS_BUDGET_MS": "50"}
            desks.append(await stack.enter_async_context(desk_on(own_store.url, **extra)))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(desks[-1].target))
            stubs.append(quota_pb2_grpc.QuotaServiceStub(channel))
        made = Mesh(own_store, desks, stubs)
        await made.beat()
        for number in range(4):
            assert isinstance(await made.reserve(number % 2, number, "pia"), quota_pb2.ReserveResponse)
        await asyncio.sleep(GAUGED)
        made.slowest = 0.0
        yield made


async def everybody_is_answered(mesh: Mesh) -> list[str]:
    """Free accounts are told to wait, the paying one goes on at both replicas; the vouchers."""
    for number in range(10, 20):
        assert await mesh.reserve(number % 2, number, "ada") is grpc.StatusCode.UNAVAILABLE
    vouchers = []
    for number in range(20, 24):
        vouchers.append(await mesh.granted(number % 2, number))
        await asyncio.sleep(0.15)  # its share of the oven's pace is ten pictures a second
    assert mesh.slowest <= IN_TIME + MACHINE
    return vouchers


async def all_is_charged(mesh: Mesh, pictures: int) -> None:
    """Within seconds of the store's return, without another call."""
    link = PipelinedLink(mesh.store.url, tag=TAG, budget=2.0)
    store = RedisStore(link, load_policy(BUNDLED))
    try:
        async with asyncio.timeout(15):
            while (await store.books()).committed_pictures < pictures:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert (await store.books()).committed_pictures == pictures
        assert await store.discrepancies() == []
    finally:
        await link.close()


async def test_a_hung_store_and_a_replica_that_is_killed_meanwhile(mesh: Mesh) -> None:
    os.kill(mesh.store.process.pid, signal.SIGSTOP)
    vouchers = await everybody_is_answered(mesh)
    for number, voucher in enumerate(vouchers, 20):
        # At the other replica than the one that gave it.
        request = quota_pb2.CommitRequest(id=f"{number:026d}", actual=1, voucher=voucher)
        done = await mesh.stubs[(number + 1) % 2].Commit(request, timeout=5)
        assert done.reservation.state == quota_pb2.RESERVATION_STATE_COMMITTED
    mesh.desks[0].kill()
    await mesh.desks[0].start()
    os.kill(mesh.store.process.pid, signal.SIGCONT)
    await all_is_charged(mesh, len(vouchers))


async def test_a_store_that_is_killed_and_comes_back(mesh: Mesh, tmp_path: Path) -> None:
    await asyncio.sleep(1.2)  # what the append-only file may still have in memory
    mesh.store.process.kill()
    mesh.store.process.wait(10)
    vouchers = await everybody_is_answered(mesh)
    ticket = await mesh.stubs[0].Enqueue(quota_pb2.EnqueueRequest(id=f"{20:026d}", voucher=vouchers[0]), timeout=5)
    assert ticket.ticket.turn.generator_address == "oven-1:50053"
    mesh.store.process = start_store(tmp_path / "store", port=mesh.store.port).process
    async with asyncio.timeout(10):
        # Right from the first call that the store answers; until then it says that it is not there.
        while isinstance(await mesh.reserve(1, 30, "ada"), grpc.StatusCode):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    for number, voucher in enumerate(vouchers, 20):
        request = quota_pb2.CommitRequest(id=f"{number:026d}", actual=1, voucher=voucher)
        done = await mesh.stubs[number % 2].Commit(request, timeout=5)
        assert (done.reservation.state, done.reservation.charged) == (quota_pb2.RESERVATION_STATE_COMMITTED, 1)
    await all_is_charged(mesh, len(vouchers))
