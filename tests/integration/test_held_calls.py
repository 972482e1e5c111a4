"""Held calls on a real store: who may claim a job, when it is given up, and what a lost store or edge leaves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from services.edge import held_calls
from services.edge.diary import RedisDiary
from services.edge.held_calls import HELD, HeldCalls, call_name
from services.edge.job import Account, Drawn, Failure, Job, Spec, new_job_id
from services.runtime.errors import Reason
from services.runtime.redis_link import RedisLink
from tests.integration.tasks import ended

ANNA = Account("anna", "free", "k")
CALL = call_name(ANNA, "hash")


@pytest.fixture
async def link(valkey_url: str) -> AsyncIterator[RedisLink]:
    opened = RedisLink(valkey_url)
    yield opened
    await opened.close()


@pytest.fixture
async def diary(link: RedisLink) -> RedisDiary:
    made = RedisDiary(link, "edge-1", lambda job_id, kind: None)
    await made.open()
    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become tenths of them."""
    for name, value in {"HOLD_MS": 1_500, "GRACE_MS": 700, "SAY_SECONDS": 0.2, "LOOK_SECONDS": 0.05}.items():
        monkeypatch.setattr(held_calls, name, value)
        monkeypatch.setattr("services.edge.diary." + name, value, raising=False)


async def accepted(diary: RedisDiary, call: str = CALL, again: bool = False) -> Job:
    spec = Spec("a crab", "tiny", 1, 64, 64, seed=7, steps=4, previews=1)
    job = Job(new_job_id(), ANNA, spec, created=1_000.0, call=call, again=again)
    await diary.accept(job)
    return job


class Edge:
    """One replica's held calls, which writes down whom it cancels."""

    def __init__(self, link: RedisLink, diary: RedisDiary) -> None:
        self.cancelled: list[str] = []
        self._diary = diary
        self.calls = HeldCalls(link, self._cancel)

    async def _cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
        await self._diary.failed(await self._diary.read(job_id), Failure(Reason.JOB_CANCELLED))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Edge"]:
        task = asyncio.create_task(self.calls.run())
        yield self
        await ended(task)


async def test_a_retry_finds_its_job_and_another_call_does_not(link: RedisLink, diary: RedisDiary) -> None:
    one, job = Edge(link, diary).calls, await accepted(diary)
    assert await one.claim(CALL, counted=True) == job.id
    assert await one.claim(call_name(ANNA, "other"), counted=True) == ""
    assert await one.claim(call_name(Account("anna", "free", "k2"), "hash"), counted=True) == ""
    assert await one.claim(call_name(Account("bert", "free", "k"), "hash"), counted=True) == ""


async def test_an_attempt_that_was_lost_before_its_job_was_there_is_not_drawn_beside_its_retry(
    link: RedisLink, diary: RedisDiary
) -> None:
    async with Edge(link, diary).running() as one:
        assert await one.calls.claim(CALL, counted=True) == "", "the retry is there before the first is accepted"
        first, retry, bystander = await accepted(diary), await accepted(diary, again=True), await accepted(diary)
        with one.calls.holding(retry.id), one.calls.holding(bystander.id):
            with one.calls.holding(first.id):
                pass
            await asyncio.sleep(0.3)
            assert one.cancelled == [first.id], "without grace"
            second = await accepted(diary)
            with one.calls.holding(second.id):
                pass
            await asyncio.sleep(0.3)
            assert one.cancelled == [first.id], "one retry stands for one lost attempt"


async def test_a_job_that_nobody_holds_for_is_not_in_the_book(link: RedisLink, diary: RedisDiary) -> None:
    await accepted(diary, call="")
    assert await link.text.zcard(HELD) == 0
    assert await Edge(link, diary).calls.claim("", counted=True) == ""


async def test_who_does_not_say_that_it_tries_again_gets_only_what_was_left_alone(
    link: RedisLink, diary: RedisDiary
) -> None:
    one, job = Edge(link, diary).calls, await accepted(diary)
    with one.holding(job.id):
        assert await one.claim(CALL, counted=False) == "", "two callers may ask for the same at once"
    assert await one.claim(CALL, counted=False) == job.id
    assert await one.claim(CALL, counted=False) == "", "claimed once: it is held again"


async def test_the_one_left_alone_comes_first(link: RedisLink, diary: RedisDiary) -> None:
    one = Edge(link, diary).calls
    first, second = await accepted(diary), await accepted(diary)
    with one.holding(first.id):
        with one.holding(second.id):
            pass
        assert await one.claim(CALL, counted=True) == second.id


