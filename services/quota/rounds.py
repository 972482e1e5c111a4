"""What goes on beside the calls: handing out turns, sweeping, gauges.

Every replica runs all rounds; each is one idempotent script, so that any number of them may run at once and the
death of one is not noticed. A round that the store fails is tried again with growing pauses, for ever: when the
store is back, it goes on.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict

from services.quota import metrics
from services.quota.checks import USUAL_LIFE
from services.quota.outage import Outage
from services.quota.stores import FullStore
from services.quota.surge import backlog, step
from services.quota.view import View
from services.quota.watch import Watchers
from services.runtime.errors import Fault

log = logging.getLogger("fournil.quota.rounds")

GRANT_EVERY = 0.075
"""Seconds; freed slots of which this replica hears are used at once."""
SWEEP_EVERY = 0.25
GAUGE_EVERY = 2.0
SURGE_EVERY = 0.5
RECONCILE_EVERY = 0.5
PAGE = 100
"""Turns, and reservations swept, in one script: a few milliseconds of the store's time."""
LONGEST_PAUSE = 2.0
CALM = USUAL_LIFE
"""Seconds without trouble, from this replica's start or the store's return, before it takes anything away. Nobody
could extend a reservation while the store or the whole mesh was away; that time must not be held against it."""
WAITING_LONG = {"grant", "sweep"}
"""Rounds that wait seconds for the store: when they fail, there was trouble. The others read what callers wait for
within milliseconds, and miss it when the store pauses for a moment, which takes nothing from anybody."""


class Rounds:
    """The background of one replica."""

    def __init__(
        self,
        store: FullStore,
        watchers: Watchers,
        view: View,
        outage: Outage,
        *,
        replica: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._watchers = watchers
        self._view = view
        self._outage = outage
        self._replica = replica
        self._clock = clock
        self._free = asyncio.Event()
        self._calm_since = clock()

    def kick(self) -> None:
        """Slots or tickets came: hand out turns now. Many kicks before the round runs are one round."""
        self._free.set()

    async def grant(self) -> None:
        """Hands out turns, for as long as the process lives."""
        await self._steadily("grant", self._grant_all, GRANT_EVERY, self._free)

    async def sweep(self) -> None:
        """Moves what ran out of time, for as long as the process lives, except just after trouble."""
        await self._steadily("sweep", self._sweep_all, SWEEP_EVERY, asyncio.Event())

    async def surge(self) -> None:
        """Moves the surge level, for as long as the process lives."""
        await self._steadily("surge", self._look_at_surge, SURGE_EVERY, asyncio.Event())

    async def gauge(self) -> None:
        """Shows the line and the books to Prometheus, for as long as the process lives."""
        await self._steadily("gauge", self._show, GAUGE_EVERY, asyncio.Event())

    async def reconcile(self) -> None:
        """Tells the store of what was granted and ended without it, for as long as the process lives."""
        await self._steadily("reconcile", self._outage.reconcile, RECONCILE_EVERY, asyncio.Event())

    async def _grant_all(self) -> None:
        full = True
        while full:
            grants = await self._store.grant(PAGE)
            full = len(grants) == PAGE
            for grant in grants:
                metrics.GRANTS.labels(grant.model, grant.tier).inc()
            if grants:
                self._watchers.poke()

    async def _sweep_all(self) -> None:
        full = self._clock() - self._calm_since >= CALM
        while full:
            swept = await self._store.sweep(PAGE)
            full = swept.total == PAGE
            if swept.total:
                for what, count in asdict(swept).items():
                    metrics.SWEPT.labels(what).inc(count)
                log.info("swept", extra=asdict(swept))
                self.kick()

    async def _look_at_surge(self) -> None:
        line, before = await self._view.line(), await self._store.surge()
        waiting = backlog(line.classes, line.ovens)
        after = step(before, waiting, time.time(), self._view.surge_policy)
        # Of several replicas that see the same, one writes.
        if after != before and await self._store.set_surge(before, after):
            if after.level is not before.level:
                log.warning(
                    "surge level", extra={"now": after.level, "before": before.level, "cause": after.cause}
                )
            self._view.saw(after)
        else:
            self._view.saw(before)
        metrics.BACKLOG.set(waiting)
        metrics.LEVEL.set(before.level.height)

    async def _show(self) -> None:
        line = await self._store.line()
        self._outage.knows(line.ovens, await self._store.attend(self._replica))
        for one in line.classes:
            metrics.WAITING.labels(one.model, one.tier).set(one.waiting)
            metrics.WAITING_PICTURES.labels(one.model, one.tier).set(one.waiting_cost)
        metrics.SLOTS.set(sum(oven.slots for oven in line.ovens))
        metrics.LEASED.set(sum(oven.leased for oven in line.ovens))
        metrics.FOLLOWERS.set(self._watchers.count)
        for name, value in asdict(await self._store.books()).items():
            metrics.BOOKS.labels(name).set(value)

    async def _steadily(
        self, name: str, step: Callable[[], Awaitable[object]], every: float, wake: asyncio.Event
    ) -> None:
        pause = every
        while True:
            wake.clear()
            try:
                await step()
                pause = every
            except Fault as fault:
                if name in WAITING_LONG:
                    self._calm_since = self._clock()
                metrics.STORE_TROUBLE.labels(name).inc()
                pause = min(max(pause * 2, 0.1), LONGEST_PAUSE)
                log.warning("round failed", extra={"round": name, "reason": fault.reason, "pause": pause})
                await asyncio.sleep(pause)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await wake.wait()
