"""What happens in a surge: who asks when for what, which ovens die. From a seed, the same for every order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

DEFAULT_STEPS = 8
"""Of a default picture."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: seconds from the start, the account, pictures, work in thousandths of a default picture, and
    the seconds after which its client cancels if it still waits."""

    at: float
    account: str
    tier: str
    cost: int
    work: int
    leaves_after: float | None


@dataclass(frozen=True, slots=True)
class Scene:
    """A surge. Times in seconds from the start; demand in multiples of what the ovens can draw."""

    ovens: int = 8
    slots: int = 4
    picture_time: float = 0.2
    """Of one oven for a default picture."""
    steps: tuple[int, ...] = (4, 8, 20)
    pictures: tuple[int, ...] = (1, 2, 3)
    """Of a job; each as likely as the others."""
    users: int = 10_000
    paid_users: int = 500
    calm: float = 0.4
    """Free demand before and after the surge."""
    peak: float = 50.0
    rises: float = 20.0
    ramp: float = 30.0
    ends: float = 300.0
    """The surge ramps up from `rises` for `ramp`, and down to `calm` before `ends`."""
    paid: float = 0.2
    burst: float = 6.0
    burst_at: float = 150.0
    burst_length: float = 30.0
    """Paid demand outside of its burst and in it."""
    greedy_users: int = 100
    greedy: float = 0.2
    """So many free users make this share of what free users ask."""
    leaving: float = 0.05
    """Share of clients who cancel after up to `patience`."""
    patience: float = 300.0
    deaths: tuple[tuple[float, int], ...] = ((90.0, 0), (170.0, 3))
    """When which oven dies; it comes back after `away`."""
    away: float = 40.0
    length: float = 2_000.0
    """Nothing is asked after `ends` + `after`; the run ends when the line is empty, at `length` at the latest."""
    after: float = 120.0

    @property
    def rate(self) -> float:
        """Default pictures a second that all ovens draw."""
        return self.ovens / self.picture_time

    @property
    def greedy_accounts(self) -> frozenset[str]:
        """Free accounts that ask far more often than others."""
        return frozenset(f"user-{self.paid_users + n}" for n in range(self.greedy_users))

    @property
    def mean_work(self) -> float:
        """Default pictures a job."""
        steps = sum(self.steps) / len(self.steps) / DEFAULT_STEPS
        return steps * sum(self.pictures) / len(self.pictures)

    def free_demand(self, at: float) -> float:
        """At a time, in multiples of `rate`."""
        up = min(max((at - self.rises) / self.ramp, 0.0), 1.0)
        down = min(max((self.ends - at) / self.ramp, 0.0), 1.0)
        return self.calm + (self.peak - self.calm) * min(up, down)

    def paid_demand(self, at: float) -> float:
        """At a time, in multiples of `rate`."""
        in_burst = self.burst_at <= at < self.burst_at + self.burst_length
        return self.burst if in_burst else self.paid


def asks(scene: Scene, seed: int) -> Iterator[Ask]:
    """Both tiers' requests in order of time: Poisson, thinned from the highest rate."""
    source = random.Random(seed)
    most = (scene.peak + max(scene.paid, scene.burst)) * scene.rate / scene.mean_work
    at = source.expovariate(most)
    while at < scene.ends + scene.after:
        free, paid = scene.free_demand(at), scene.paid_demand(at)
        point = source.random() * most * scene.mean_work / scene.rate
        if point < free + paid:
            yield _ask(scene, source, at, "paid" if point < paid else "free")
        at += source.expovariate(most)


def _ask(scene: Scene, source: random.Random, at: float, tier: str) -> Ask:
    if tier == "paid":
        user = source.randrange(scene.paid_users)
    elif source.random() < scene.greedy:
        user = scene.paid_users + source.randrange(scene.greedy_users)
    else:
        user = source.randrange(scene.paid_users + scene.greedy_users, scene.users)
    cost = source.choice(scene.pictures)
    work = cost * source.choice(scene.steps) * 1_000 // DEFAULT_STEPS
    leaves = source.uniform(0.0, scene.patience) if source.random() < scene.leaving else None
    return Ask(at, f"user-{user}", tier, cost, work, leaves)
