"""What one replica knows of the whole, at most a moment old: the line, the surge level, the waits that follow.

For ETAs, for the admission by expected wait and for the level a request is judged at: none of them is a limit that
must never be passed. Limits are the store's business.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from services.quota.inflow import Inflows
from services.quota.line import Size
from services.quota.policy import Policy
from services.quota.store import LineState
from services.quota.stores import FullStore
from services.quota.surge import Level, SurgePolicy, SurgeState
from services.quota.ticket import wait_behind

LINE_AGE = 0.2
LEVEL_AGE = 1.0
"""Seconds."""


class View:
    """A cache over the store, shared by all calls of a replica; one of them reads, the others wait for it."""

    def __init__(self, store: FullStore, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._line = LineState((), ())
        self._surge = SurgeState()
        self._line_at = self._surge_at = float("-inf")
        self._waits: dict[str, Mapping[str, float]] = {}
        self._reading = asyncio.Lock()
        self._inflows = Inflows()

    def use(self, policy: Policy) -> None:
        """Another policy from now on."""
        self._policy = policy
        self._waits.clear()

    @property
    def weights(self) -> Mapping[str, int]:
        """Of the tiers."""
        return self._policy.weights

    @property
    def surge_policy(self) -> SurgePolicy:
        """When the level moves."""
        return self._policy.surge

    async def line(self) -> LineState:
        """The line. Raises Fault UNAVAILABLE."""
        if self._clock() - self._line_at > LINE_AGE:
            async with self._reading:
                if self._clock() - self._line_at > LINE_AGE:
                    line = await self._store.line()
                    self._line_at = self._clock()
                    self._line = self._with_flows(line)
                    self._waits.clear()
        return self._line

    def heard(self, generator_id: str) -> None:
        """A generator has reported: if it is new, the line is read anew for the next who asks."""
        if all(oven.generator_id != generator_id for oven in self._line.ovens):
            self._line_at = float("-inf")

    def _with_flows(self, line: LineState) -> LineState:
        """What the store does not know of its classes: how fast they fill, and what their tiers may."""
        self._inflows.see(line.classes, self._line_at)
        tiers = self._policy.tiers
        return LineState(
            [
                replace(
                    one,
                    inflow=self._inflows.of(one.model, one.tier),
                    overcommit=tiers[one.tier].overcommit if one.tier in tiers else 0,
                )
                for one in line.classes
            ],
            line.ovens,
        )

    async def surge(self) -> SurgeState:
        """The surge level. Raises Fault UNAVAILABLE."""
        if self._clock() - self._surge_at > LEVEL_AGE:
            self.saw(await self._store.surge())
        return self._surge

    def saw(self, state: SurgeState) -> None:
        """Somebody has just read or changed it."""
        self._surge, self._surge_at = state, self._clock()

    async def level(self) -> Level:
        """The surge level. Raises Fault UNAVAILABLE."""
        return (await self.surge()).level

    async def waits(self, model: str) -> Mapping[str, float]:
        """Seconds that a ticket taken now would wait, by tier; a tier whose wait is not known is missing. Raises
        Fault UNAVAILABLE."""
        line = await self.line()
        if model not in self._waits:
            behind = {tier: Size(0, 0) for tier in self._policy.tiers}
            behind |= {
                one.tier: Size(one.waiting_cost, one.waiting_work) for one in line.classes if one.model == model
            }
            waits = {
                tier: wait_behind(size, model, tier, line, self._policy.weights) for tier, size in behind.items()
            }
            self._waits[model] = {tier: wait.middle for tier, wait in waits.items() if wait}
        return self._waits[model]
