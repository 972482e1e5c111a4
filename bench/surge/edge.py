"""The load generator as an edge: reserve, wait in line, bake, commit. Every call again while a replica is away."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from bench.surge.baker import Baker, OvenLost
from bench.surge.log import Change, Log, Sight, Ticket, Turn
from bench.surge.oven import FixedOven, Job
from bench.surge.scene import Ask
from fournil.quota.v1 import quota_pb2, quota_pb2_grpc

MODEL = "crumb"
TRIES, PAUSE, DEADLINE = 100, 0.1, 5.0
"""Of one call: how often, seconds between, seconds each."""
EXTEND_EVERY, LEVEL_EVERY = 20.0, 0.5
QUEUED = quota_pb2.RESERVATION_STATE_QUEUED
RUNNING = quota_pb2.RESERVATION_STATE_RUNNING


class Edge:
    """All clients' jobs and all ovens of the run."""

    def __init__(self, channel: grpc.aio.Channel, bakers: list[Baker], greedy: frozenset[str]) -> None:
        self.quota = quota_pb2_grpc.QuotaServiceStub(channel)
        self.bakers = {baker.oven.name: baker for baker in bakers}
        self.log = Log("real run", greedy=greedy)
        self.retries: Counter[str] = Counter()
        self.live: dict[str, Ticket] = {}
        self.most_waiting = 0
        self.reserve_times: list[float] = []
        self._began = time.monotonic()
        self._waiting: Counter[str] = Counter()
        self._anew: set[str] = set()
        self._number = 0
        self._calm = asyncio.Event()

    @property
    def now(self) -> float:
        """Seconds from the start."""
        return time.monotonic() - self._began

    def begin(self) -> None:
        """The clock starts."""
        self._began = time.monotonic()

    async def walk(self, ask: Ask) -> None:
        """One job from ask to end."""
        self._number += 1
        id = f"{self._number:026d}"
        self.log.asked[ask.tier] += 1
        asked = time.monotonic()
        request = quota_pb2.ReserveRequest(
            id=id, account_id=ask.account, cost=ask.cost, work=ask.work, model=MODEL
        )
        answer = await self.call(self.quota.Reserve, request)
        self.reserve_times.append(time.monotonic() - asked)
        if answer.WhichOneof("outcome") == "refusal":
            self.log.refusals[f"{ask.tier}: {answer.refusal.policy}"] += 1
            return
        ticket = Ticket(id, ask.account, ask.tier, ask.cost, ask.work, self.now)
        shown = (await self.call(self.quota.Enqueue, quota_pb2.EnqueueRequest(id=id))).ticket
        ticket.sights.append(self._sight(shown))
        self.log.tickets[id] = self.live[id] = ticket
        self._waiting[ask.tier] += ask.work
        self.most_waiting = max(self.most_waiting, len(self.live))
        try:
            async with asyncio.timeout(ask.leaves_after):
                turn = await self._turn(ticket)
        except TimeoutError:
            turn = None
        if ticket.started is None:
            self._waiting[ask.tier] -= ask.work
        try:
            await self._bake(ticket, turn)
        finally:
            del self.live[id]

    async def _bake(self, ticket: Ticket, turn: quota_pb2.Turn | None) -> None:
        while turn is not None:
            job = Job(
                ticket.id, turn.attempt, ticket.cost, ticket.tier == "paid", ticket.work / 1000 / ticket.cost
            )
            mine = {"id": ticket.id, "attempt": turn.attempt}
            try:
                await self.bakers[turn.generator_id].bake(job)
            except OvenLost:
                await self.call(self.quota.ReturnTurn, quota_pb2.ReturnTurnRequest(**mine))
                turn = await self._turn(ticket)
                continue
            await self.call(self.quota.ReleaseSlots, quota_pb2.ReleaseSlotsRequest(**mine))
            await self.call(self.quota.Commit, quota_pb2.CommitRequest(id=ticket.id, actual=ticket.cost))
            ticket.ended = "drawn"
            return
        reason = quota_pb2.REFUND_REASON_CANCELLED
        await self.call(self.quota.Refund, quota_pb2.RefundRequest(id=ticket.id, reason=reason))
        ticket.ended = ticket.ended or "cancelled"

    async def _turn(self, ticket: Ticket) -> quota_pb2.Turn | None:
        """Watches until a turn comes, on another replica when one goes away; None when the ticket ended."""
        self._anew.add(ticket.id)
        while True:
            try:
                async for answer in self.quota.WatchTicket(quota_pb2.WatchTicketRequest(id=ticket.id)):
                    shown = answer.ticket
                    if shown.state == QUEUED:
                        self._saw(ticket, self._sight(shown))
                    if shown.state == RUNNING:
                        self._started(ticket)
                        return shown.turn
                    if shown.state > RUNNING:
                        ticket.ended = "refunded by the desk"
                        return None
            except grpc.aio.AioRpcError as error:
                self._count("WatchTicket", error)
                self._anew.add(ticket.id)
            await asyncio.sleep(PAUSE)

    def _started(self, ticket: Ticket) -> None:
        if ticket.started is None:
            waiting = {tier: max(work, 0) for tier, work in self._waiting.items()}
            self.log.turns.append(Turn(self.now, ticket.tier, ticket.account, ticket.work, waiting))
            ticket.started = self.now
            self._waiting[ticket.tier] -= ticket.work

    def _saw(self, ticket: Ticket, sight: Sight) -> None:
        """A place that rises says why; a watch that began anew, elsewhere, does not know what was told."""
        before = ticket.sights[-1]
        if sight.place > before.place and sight.reason is None and ticket.id not in self._anew:
            self.log.unexplained.append(f"{ticket.id}: {before.place} to {sight.place} at {sight.at:.1f} s")
        self._anew.discard(ticket.id)
        ticket.sights.append(sight)

    def _sight(self, shown: quota_pb2.Ticket) -> Sight:
        low = shown.eta_low.ToTimedelta().total_seconds() if shown.HasField("eta_low") else None
        high = shown.eta_high.ToTimedelta().total_seconds() if shown.HasField("eta_high") else None
        name = quota_pb2.PlaceReason.Name(shown.place_reason).removeprefix("PLACE_REASON_")
        return Sight(self.now, shown.place, low, high, None if name == "UNSPECIFIED" else name)

    async def beat(self, oven: FixedOven) -> None:
        """One heartbeat."""
        spent = Duration()
        spent.FromMicroseconds(round(oven.picture_time * 1e6))
        await self.call(
            self.quota.Heartbeat,
            quota_pb2.HeartbeatRequest(
                generator_id=oven.name, address=f"{oven.name}:50053", models=[MODEL], slots=oven.slots,
                picture_time=spent,
            ),
        )  # fmt: skip

    async def extend(self) -> None:
        """Keeps the live ones alive, for as long as the run lasts."""
        while True:
            await asyncio.sleep(EXTEND_EVERY)
            ids = list(self.live)
            for first in range(0, len(ids), 1_000):
                await self.call(self.quota.Extend, quota_pb2.ExtendRequest(ids=ids[first : first + 1_000]))

    async def look(self) -> None:
        """Writes down the surge level and the backlog, for as long as the run lasts."""
        while True:
            surge = (await self.call(self.quota.DescribeLine, quota_pb2.DescribeLineRequest())).surge
            level = quota_pb2.SurgeLevel.Name(surge.level).removeprefix("SURGE_LEVEL_").lower()
            if not self.log.levels or level != self.log.levels[-1].level:
                self.log.levels.append(Change(self.now, level, surge.cause or "start"))
            self.log.backlog.append((self.now, surge.backlog_seconds))
            if level == "normal":
                self._calm.set()
            else:
                self._calm.clear()
            await asyncio.sleep(LEVEL_EVERY)

    async def is_normal(self) -> None:
        """Until the surge level is normal."""
        await self._calm.wait()

    async def call(self, method: Callable[..., Awaitable[Any]], request: Any) -> Any:
        """Again while a replica is away. Raises grpc's error when it is not that, or stays so."""
        for left in range(TRIES, 0, -1):
            try:
                return await method(request, timeout=DEADLINE)
            except grpc.aio.AioRpcError as error:
                if left == 1:
                    raise
                self._count(type(request).__name__.removesuffix("Request"), error)
                await asyncio.sleep(PAUSE)

    def _count(self, call: str, error: grpc.aio.AioRpcError) -> None:
        if error.code() not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
            raise error
        self.retries[f"{call}: {error.code().name}"] += 1
