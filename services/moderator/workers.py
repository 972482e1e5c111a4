"""Model calls off the event loop: a few threads, and a short line before them that refuses when it is full."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from prometheus_client import Gauge

from services.runtime.errors import Fault, Reason

WAITING = Gauge("fournil_moderation_line", "Screenings running or waiting for a thread.")
RETRY_AFTER = 0.5
"""Seconds; a full line of ordinary prompts is worked off in less."""

Result = TypeVar("Result")


class Workers:
    """`threads` calls run at once and at most `line` wait. Used from one event loop."""

    def __init__(self, threads: int, line: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="screen")
        self._room = threading.BoundedSemaphore(threads + line)

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """The result of `work(*arguments)`, run in a thread.

        Raises Fault OVERLOADED at once if the line is full. If the caller goes away while the work waits, it
        is dropped from the line; if it runs already, its place is given back when it ends.
        """
        if not self._room.acquire(blocking=False):
            raise Fault(Reason.OVERLOADED, "too many screenings at once", retry_after=RETRY_AFTER)
        WAITING.inc()
        try:
            future = self._pool.submit(work, *arguments)
        except BaseException:
            self._leave(None)
            raise
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Drops what waits and lets what runs end by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, _: Future[Any] | None) -> None:
        WAITING.dec()
        self._room.release()
