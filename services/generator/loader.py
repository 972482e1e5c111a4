"""Brings models into memory for the jobs that want them: `residency` decides, a thread of its own loads.

Neither the event loop nor the threads in which other models bake wait for a load. A job that waits is one that is
not ready; it waits at most `most_wait`.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from services.generator.families.interface import Model
from services.generator.graph import first_line, give_memory_back
from services.generator.residency import Load, Residency
from services.runtime.errors import Fault, Reason

log = logging.getLogger("fournil.loader")

RETRY_AFTER = 5.0
"""Seconds, for a job whose model could not be brought in for all that others are in use."""


class Loader:
    """Used on one event loop. Every job that has called `hold` must `release`, whatever became of it."""

    def __init__(
        self,
        models: Mapping[str, Model[Any, Any]],
        residency: Residency | None,
        *,
        baking: Sequence[Executor],
        most_wait: float,
    ) -> None:
        """Without a residency all models stay in memory. `baking` are the threads in which models compute, each
        one task at a time and in order: what they began for a job that has left ends before its model is put out.
        `most_wait` is in seconds."""
        self._models = models
        self._residency = residency or Residency()
        if residency is None:
            for name in models:
                self._residency.add(name, 0)
        self._baking = baking
        self._most_wait = most_wait if math.isfinite(most_wait) else None
        self._granted: dict[int, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._loading = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._closed = False

    async def hold(self, job: int, model: str) -> None:
        """Returns when the model is in memory; it stays there until `release`. Raises Fault: OVERLOADED when that
        takes too long, INTERNAL when it cannot be loaded."""
        self._granted[job] = asyncio.get_running_loop().create_future()
        self._residency.ask(job, model, time.monotonic())
        self._go_on()
        try:
            async with asyncio.timeout(self._most_wait):
                await self._granted[job]
        except TimeoutError:
            detail = f"model {model!r} could not be brought into memory in time"
            raise Fault(Reason.OVERLOADED, detail, retry_after=RETRY_AFTER) from None

    def release(self, job: int) -> None:
        """The job needs its model no more. Idempotent."""
        if self._granted.pop(job, None) is not None:
            self._residency.leave(job)
            self._go_on()

    def close(self) -> None:
        """Drops what waits; a load that runs ends by itself."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        self._loading.shutdown(wait=False, cancel_futures=True)

    def _go_on(self) -> None:
        """Lets the jobs go whose models are in memory, and begins the next load."""
        for job in self._residency.settle(time.monotonic()):
            if not self._granted[job].done():
                self._granted[job].set_result(None)
        if not self._closed and (load := self._residency.next_load()):
            self._task = asyncio.create_task(self._load(load))

    async def _load(self, load: Load) -> None:
        loop, started = asyncio.get_running_loop(), time.perf_counter()

        def work() -> None:
            for name in load.out:
                self._models[name].unload()
            give_memory_back()
            self._models[load.name].load()

        try:
            await asyncio.gather(*(loop.run_in_executor(pool, _nothing) for pool in self._baking))
            await loop.run_in_executor(self._loading, work)
        except Exception as error:
            log.error("model not loaded", extra={"folder": load.name, "detail": first_line(error)})
            detail = f"model {load.name!r} could not be loaded; the oven's log says why"
            for job in self._residency.failed():
                if not self._granted[job].done():
                    self._granted[job].set_exception(Fault(Reason.INTERNAL, detail))
        else:
            self._residency.loaded()
            seconds = round(time.perf_counter() - started, 3)
            log.info("model loaded", extra={"model": load.name, "put_out": load.out, "seconds": seconds})
        self._go_on()


def _nothing() -> None:
    """What a thread does between two tasks."""
