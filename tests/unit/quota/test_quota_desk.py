"""The desk over the memory store: followers, rounds that outlive store trouble, what is said of tickets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from services.quota.desk import Desk
from services.quota.line import Size
from services.quota.memory_store import MemoryStore
from services.quota.office import Holder
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.reservation import RefundReason, State
from services.quota.store import Grant
from services.quota.ticket import PlaceReason, Ticket, differs
from services.quota.wait import Wait
from services.runtime.errors import Fault, Reason

POLICY = load_policy(BUNDLED)


def job_id(number: int) -> str:
    return f"{number:026d}"


class ShakyStore(MemoryStore):
    """A memory store that does not answer while `away`."""

    away = False

    async def grant(self, limit: int) -> list[Grant]:
        if self.away:
            raise Fault(Reason.UNAVAILABLE, "the store does not answer")
        return await super().grant(limit)


@pytest.fixture
async def store() -> ShakyStore:
    made = ShakyStore(POLICY, lambda: 1_000.0)
    for name in ("ada", "bob"):
        await made.create_key(f"digest-{name}", Holder(name, "free", f"key_{name}", False), "a test")
    return made


@pytest.fixture
async def desk(store: ShakyStore) -> AsyncIterator[Desk]:
    """A desk with its rounds running."""
    made = Desk(store, POLICY)
    tasks = [asyncio.create_task(task()) for task in (made.rounds.grant, made.rounds.sweep, made.watchers.run)]
    yield made
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def queue(desk: Desk, number: int, account: str = "ada") -> str:
    await desk.reserve(job_id(number), account, 1, "crumb")
    await desk.enqueue(job_id(number))
    return job_id(number)


async def beat(desk: Desk) -> None:
    await desk.heartbeat("oven-1", "oven-1:50053", ["crumb"], 1, 0.5)


async def last_of(tickets: AsyncIterator[Ticket]) -> Ticket:
    async with asyncio.timeout(20):
        seen = [ticket async for ticket in tickets]
    return seen[-1]


async def test_a_follower_sees_the_turn_and_then_no_more(desk: Desk) -> None:
    follower = asyncio.create_task(last_of(desk.watch(await queue(desk, 1))))
    await beat(desk)
    ticket = await follower
    assert ticket.state is State.RUNNING
    assert ticket.turn is not None and ticket.turn.address == "oven-1:50053"
    assert desk.watchers.count == 0


async def test_a_follower_of_what_is_over_gets_one_sight(desk: Desk) -> None:
    id = await queue(desk, 1)
    await desk.refund(id, RefundReason.CANCELLED)
    ticket = await last_of(desk.watch(id))
    assert (ticket.state, ticket.refund_reason) == (State.REFUNDED, RefundReason.CANCELLED)


async def test_a_risen_place_has_its_reason(desk: Desk) -> None:
    await beat(desk)
    running = await queue(desk, 1)
    assert (await last_of(desk.watch(running))).state is State.RUNNING
    waiting = desk.watch(await queue(desk, 2, "bob"))
    assert (await anext(waiting)).place == 0
    await desk.return_turn(running, 1)
    async with asyncio.timeout(20):
        risen = await anext(waiting)
    assert (risen.place, risen.place_reason) == (1, PlaceReason.RETURNED_JOB)
    await waiting.aclose()
    assert desk.watchers.count == 0


async def test_followers_are_bounded_and_leave_nothing_behind(desk: Desk) -> None:
    desk.watchers._most = 2
    id = await queue(desk, 1)
    first, second, third = (desk.watch(id) for _ in range(3))
    assert (await anext(first)).id == (await anext(second)).id == id
    with pytest.raises(Fault) as fault:
        await anext(third)
    assert fault.value.reason is Reason.OVERLOADED
    await first.aclose()
    again = desk.watch(id)
    assert (await anext(again)).id == id
    await again.aclose()
    await second.aclose()
    assert desk.watchers.count == 0
    assert not desk.watchers._followers


async def test_a_replica_that_goes_away_sends_its_followers_on(desk: Desk) -> None:
    id = await queue(desk, 1)
    waiting = desk.watch(id)
    await anext(waiting)
    await desk.watchers.drain()
    for follower in (waiting, desk.watch(id)):
        with pytest.raises(Fault) as fault:
            async with asyncio.timeout(20):
                await anext(follower)
        assert fault.value.reason is Reason.UNAVAILABLE
    assert desk.watchers.count == 0


async def test_rounds_go_on_when_the_store_is_back(desk: Desk, store: ShakyStore) -> None:
    store.away = True
    follower = asyncio.create_task(last_of(desk.watch(await queue(desk, 1))))
    await beat(desk)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await asyncio.shield(follower)
    store.away = False
    assert (await follower).state is State.RUNNING


async def test_the_line_names_every_tier_of_every_served_model(desk: Desk) -> None:
    await beat(desk)
    await desk.heartbeat("oven-2", "oven-2:50053", ["brioche"], 2, None)
    classes, ovens, _, _ = await desk.line()
    assert [(one.model, one.tier) for one in classes] == [
        ("brioche", "free"),
        ("brioche", "paid"),
        ("crumb", "free"),
        ("crumb", "paid"),
    ]
    assert [one.wait is None for one in classes] == [True, True, False, False]
    assert [oven.generator_id for oven in ovens] == ["oven-1", "oven-2"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"generator_id": "two words"}, "generator_id"),
        ({"address": ""}, "address"),
        ({"models": ["Crumb"]}, "models"),
        ({"models": ["crumb"] * 65}, "models"),
        ({"slots": -1}, "slots"),
        ({"picture_time": 0.0}, "picture_time"),
    ],
)
async def test_a_bad_heartbeat_names_the_field(desk: Desk, fields: dict[str, object], field: str) -> None:
    report: dict[str, object] = {
        "generator_id": "oven-1",
        "address": "oven-1:50053",
        "models": ["crumb"],
        "slots": 1,
        "picture_time": 0.5,
    }
    with pytest.raises(Fault) as fault:
        await desk.heartbeat(**(report | fields))  # type: ignore[arg-type]
    assert fault.value.metadata["field"] == field


def test_an_eta_is_told_again_when_it_moved_by_a_tenth_and_a_second() -> None:
    shown = Ticket("0" * 26, State.QUEUED, 3, Size(3, 3_000), Wait(10.0, 100.0), 0, None, None)
    for wait, worth in (
        (Wait(10.5, 100.0), False),
        (Wait(11.5, 100.0), True),
        (Wait(10.0, 105.0), False),
        (Wait(10.0, 111.0), True),
        (None, True),
    ):
        assert differs(replace(shown, wait=wait), shown) is worth, wait
    assert differs(replace(shown, place=4), shown)
    assert not differs(replace(shown, returned=9), shown)
