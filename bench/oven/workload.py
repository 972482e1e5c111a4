"""Who comes when: Poisson arrivals from a fixed seed, the same list for every system."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.oven.curve import CAPACITY

STEPS = (4, 8, 20)
"""Step counts, equally likely."""
PAID_SHARE = 0.2
PICTURES_PER_SECOND = CAPACITY / (sum(STEPS) / len(STEPS))
"""What the device can draw of this mix at most: 14.7."""
PATIENCE = (0.2, 3.0)
"""Seconds that a client who gives up waits, uniform."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A load as a share of what the device can draw, and the share of clients who give up. Seconds."""

    load: float
    leaving: float
    warm_up: float
    measured: float

    @property
    def name(self) -> str:
        """For example "1.5x load, 30 % give up"."""
        return f"{self.load:g}x load" + (
            f", {self.leaving:.0%} give up".replace("%", " %") if self.leaving else ""
        )

    @property
    def length(self) -> float:
        """Seconds in which requests arrive."""
        return self.warm_up + self.measured


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: seconds after the start, its steps and class, and the seconds after which it leaves, if any."""

    at: float
    steps: int
    paid: bool
    leaves_after: float | None


def arrivals(scenario: Scenario, seed: int) -> list[Arrival]:
    """The scenario's requests in order of time. The same seed gives the same list."""
    source = random.Random(seed)
    rate = scenario.load * PICTURES_PER_SECOND
    found: list[Arrival] = []
    at = source.expovariate(rate)
    while at < scenario.length:
        steps, paid = source.choice(STEPS), source.random() < PAID_SHARE
        patience = source.uniform(*PATIENCE)
        leaves = source.random() < scenario.leaving
        found.append(Arrival(at, steps, paid, patience if leaves else None))
        at += source.expovariate(rate)
    return found
