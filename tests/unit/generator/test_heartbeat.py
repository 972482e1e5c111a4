"""Reports to the desk, with a desk that answers, is away, and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.generator.heartbeat import EARLY, LONGEST_PAUSE, Heartbeat, Report, backoff
from services.runtime.errors import Fault, Reason

REPORT = Report("life-1", "127.0.0.1:50053", ["tiny"], 4, 1.5)


class Desk:
    """Answers `interval` seconds, or is away for the first `away` reports."""

    def __init__(self, interval: float, away: int = 0) -> None:
        self.interval, self.away = interval, away
        self.heard: list[Report] = []
        self.news = asyncio.Event()

    async def __call__(self, report: Report) -> float:
        self.news.set()
        if self.away:
            self.away -= 1
            raise Fault(Reason.UNAVAILABLE, "quota does not answer")
        self.heard.append(report)
        return self.interval

    async def hears(self, count: int) -> None:
        while len(self.heard) < count:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 5)


@asynccontextmanager
async def running(heartbeat: Heartbeat) -> AsyncIterator[None]:
    task = asyncio.create_task(heartbeat.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def test_reports_go_on_as_long_as_the_process() -> None:
    desk = Desk(interval=0.1)
    async with running(Heartbeat(desk, lambda: REPORT)):
        await desk.hears(3)
    assert set(map(id, desk.heard)) == {id(REPORT)}


async def test_a_desk_that_was_away_is_found_again() -> None:
    desk = Desk(interval=30.0, away=2)
    async with running(Heartbeat(desk, lambda: REPORT)):
        await desk.hears(1)
    assert desk.heard == [REPORT]


async def test_draining_is_told_at_once_and_stays_told() -> None:
    desk = Desk(interval=30.0)
    heartbeat = Heartbeat(desk, lambda: REPORT)
    async with running(heartbeat):
        await desk.hears(1)
        desk.interval = 0.1
        await asyncio.wait_for(heartbeat.drain(), 5)
        await desk.hears(3)
    assert [report.slots for report in desk.heard] == [4, 0, 0]
    assert {report.generator_id for report in desk.heard} == {"life-1"}


def test_pauses_grow_to_a_bound() -> None:
    pauses = [backoff(failures) for failures in range(2_000)]
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] == LONGEST_PAUSE
    assert 0 < EARLY < 1
