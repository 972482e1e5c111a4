"""The diary on a real store: accepted once, ended once, handed from edge to edge."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from services.edge.diary import RedisDiary
from services.edge.event_tail import PAGE, EventTail
from services.edge.job import Account, Drawn, Event, Failure, Job, Place, Spec, State, Usage, new_job_id
from services.edge.peers import RoughPicture, StepDone
from services.runtime.errors import Fault, Reason
from services.runtime.redis_link import RedisLink
from tests.integration.tasks import ended


def a_job(account: str = "anna") -> Job:
    spec = Spec("un crabe à côté d'une barque", "tiny", 2, 64, 64, seed=7, steps=4, previews=1)
    return Job(new_job_id(), Account(account, "free", "k"), spec, created=1_000.0, request_id="r", body_hash="h")


@pytest.fixture
async def link(valkey_url: str) -> AsyncIterator[RedisLink]:
    opened = RedisLink(valkey_url)
    yield opened
    await opened.close()


async def a_diary(link: RedisLink, name: str = "edge-1") -> RedisDiary:
    diary = RedisDiary(link, name, lambda job_id, kind: None)
    await diary.open()
    return diary


async def test_a_job_is_read_back_as_it_was_written(link: RedisLink) -> None:
    diary, job = await a_diary(link), a_job()
    await diary.accept(job)
    await diary.accept(job)
    assert await diary.read(job.id) == job
    assert await link.text.xlen("{edge}:work") == 1, "accepting twice makes one lease"
    await diary.queued(job, Place(3, 1.5, 4.0, "fair_share"))
    read = await diary.read(job.id)
    assert (read.state, read.place) == (State.QUEUED, Place(3, 1.5, 4.0, "fair_share"))


async def test_a_job_ends_once_and_says_nothing_after(link: RedisLink) -> None:
    diary, job = await a_diary(link), a_job()
    await diary.accept(job)
    await diary.started(job, 1)
    await diary.completed(job, [Drawn(0, 7)], 1, Usage(0.5))
    await diary.failed(job, Failure(Reason.JOB_CANCELLED))
    await diary.step(job, StepDone(0, 1, 4))
    await diary.preview(job, RoughPicture(0, 1, b"png"))
    read = await diary.read(job.id)
    assert (read.state, read.charged, read.failure, read.images) == (State.COMMITTED, 1, None, (Drawn(0, 7),))
    ((*events,),) = await diary.events([(job.id, "")])
    kinds = [event.kind for event in events]
    assert kinds == ["started", "image", "completed"]
    assert await link.text.xlen("{edge}:work") == 0, "an ended job has no lease"
    assert await link.text.ttl(f"{{edge}}:job:{job.id}") > 0, "an ended job is not kept for ever"


async def test_an_edge_takes_over_only_what_went_stale(link: RedisLink) -> None:
    first, second, job = await a_diary(link), await a_diary(link, "edge-2"), a_job()
    await first.accept(job)
    assert await second.adopt(idle_ms=60_000, count=10) == []
    entry = await first.work_entry(job.id)
    assert await first.renew([entry]) == []
    await first.renew([entry], idle_ms=70_000)
    assert await second.adopt(idle_ms=60_000, count=10) == [(entry, job.id)]
    assert await first.renew([entry]) == [entry], "the first edge learns that it lost the job"
    assert await second.renew([entry]) == []
    assert await first.adopt(idle_ms=60_000, count=10) == [], "renewing made the lease fresh"


async def test_jobs_are_listed_newest_first_page_by_page(link: RedisLink) -> None:
    diary = await a_diary(link)
    made = []
    for _ in range(5):
        made.append(a_job("berta"))
        await diary.accept(made[-1])
        await asyncio.sleep(0.002)
    await diary.accept(a_job("carla"))
    newest = [job.id for job in reversed(made)]
    assert [job.id for job in await diary.list("berta", before="", limit=3)] == newest[:3]
    assert [job.id for job in await diary.list("berta", before=newest[2], limit=3)] == newest[3:]


@contextlib.asynccontextmanager
async def a_tail(link: RedisLink) -> AsyncIterator[EventTail]:
    """Of another replica than the one that writes."""
    tail = EventTail(await a_diary(link, "edge-2"))
    running = asyncio.create_task(tail.run())
    yield tail
    await ended(running)


async def test_a_reader_resumes_without_gap_or_repeat_on_another_replica(link: RedisLink) -> None:
    diary, job = await a_diary(link), a_job()
    await diary.accept(job)

    async def write() -> None:
        for step in range(1, 5):
            await diary.step(job, StepDone(0, step, 4))
            await asyncio.sleep(0.01)
        await diary.completed(job, [], 1, None)

    async with a_tail(link) as tail:
        writer = asyncio.create_task(write())
        seen = []
        async for event in tail.follow(job.id):
            if event is not None:
                seen.append(event)
                if len(seen) == 2:
                    break
        async for event in tail.follow(job.id, after=seen[-1].id):
            if event is not None:
                seen.append(event)
        await writer
    assert [event.data.get("step") for event in seen] == [1, 2, 3, 4, None]
    assert seen[-1].last and len({event.id for event in seen}) == 5


async def test_a_log_longer_than_a_page_is_read_to_its_end(link: RedisLink) -> None:
    diary, job = await a_diary(link), a_job()
    await diary.accept(job)
    for step in range(2 * PAGE + 1):
        await diary.step(job, StepDone(0, step, 2 * PAGE + 1))
    await diary.completed(job, [], 1, None)
    async with a_tail(link) as tail:
        seen = [event async for event in tail.follow(job.id) if event is not None]
    assert [event.data["step"] for event in seen[:-1]] == list(range(2 * PAGE + 1)) and seen[-1].last


async def test_readers_of_one_job_share_a_read_and_none_waits_for_a_slow_one(link: RedisLink) -> None:
    diary, job = await a_diary(link), a_job()
    await diary.accept(job)
    reads: list[int] = []
    real = diary.events

    async def counted(asked: Sequence[tuple[str, str]]) -> Sequence[Sequence[Event]]:
        reads.append(len(asked))
        return await real(asked)

    diary.events = counted  # type: ignore[method-assign]
    tail = EventTail(diary)
    running = asyncio.create_task(tail.run())
    late = asyncio.Event()

    async def reader(slow: bool) -> list[str]:
        seen = []
        async for event in tail.follow(job.id):
            if event is not None:
                seen.append(event.id)
                if slow:
                    await late.wait()
        return seen

    slow, fast = asyncio.create_task(reader(True)), [asyncio.create_task(reader(False)) for _ in range(50)]
    await asyncio.sleep(0.05)
    for step in range(1, 5):
        await diary.step(job, StepDone(0, step, 4))
        await asyncio.sleep(0.05)
    await diary.completed(job, [], 1, None)
    seen = await asyncio.wait_for(asyncio.gather(*fast), 5)
    assert not slow.done() and {len(one) for one in seen} == {5}
    assert sum(reads) < 50, "read once an event, not once a reader"
    late.set()
    assert await asyncio.wait_for(slow, 5) == seen[0], "late, and whole"
    await ended(running)


async def test_what_is_not_there_is_not_found(link: RedisLink) -> None:
    with pytest.raises(Fault) as raised:
        await (await a_diary(link)).read(new_job_id())
    assert raised.value.reason is Reason.NOT_FOUND


async def test_a_store_that_is_away_is_said_to_be_away() -> None:
    link = RedisLink("redis://127.0.0.1:1/0")
    diary = RedisDiary(link, "edge-1", lambda job_id, kind: None)
    with pytest.raises(Fault) as raised:
        await diary.read(new_job_id())
    assert raised.value.reason is Reason.UNAVAILABLE and raised.value.transient
    await link.close()
