"""The diary on a real store: accepted once, ended once, handed from edge to edge."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.edge.diary import RedisDiary
from services.edge.event_tail import EventTail
from services.edge.job import Account, Drawn, Failure, Job, Place, Spec, State, Usage, new_job_id
from services.edge.peers import RoughPicture, StepDone
from services.runtime.errors import Fault, Reason
from services.runtime.redis_link import RedisLink


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
    kinds = [event.kind for event in await diary.events(job.id, after="")]
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


async def test_a_reader_resumes_without_gap_or_repeat(link: RedisLink) -> None:
    tail = EventTail()
    diary, job = RedisDiary(link, "edge-1", tail.wake), a_job()
    await diary.open()
    await diary.accept(job)

    async def write() -> None:
        for step in range(1, 5):
            await diary.step(job, StepDone(0, step, 4))
            await asyncio.sleep(0.01)
        await diary.completed(job, [], 1, None)

    writer = asyncio.create_task(write())
    seen = []
    async for event in tail.follow(diary, job.id):
        if event is not None:
            seen.append(event)
            if len(seen) == 2:
                break
    async for event in tail.follow(diary, job.id, after=seen[-1].id):
        if event is not None:
            seen.append(event)
    await writer
    assert [event.data.get("step") for event in seen] == [1, 2, 3, 4, None]
    assert seen[-1].last and len({event.id for event in seen}) == 5


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
