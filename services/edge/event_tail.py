"""Readers of event logs: each gets the events after the one it saw last, on any replica, until the last one.

    any edge ── XADD ──> {edge}:news ── one XREAD a replica ──> the bells of the readers of that job
    readers that were woken ── one pipeline of XRANGE ──> the events after what each has seen

One connection a replica hears of every event in the mesh, however many read; what has no reader here costs a look
in a dict. Readers that stand at the same event share one read, so a thousand watchers of one job ask for it once.
A reader asks the log itself and keeps only where it stands: a slow one harms nobody and misses nothing.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import Protocol

from services.edge.job import Event
from services.runtime.errors import Fault, Reason

log = logging.getLogger("fournil.events")

SILENCE_SECONDS = 10.0
"""After which a reader looks in its log whatever the news say, and its caller may write a keep-alive."""
NEWS_WAIT_MS = 1_000
MOST_READERS = 20_000
PAGE = 100
"""Events of one log read at once."""
MOST_AT_ONCE = 256
"""Logs read in one pipeline."""

Asked = tuple[str, str]
"""(job id, id of the last event seen)."""


class EventLog(Protocol):
    """Where events are: the diary."""

    async def events(self, asked: Sequence[Asked]) -> Sequence[Sequence[Event]]:
        """The next events for each, at most `PAGE`."""
        ...

    async def last_news(self) -> str:
        """Where the news end."""
        ...

    async def news(self, after: str, *, wait_ms: int) -> tuple[str, Sequence[Asked]]:
        """What was written since, as (job id, event id)."""
        ...


class EventTail:
    """Follows jobs' logs. `run` must run beside it."""

    def __init__(self, diary: EventLog) -> None:
        self._diary = diary
        self._bells: dict[str, set[_Bell]] = {}
        self._readers = 0
        self._asked: dict[Asked, asyncio.Future[Sequence[Event]]] = {}
        self._anything = asyncio.Event()

    async def run(self) -> None:
        """Hears the news and reads for those that they wake, until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._hear())
            both.create_task(self._read())

    async def follow(self, job_id: str, *, after: str = "") -> AsyncIterator[Event | None]:
        """Events after `after`, then new ones, until the last. Yields None about every ten seconds of
        silence, so that the caller can write a keep-alive and notice that its reader left. Raises Fault
        OVERLOADED when there are too many readers, UNAVAILABLE when the store is away."""
        if self._readers >= MOST_READERS:
            raise Fault(Reason.OVERLOADED, "too many readers on this replica", retry_after=5.0)
        self._readers += 1
        bell = _Bell()
        self._bells.setdefault(job_id, set()).add(bell)
        try:
            while True:
                found = await self._ask((job_id, after))
                for event in found:
                    after = event.id
                    yield event
                    if event.last:
                        return
                if len(found) < PAGE and not await bell.rung_after(after):
                    yield None
        finally:
            self._readers -= 1
            bells = self._bells[job_id]
            bells.discard(bell)
            if not bells:
                del self._bells[job_id]

    async def _ask(self, asked: Asked) -> Sequence[Event]:
        answer = self._asked.get(asked)
        if answer is None:
            answer = self._asked[asked] = asyncio.get_running_loop().create_future()
            self._anything.set()
        return await asyncio.shield(answer)

    async def _hear(self) -> None:
        """A store that is away is waited for: the news go on where they were, and silence makes readers look."""
        place = ""
        while True:
            try:
                place = place or await self._diary.last_news()
                place, told = await self._diary.news(place, wait_ms=NEWS_WAIT_MS)
            except Fault as fault:
                log.info("no news", extra={"reason": fault.reason})
                await asyncio.sleep(0.5)
                continue
            for job_id, event_id in told:
                for bell in self._bells.get(job_id, ()):
                    bell.ring(event_id)

    async def _read(self) -> None:
        """One pipeline at a time: who asks meanwhile goes with the next."""
        while True:
            await self._anything.wait()
            self._anything.clear()
            while self._asked:
                first = list(islice(self._asked, MOST_AT_ONCE))
                await self._answer([(asked, self._asked.pop(asked)) for asked in first])

    async def _answer(self, batch: Sequence[tuple[Asked, "asyncio.Future[Sequence[Event]]"]]) -> None:
        try:
            found = await self._diary.events([asked for asked, _ in batch])
        except Fault as fault:
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(fault)
                    answer.exception()  # nobody may be left to hear it
            return
        for (_, answer), events in zip(batch, found, strict=True):
            if not answer.done():
                answer.set_result(events)


class _Bell:
    """Of one reader: the newest event of its job that it was told of."""

    def __init__(self) -> None:
        self._newest = (0, 0)
        self._rung = asyncio.Event()

    def ring(self, event_id: str) -> None:
        self._newest = max(self._newest, _number(event_id))
        self._rung.set()

    async def rung_after(self, seen: str) -> bool:
        """Waits for an event after `seen`; False after a silence."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SILENCE_SECONDS):
                while self._newest <= _number(seen):
                    self._rung.clear()
                    await self._rung.wait()
                return True
        return False


def _number(event_id: str) -> tuple[int, int]:
    left, _, right = event_id.partition("-")
    return int(left or 0), int(right or 0)
