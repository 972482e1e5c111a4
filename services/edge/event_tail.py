"""Readers of event logs: each gets the events after the one it saw last, on any replica, until the last one.

An event written by this very process wakes its readers at once; those written elsewhere are found by asking
twice a second. A reader asks the log itself, so a slow one harms nobody and misses nothing.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator

from services.edge.diary import RedisDiary
from services.edge.job import Event
from services.runtime.errors import Fault, Reason

POLL_SECONDS = 0.5
MOST_READERS = 20_000


class EventTail:
    """Follows jobs' logs. `wake` is the diary's `told` callback."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._readers = 0

    def wake(self, job_id: str, kind: str) -> None:
        """An event of `job_id` was written here."""
        for bell in self._waiting.get(job_id, ()):
            bell.set()

    async def follow(self, diary: RedisDiary, job_id: str, *, after: str = "") -> AsyncIterator[Event | None]:
        """Events after `after`, then new ones, until the last. Yields None about every ten seconds of
        silence, so that the caller can write a keep-alive and notice that its reader left."""
        if self._readers >= MOST_READERS:
            raise Fault(Reason.OVERLOADED, "too many readers on this replica", retry_after=5.0)
        self._readers += 1
        bell = asyncio.Event()
        self._waiting[job_id].add(bell)
        silence = 0.0
        try:
            while True:
                bell.clear()
                for event in await diary.events(job_id, after=after):
                    after, silence = event.id, 0.0
                    yield event
                    if event.last:
                        return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await bell.wait()
                if not bell.is_set():
                    silence += POLL_SECONDS
                if silence >= 10.0:
                    silence = 0.0
                    yield None
        finally:
            self._readers -= 1
            self._waiting[job_id].discard(bell)
            if not self._waiting[job_id]:
                del self._waiting[job_id]
