"""A surge on loopback: a store, two desks of which one is killed on the way, and the load generator as edge."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from bench.surge.baker import Baker
from bench.surge.edge import Edge
from bench.surge.log import Log
from bench.surge.mesh import SERVICE, Mesh, Replica, mesh
from bench.surge.scene import Scene, asks
from fournil.quota.v1 import admin_pb2, admin_pb2_grpc, quota_pb2
from services.quota.policy import Policy
from services.quota.policy_file import load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.runtime.channels import open_channel
from services.runtime.pipelined import PipelinedLink

POLICY = Path(__file__).with_name("real.toml")
SCENE = Scene(
    ovens=4, slots=4, picture_time=1.0, steps=(4, 8, 12), pictures=(1,), rises=10.0, ramp=10.0, ends=70.0,
    after=15.0, burst_at=40.0, burst_length=6.0, patience=60.0, deaths=((30.0, 1),), away=10.0, length=240.0,
)  # fmt: skip
"""Four pictures a second, so that fifty times as many are 200 asks a second: what two cores carry that also run
the desks, the store and the clients. (At 400 the calls ran into their deadlines.)"""
KILLED, AWAY = 50.0, 5.0
"""Seconds from the start at which a replica is killed, and after which it is started again."""
MOST_ATTEMPTS = 20
MOST_CALLS = 64
"""Accounts made at a time."""


@dataclass(frozen=True)
class Real:
    """What a real run came to, beside its log. `passed`: limits that were passed, of `checked` looks."""

    log: Log
    most_waiting: int
    retries: dict[str, int]
    reserve_times: list[float]
    late: float
    """Seconds that the load generator was behind its own plan at most: it must not be the bottleneck."""
    passed: list[str]
    checked: int
    accounts_made: float
    """Accounts a second by CreateKey."""


async def run_real(scene: Scene = SCENE, seed: int = 1, killed: float = KILLED) -> Real:
    """From an empty store to an empty line."""
    with tempfile.TemporaryDirectory(prefix="fournil-surge-") as folder:
        async with mesh(Path(folder), POLICY) as there, open_channel(there.target, service=SERVICE) as channel:
            made = await _open_accounts(channel, scene)
            bakers = [Baker(f"oven-{n}", scene.slots, scene.picture_time) for n in range(scene.ovens)]
            edge = Edge(channel, bakers, scene.greedy_accounts)
            audit = _Audit(edge, scene, load_policy(POLICY))
            beside = [edge.extend(), edge.look(), audit.run(), *_lives(edge, scene)]
            beside += [_kill(there.replicas[-1], killed), *(baker.run() for baker in bakers)]
            beside += [baker.report(edge.beat, 1.0) for baker in bakers]
            await asyncio.sleep(1.0)
            edge.begin()
            async with _beside(beside):
                late = await _ask_all(edge, scene, seed)
                await _until_normal(edge, scene)
            edge.log.ended = edge.now
            edge.log.wrong += await _recount(there, edge)
            return Real(
                edge.log, edge.most_waiting, dict(edge.retries), edge.reserve_times, late, audit.passed,
                audit.checked, made,
            )  # fmt: skip


async def _open_accounts(channel: grpc.aio.Channel, scene: Scene) -> float:
    admin = admin_pb2_grpc.QuotaAdminServiceStub(channel)
    gate = asyncio.Semaphore(MOST_CALLS)

    async def one(user: int) -> None:
        tier = "paid" if user < scene.paid_users else "free"
        request = admin_pb2.CreateKeyRequest(account_id=f"user-{user}", tier=tier, reason="a surge")
        async with gate:
            # A second key harms nobody; a machine that is busy elsewhere makes the store late now and then.
            for attempt in range(MOST_ATTEMPTS):
                try:
                    await admin.CreateKey(request, timeout=20)
                    return
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.UNAVAILABLE or attempt == MOST_ATTEMPTS - 1:
                        raise
                await asyncio.sleep(0.2)

    began = time.monotonic()
    await asyncio.gather(*(one(user) for user in range(scene.users)))
    return scene.users / (time.monotonic() - began)


@asynccontextmanager
async def _beside(work: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Runs this beside the block; a failure of any ends the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        yield
        for task in tasks:
            task.cancel()


async def _ask_all(edge: Edge, scene: Scene, seed: int) -> float:
    """Open loop: each at its time, whatever became of those before. Returns how late the latest was sent."""
    late = 0.0
    async with asyncio.TaskGroup() as walks:
        for ask in asks(scene, seed):
            if (ahead := ask.at - edge.now) > 0.002:
                await asyncio.sleep(ahead)
            late = max(late, edge.now - ask.at)
            walks.create_task(edge.walk(ask))
    return late


async def _until_normal(edge: Edge, scene: Scene) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(max(scene.length - edge.now, 0.0)):
            await edge.is_normal()


def _lives(edge: Edge, scene: Scene) -> list[Coroutine[Any, Any, None]]:
    async def one(at: float, baker: Baker) -> None:
        await asyncio.sleep(at)
        baker.die()
        await asyncio.sleep(scene.away)
        baker.dead = False

    return [one(at, edge.bakers[f"oven-{number}"]) for at, number in scene.deaths]


async def _kill(replica: Replica, at: float) -> None:
    await asyncio.sleep(at)
    replica.kill()
    await asyncio.sleep(AWAY)
    await replica.start()


class _Audit:
    """Looks all the time whether some account's committed and held pictures are above its limit at NORMAL, which
    is the highest: held while the level was lower, they may be above that of the level now."""

    def __init__(self, edge: Edge, scene: Scene, policy: Policy) -> None:
        self._edge, self._scene, self._source = edge, scene, random.Random(0)
        self._limits = {name: tier.windows[0].limit for name, tier in policy.tiers.items()}
        self.passed: list[str] = []
        self.checked = 0

    async def run(self) -> None:
        """Ten accounts a second that live."""
        while True:
            await asyncio.sleep(0.1)
            if not self._edge.live:
                continue
            account = self._source.choice(list(self._edge.live.values())).account
            request = quota_pb2.GetAllowanceRequest(account_id=account)
            answer = await self._edge.call(self._edge.quota.GetAllowance, request)
            self.look(account, answer.tier, answer.verdicts[0].used + answer.verdicts[0].held)

    def look(self, account: str, tier: str, taken: int) -> None:
        """One account as it stands."""
        self.checked += 1
        if taken > self._limits[tier]:
            self.passed.append(f"{account}: {taken} of {self._limits[tier]}")


async def _recount(there: Mesh, edge: Edge) -> list[str]:
    """The store's own recount, and that all that was let in ended."""
    link = PipelinedLink(there.redis_url, tag=TAG)
    try:
        store = RedisStore(link, load_policy(POLICY))
        wrong = await store.discrepancies()
        books = await store.books()
    finally:
        await link.close()
    drawn = sum(one.ended == "drawn" for one in edge.log.tickets.values())
    if (books.live, books.issued, books.committed) != (0, len(edge.log.tickets), drawn):
        wrong.append(f"books: {books}, but {len(edge.log.tickets)} were let in and {drawn} drawn")
    return wrong
