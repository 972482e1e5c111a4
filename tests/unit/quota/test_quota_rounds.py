"""The sweep takes nothing away while nobody could have kept it alive."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from services.quota.memory_store import MemoryStore
from services.quota.outage import Outage
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.rounds import CALM, Rounds
from services.quota.store import Grant, Swept
from services.quota.surge import SurgeState
from services.quota.view import View
from services.quota.voucher import Seal
from services.quota.watch import Watchers
from services.runtime.errors import Fault, Reason

POLICY = load_policy(BUNDLED)


class CountingStore(MemoryStore):
    """Counts sweeps; its grants fail while `away`, its reading of the surge level while `paused`."""

    sweeps = 0
    grants = 0
    away = False
    looks = 0
    paused = False

    async def sweep(self, limit: int) -> Swept:
        self.sweeps += 1
        return await super().sweep(limit)

    async def grant(self, limit: int) -> list[Grant]:
        self.grants += 1
        if self.away:
            raise Fault(Reason.UNAVAILABLE, "the store does not answer")
        return await super().grant(limit)

    async def surge(self) -> SurgeState:
        self.looks += 1
        if self.paused:
            raise Fault(Reason.UNAVAILABLE, "the store does not answer")
        return await super().surge()


def rounds_of(store: CountingStore, now: Callable[[], float]) -> Rounds:
    """Of a replica that nobody is served by while its store is away."""
    view = View(store, POLICY)
    outage = Outage(store, POLICY, Seal("pepper"), None)
    return Rounds(store, Watchers(store, view), view, outage, replica="one", clock=now)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_nothing_is_swept_until_the_store_was_calm_for_a_life() -> None:
    now = 0.0
    store = CountingStore(POLICY, lambda: 1_000.0 + now)
    rounds = rounds_of(store, lambda: now)
    tasks = [asyncio.create_task(task()) for task in (rounds.grant, rounds.sweep)]
    try:
        await until(lambda: store.grants > 3)
        assert store.sweeps == 0, "a fresh replica waits"
        now = CALM
        await until(lambda: store.sweeps > 0)
        store.away = True
        seen = store.grants
        await until(lambda: store.grants > seen)
        store.away, swept, seen = False, store.sweeps, store.grants
        await until(lambda: store.grants > seen + 3)
        assert store.sweeps <= swept + 1, "the store was away: its time is not held against anybody"
        now = 2 * CALM + 1
        swept = store.sweeps
        await until(lambda: store.sweeps > swept)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_a_store_that_pauses_for_a_moment_does_not_stop_the_sweep() -> None:
    now = 0.0
    store = CountingStore(POLICY, lambda: 1_000.0 + now)
    rounds = rounds_of(store, lambda: now)
    now, store.paused = CALM, True
    tasks = [asyncio.create_task(task()) for task in (rounds.surge, rounds.sweep)]
    try:
        await until(lambda: store.looks > 1)
        swept = store.sweeps
        await until(lambda: store.sweeps > swept)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
