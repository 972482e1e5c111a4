"""Who comes when: Poisson arrivals from a fixed seed, the same list for every system."""

from __future__ import annotations

import random
from dataclasses import dataclass

PAID_SHARE = 0.2
PATIENCE = (0.2, 3.0)
"""Seconds that a client who gives up waits, uniform."""
PATIENT = 120.0
"""Seconds that a client waits who wants to see the end of a list."""
PROMPTS = tuple(
    f"a {colour} {thing} on a {ground} background"
    for thing in ("apple", "boat", "crab", "cake", "fish", "house", "tree", "cat")
    for colour in ("red", "green", "yellow")
    for ground in ("blue", "white")
)
"""What is asked for, in turn; more than one, so that a server does not encode the same one again and again."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Step counts, each entry as likely as the others, and how many such pictures a second are full load."""

    steps: tuple[int, ...]
    pictures_per_second: float

    @property
    def counts(self) -> tuple[int, ...]:
        """The step counts there are, rising."""
        return tuple(sorted(set(self.steps)))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A load as a share of the mix's full load, and the share of clients who give up. Seconds."""

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
    leaves_after: float | None = None
    number: int = 0

    @property
    def prompt(self) -> str:
        """What is to be drawn."""
        return PROMPTS[self.number % len(PROMPTS)]


def arrivals(scenario: Scenario, mix: Mix, seed: int) -> list[Arrival]:
    """The scenario's requests in order of time. The same seed gives the same list."""
    source = random.Random(seed)
    rate = scenario.load * mix.pictures_per_second
    found: list[Arrival] = []
    at = source.expovariate(rate)
    while at < scenario.length:
        steps, paid = source.choice(mix.steps), source.random() < PAID_SHARE
        patience = source.uniform(*PATIENCE)
        leaves = source.random() < scenario.leaving
        found.append(Arrival(at, steps, paid, patience if leaves else None, len(found)))
        at += source.expovariate(rate)
    return found


def all_at_once(count: int, mix: Mix, seed: int) -> list[Arrival]:
    """`count` patient requests at time 0, the step counts of the mix in equal parts, shuffled by the seed."""
    source = random.Random(seed)
    steps = [mix.steps[number % len(mix.steps)] for number in range(count)]
    source.shuffle(steps)
    return [Arrival(0.0, one, source.random() < PAID_SHARE, PATIENT, number) for number, one in enumerate(steps)]
