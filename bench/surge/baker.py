"""A fake oven of fixed speed in real time, and its heartbeat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench.surge.oven import FixedOven, Job


class OvenLost(Exception):
    """The oven died with the job in it."""


class Baker:
    """One oven; `bake` ends when the job is drawn."""

    def __init__(self, name: str, slots: int, picture_time: float) -> None:
        self.oven = FixedOven(name, slots, picture_time)
        self.oven.now = time.monotonic()
        self.dead = False
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._poke = asyncio.Event()

    async def bake(self, job: Job) -> None:
        """Raises OvenLost when it is dead, or dies meanwhile."""
        if self.dead:
            raise OvenLost
        done = asyncio.get_running_loop().create_future()
        self._waiting[job.id] = done
        self.oven.take(job, time.monotonic())
        self._poke.set()
        await done

    def die(self) -> None:
        """Nothing it holds is drawn."""
        self.dead = True
        now = time.monotonic()
        for job in self.oven.die(now, now):
            self._waiting.pop(job.id).set_exception(OvenLost())

    async def run(self) -> None:
        """Draws, for as long as the run lasts."""
        while True:
            self._poke.clear()
            for job in self.oven.finished(time.monotonic()):
                future = self._waiting.pop(job.id)
                if not future.done():
                    future.set_result(None)
            pause = min(max(self.oven.next_finish() - time.monotonic(), 0.0), 1.0)
            try:
                async with asyncio.timeout(pause):
                    await self._poke.wait()
            except TimeoutError:
                pass

    async def report(self, beat: Callable[[FixedOven], Awaitable[None]], every: float) -> None:
        """Heartbeats while it lives, for as long as the run lasts."""
        while True:
            if not self.dead:
                await beat(self.oven)
            await asyncio.sleep(every)