async def test_a_finished_job_may_be_claimed_for_a_while(
    link: RedisLink, diary: RedisDiary, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, job = Edge(link, diary).calls, await accepted(diary)
    await diary.completed(job, [Drawn(0, 7)], 1, None)
    assert await one.claim(CALL, counted=False) == "", "its caller was not seen to leave"
    assert await one.claim(CALL, counted=True) == job.id
    one.not_delivered(job.id)
    assert await one.claim(CALL, counted=False) == job.id
    assert await one.claim(CALL, counted=False) == "", "claimed once: somebody waits for it again"
    monkeypatch.setattr(held_calls, "LATE_MS", 0)
    assert await one.claim(CALL, counted=True) == ""


async def test_an_answer_that_was_taken_is_not_given_twice(link: RedisLink, diary: RedisDiary) -> None:
    one, job = Edge(link, diary).calls, await accepted(diary)
    with one.holding(job.id) as hold:
        await diary.completed(job, [Drawn(0, 7)], 1, None)
        hold.answering = True
    await one.answered(job.id)
    # The same words again, refused at first, and then again by the client itself: not the picture of before.
    assert await one.claim(CALL, counted=True) == "" and await link.text.zcard(HELD) == 0


async def test_a_refunded_job_is_asked_for_anew(link: RedisLink, diary: RedisDiary) -> None:
    job = await accepted(diary)
    await diary.failed(job, Failure(Reason.JOB_FAILED))
    assert await Edge(link, diary).calls.claim(CALL, counted=True) == ""


async def test_what_nobody_holds_is_given_up_once_and_what_is_held_is_not(
    link: RedisLink, diary: RedisDiary
) -> None:
    async with Edge(link, diary).running() as one, Edge(link, diary).running() as other:
        left, kept, done = await accepted(diary), await accepted(diary), await accepted(diary)
        await diary.completed(done, [], 1, None)
        with other.calls.holding(kept.id):
            with one.calls.holding(left.id):
                await asyncio.sleep(2.0)
                assert one.cancelled == other.cancelled == []
            await asyncio.sleep(0.4)
            assert one.cancelled == other.cancelled == [], "the grace"
            await asyncio.sleep(0.8)
            assert one.cancelled + other.cancelled == [left.id]
            assert await one.calls.claim(CALL, counted=True) != left.id
    assert await link.text.zrange(HELD, 0, -1) == [kept.id]


async def test_a_dead_replica_says_nothing_more_and_its_jobs_are_given_up_by_another(
    link: RedisLink, diary: RedisDiary
) -> None:
    job = await accepted(diary)
    async with Edge(link, diary).running() as other:
        # The replica that took the job never held it: it is dead.
        await asyncio.sleep(1.0)
        assert other.cancelled == []
        await asyncio.sleep(0.8)
    assert other.cancelled == [job.id]


async def test_a_claimed_job_is_not_given_up(link: RedisLink, diary: RedisDiary) -> None:
    async with Edge(link, diary).running() as one:
        job = await accepted(diary)
        with one.calls.holding(job.id):
            pass
        await asyncio.sleep(0.3)
        assert await one.calls.claim(CALL, counted=True) == job.id
        with one.calls.holding(job.id):
            await asyncio.sleep(1.6)
    assert one.cancelled == []


async def test_after_a_time_without_a_look_everybody_gets_new_time(
    link: RedisLink, diary: RedisDiary, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await accepted(diary)
    await link.text.zadd(HELD, {job.id: 1.0})
    monkeypatch.setattr(held_calls, "UNSEEN_MS", 300)
    async with Edge(link, diary).running() as one:
        await asyncio.sleep(0.5)
        assert one.cancelled == [], "the store was away: nobody could say that it holds"
        await asyncio.sleep(1.5)
    assert one.cancelled == [job.id]


async def test_a_cancel_that_died_half_way_is_done_by_the_next(
    link: RedisLink, diary: RedisDiary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_calls, "AGAIN_MS", 300)
    job = await accepted(diary)
    async with Edge(link, diary).running() as one:
        real, tries = one._cancel, []

        async def dies(job_id: str) -> None:
            tries.append(job_id)
            if len(tries) == 1:
                raise held_calls.Fault(Reason.UNAVAILABLE, "the desk is away")
            await real(job_id)

        one.calls._cancel = dies
        await link.text.zadd(HELD, {job.id: 1.0})
        await asyncio.sleep(0.2)
        await link.text.zadd(HELD, {job.id: 1.0})
        await asyncio.sleep(0.6)
    assert one.cancelled == [job.id] and len(tries) == 2
