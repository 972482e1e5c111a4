"""Reports to the desk: where this oven is, what it bakes, how much it holds, how fast it is.

The desk hands out turns only for ovens it hears from. It answers how soon it wants to hear again; when it is
away the oven goes on baking and tries again, at most `LONGEST_PAUSE` apart. From the moment the process drains
every report says 0 slots, until the process ends: silence would say that it died.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import grpc

from fournil.quota.v1 import quota_pb2, quota_pb2_grpc
from services.generator import measures
from services.runtime.errors import Fault
from services.runtime.wire_errors import from_rpc_error
from services.runtime.wire_time import duration, seconds

log = logging.getLogger("fournil.heartbeat")

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
"""Seconds between tries while the desk is away."""
LEAST, MOST = 0.1, 30.0
"""Bounds of the desk's interval in seconds, whatever it answers."""
EARLY = 0.8
"""Of the answered interval: the desk says within, not at."""
REPORT_TIMEOUT = 2.0
DRAIN_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the desk hears. `picture_seconds` is None before the first measure."""

    generator_id: str
    address: str
    models: Sequence[str]
    slots: int
    picture_seconds: float | None


Desk = Callable[[Report], Awaitable[float]]
"""Hands a report over; returns the seconds within which the next is wanted. Raises Fault."""


class Heartbeat:
    """`run` reports until cancelled; `drain` makes it say 0 slots, at once and from then on."""

    def __init__(self, desk: Desk, report: Callable[[], Report]) -> None:
        self._desk = desk
        self._report = report
        self._draining = asyncio.Event()
        self._told = asyncio.Event()

    async def run(self) -> None:
        """The loop. No trouble of the desk ends it."""
        failures = 0
        while True:
            draining = self._draining.is_set()
            report = replace(self._report(), slots=0) if draining else self._report()
            try:
                pause = EARLY * min(max(await self._desk(report), LEAST), MOST)
                if failures:
                    log.info("desk is back", extra={"failures": failures})
                failures = 0
                measures.HEARTBEATS.labels("ok").inc()
                if draining:
                    self._told.set()
            except Fault as fault:
                pause = backoff(failures) * random.uniform(0.5, 1.0)
                if not failures:
                    log.warning("desk does not answer", extra={"reason": fault.reason, "detail": fault.message})
                failures += 1
                measures.HEARTBEATS.labels("failed").inc()
            await self._pause(pause, wakes=not draining)

    async def drain(self) -> None:
        """Returns when the desk has heard that there are no more slots, at the latest after `DRAIN_PATIENCE`."""
        self._draining.set()
        try:
            async with asyncio.timeout(DRAIN_PATIENCE):
                await self._told.wait()
        except TimeoutError:
            log.warning("draining, and the desk has not heard of it yet")

    async def _pause(self, seconds: float, *, wakes: bool) -> None:
        """Waits; the beginning of the drain cuts it short."""
        if not wakes:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._draining.wait()
        except TimeoutError:
            return


def backoff(failures: int) -> float:
    """Longest pause in seconds after that many failures on end before this one."""
    return float(min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE))


class GrpcDesk:
    """The desk over gRPC. Call it as a `Desk`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = quota_pb2_grpc.QuotaServiceStub(channel)

    async def __call__(self, report: Report) -> float:
        request = quota_pb2.HeartbeatRequest(
            generator_id=report.generator_id,
            address=report.address,
            models=report.models,
            slots=report.slots,
            picture_time=duration(report.picture_seconds),
        )
        try:
            answer = await self._stub.Heartbeat(request, timeout=REPORT_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error, "quota") from error
        return seconds(answer.interval)
