"""The desk while its store hangs, dies and comes back: an answer in time, always the same, and then the right one.

A second of the append-only file may be lost when a store is killed (`appendfsync everysec`): what is counted on
here was written more than a second before.
"""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.local_mesh.store import LocalStore, start_store
from services.quota.office import Holder
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.quota.store import Ask, Decision
from services.runtime.errors import Fault, Reason
from services.runtime.pipelined import BUDGET, GRACE, PipelinedLink

IN_TIME = 0.1
"""Seconds to an answer whatever the store does: its budget of 50 ms and what this machine adds."""


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[LocalStore]:
    """A store of this test's own, to be stopped and killed."""
    store = start_store(tmp_path)
    yield store
    os.kill(store.process.pid, signal.SIGCONT)
    store.stop()


@asynccontextmanager
async def desk_store(url: str, budget: float = BUDGET) -> AsyncIterator[RedisStore]:
    """The desk's store with the link and, unless told otherwise, the budget that the service has; an account."""
    link = PipelinedLink(url, tag=TAG, budget=budget)
    store = RedisStore(link, load_policy(BUNDLED))
    try:
        await answered(store.create_key("digest", Holder("ada", "paid", "key_ada", False), "a test"))
        yield store
    finally:
        await link.close()


async def answered(call: object) -> None:
    """Awaits a first call, for which the connection is made."""
    await call  # type: ignore[misc]


def ask(number: int) -> Ask:
    return Ask(f"{number:026d}", "ada", 1, "crumb", 60.0, work=1000)


async def timed(store: RedisStore, number: int) -> tuple[float, Decision | Fault]:
    """Seconds to the answer, and it."""
    began = time.perf_counter()
    try:
        decision: Decision | Fault = await store.reserve(ask(number))
    except Fault as fault:
        decision = fault
    return time.perf_counter() - began, decision


async def all_unavailable(store: RedisStore, first: int) -> None:
    """Twenty decisions at once, then twenty one after another: all UNAVAILABLE, all in time."""
    stall, *together = await asyncio.gather(stalled(), *(timed(store, first + n) for n in range(20)))
    in_turn = [await timed(store, first + n) for n in range(20, 40)]
    for _, fault in [*together, *in_turn]:
        assert isinstance(fault, Fault) and fault.reason is Reason.UNAVAILABLE and fault.retry_after, fault
    assert max(seconds for seconds, _ in together) <= IN_TIME + stall
    assert statistics.median(seconds for seconds, _ in in_turn) < 0.01, "the breaker is open"


async def stalled() -> float:
    """Seconds that this machine held a sleep up which is as long as a decision waits."""
    began = time.perf_counter()
    await asyncio.sleep(BUDGET + GRACE)
    return time.perf_counter() - began - BUDGET - GRACE


async def until_back(store: RedisStore, number: int) -> Decision:
    """The first answer that is none of unavailability; any other error fails."""
    async with asyncio.timeout(10):
        while True:
            _, decision = await timed(store, number)
            if isinstance(decision, Decision):
                return decision
            assert decision.reason is Reason.UNAVAILABLE, decision
            await asyncio.sleep(0.02)


async def all_right(store: RedisStore, first: int) -> None:
    """What is asked after the first right answer is answered, and every counter is right."""
    decisions = await asyncio.gather(*(until_back(store, first + n) for n in range(50)))
    assert all(decision.reservation or decision.refusal for decision in decisions)
    assert await store.discrepancies() == []


async def test_a_hung_store_is_answered_for_in_time(own_store: LocalStore) -> None:
    async with desk_store(own_store.url) as store:
        assert (await store.reserve(ask(1))).reservation
        os.kill(own_store.process.pid, signal.SIGSTOP)
        await all_unavailable(store, 100)
        os.kill(own_store.process.pid, signal.SIGCONT)
        first = await until_back(store, 1)
        assert first.repeated and first.reservation and first.reservation.id == ask(1).id
        await all_right(store, 200)


async def test_a_dead_store_is_answered_for_in_time(own_store: LocalStore, tmp_path: Path) -> None:
    async with desk_store(own_store.url) as store:
        assert (await store.reserve(ask(1))).reservation
        await asyncio.sleep(1.2)
        own_store.process.kill()
        own_store.process.wait(10)
        await all_unavailable(store, 100)
        own_store.process = start_store(tmp_path, port=own_store.port).process
        first = await until_back(store, 1)
        assert first.repeated and first.reservation and first.reservation.id == ask(1).id
        await all_right(store, 200)


async def test_a_store_that_restarts_between_two_calls_is_not_noticed(
    own_store: LocalStore, tmp_path: Path
) -> None:
    async with desk_store(own_store.url, budget=2.0) as store:
        await asyncio.sleep(1.2)
        for number in range(2):
            own_store.process.kill()
            own_store.process.wait(10)
            own_store.process = start_store(tmp_path, port=own_store.port).process
            # Nothing ran here meanwhile: the loop learns of the lost connection now, unasked. Then all is right.
            await asyncio.sleep(0.05)
            decisions = await asyncio.gather(*(store.reserve(ask(number)) for _ in range(20)))
            assert all(decision.reservation for decision in decisions)
