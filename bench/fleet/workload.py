"""Who asks when: Poisson arrivals over three classes, some accounts greedy, from a fixed seed.

Lengths are in stays (the time a picture takes in full calls), so that a run over a slow curve sees as much as one
over a fast curve.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.fleet.curve import Curve, Recipe
from bench.fleet.desk import FREE, PAID, PRO

SHARES = {FREE: 0.80, PAID: 0.15, PRO: 0.05}
"""Of the requests, by class: a fifth is paid."""
COSTS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 4)
"""Pictures of a request, equally likely."""
PICTURES = sum(COSTS) / len(COSTS)
GREEDY_ACCOUNTS, GREEDY_REQUESTS = 0.1, 0.5
"""A tenth of a class's accounts sends half of its requests."""
PATIENCE = (0.5, 8.0)
"""Stays that a client who gives up waits, uniform."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is: ovens, accounts by class, and the stays and pictures an oven that it lasts at least. A
    surge, whose requests are many, has its own length, and only one in `surge_free` of the free accounts: few are
    enough to fill the line there, all at their limit of live jobs."""

    ovens: int
    accounts: Mapping[str, int]
    stays: float
    pictures: float
    surge_stays: float
    surge_pictures: float
    surge_free: int


FULL = Size(64, {FREE: 4_000, PAID: 120, PRO: 80}, 10.0, 20.0, 3.5, 40.0, 4)
SMALL = Size(4, {FREE: 60, PAID: 12, PRO: 12}, 8.0, 10.0, 4.0, 30.0, 1)
"""For tests and a quick look."""
WARM_UP = 0.4
"""Of the measured time, before it."""
CALM = 0.8
"""Load of the warm-up before a surge."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`load` is pictures asked for over pictures that the curve allows; a surge comes after a calm warm-up.
    `leaving` is the share of clients who give up."""

    load: float
    leaving: float = 0.2
    surge: bool = False

    @property
    def name(self) -> str:
        """For example "1.5x load" or "a surge of 50x"."""
        name = f"a surge of {self.load:g}x" if self.surge else f"{self.load:g}x load"
        return name if self.leaving else f"{name}, nobody gives up"

    def accounts(self, size: Size) -> dict[str, int]:
        """How many there are, by class."""
        fewer = {FREE: size.surge_free} if self.surge else {}
        return {tier: count // fewer.get(tier, 1) for tier, count in size.accounts.items()}

    def measured(self, curve: Curve, size: Size) -> float:
        """Seconds measured."""
        stays, pictures = size.stays, size.pictures
        if self.surge:
            stays, pictures = size.surge_stays, size.surge_pictures
        return max(stays * curve.stay, pictures / curve.rate)

    def warm_up(self, curve: Curve, size: Size) -> float:
        """Seconds before anything is measured."""
        return WARM_UP * self.measured(curve, size)


@dataclass(frozen=True, slots=True)
class Request:
    """Seconds since the run began, and after how many more the client gives up, if ever."""

    at: float
    account: str
    tier: str
    recipe: Recipe
    cost: int
    leaves_after: float | None
    work: int
    """Thousandths of pictures of its model's usual steps."""


def accounts(scenario: Scenario, size: Size) -> dict[str, str]:
    """Every account and its class."""
    counts = scenario.accounts(size)
    return {f"{tier}-{number}": tier for tier, count in counts.items() for number in range(count)}


def requests(scenario: Scenario, curve: Curve, size: Size, seed: int) -> Iterator[Request]:
    """In order of time. The same seed gives the same requests."""
    source = random.Random(seed)
    capacity = size.ovens * curve.rate / PICTURES
    warm_up = scenario.warm_up(curve, size)
    end = warm_up + scenario.measured(curve, size)
    tiers, weights = list(SHARES), list(SHARES.values())
    counts = scenario.accounts(size)
    at = 0.0
    while True:
        load = CALM if scenario.surge and at < warm_up else scenario.load
        at += source.expovariate(load * capacity)
        if at >= end:
            return
        tier = source.choices(tiers, weights)[0]
        count = counts[tier]
        greedy = max(1, round(GREEDY_ACCOUNTS * count))
        number = source.randrange(greedy) if source.random() < GREEDY_REQUESTS else source.randrange(count)
        patience = source.uniform(*PATIENCE) * curve.stay
        leaves = source.random() < scenario.leaving
        recipe, cost = source.choice(curve.recipes), source.choice(COSTS)
        work = round(1000 * cost * recipe.steps / curve.usual_steps(recipe.model))
        yield Request(at, f"{tier}-{number}", tier, recipe, cost, patience if leaves else None, work)
