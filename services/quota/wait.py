"""How long a ticket waits, as a range. Pure: the line's backlog and the generators' reports in, seconds out.

The low end lets the classes drain as they stand, nobody new arriving (a fluid of generalised processor
sharing); the high end keeps every class that waits now waiting, and counts a full batch before the first free
slot. What the range does not know: tickets of accounts that have not yet asked and will go first by fair
sharing. A place that rises by it says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.quota.line import Size

EARLY, LATE = 0.8, 1.25
"""Margins for what a generator's own report of its speed does not know."""

REACTION = 0.1
"""Seconds in which a free slot is noticed, at the latest, by the granting loop."""


@dataclass(frozen=True, slots=True)
class Oven:
    """One living generator. `leased` counts pictures of its turns, `leased_work` their work; `picture_time` is
    seconds of the whole machine for a default picture."""

    generator_id: str
    address: str
    models: tuple[str, ...]
    slots: int
    leased: int
    picture_time: float | None
    leased_work: int = 0


@dataclass(frozen=True, slots=True)
class ClassState:
    """One class of one model's line. Work is in thousandths of a default picture."""

    model: str
    tier: str
    waiting: int
    waiting_cost: int
    waiting_work: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds from now: the earliest and the latest likely start."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """One number, where only one can be shown."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the living generators of one model can do."""

    rate: float
    """Default pictures a second."""
    room: int
    """Free slots."""
    batch: float
    """Seconds until a full generator has finished everything it holds, at most."""


def capacity(ovens: Iterable[Oven], model: str, busy: frozenset[str]) -> Capacity | None:
    """Capacity for `model`, a generator's speed divided between the models that wait for it (`busy`).

    None when no living generator serves the model, or none has measured its speed yet.
    """
    rate, room, batch = 0.0, 0, 0.0
    for oven in ovens:
        if model in oven.models and oven.slots > 0 and oven.picture_time:
            sharers = len((busy | {model}) & set(oven.models))
            rate += 1 / (oven.picture_time * sharers)
            room += max(oven.slots - oven.leased, 0)
            held = max(oven.slots, oven.leased, oven.leased_work / 1000)
            batch = max(batch, oven.picture_time * held)
    return Capacity(rate, room, batch) if rate else None


def expected_wait(
    ahead_of_it: Size, tier: str, classes: Sequence[ClassState], weights: Mapping[str, int], able: Capacity
) -> Wait:
    """The wait behind pictures and work of class `tier`; `classes` are those of its model."""
    rivals_waiting = [one for one in classes if one.tier != tier and one.waiting]
    others = {one.tier: one.waiting_work / 1000 for one in rivals_waiting}
    if ahead_of_it.cost + sum(one.waiting_cost for one in rivals_waiting) < able.room:
        return Wait(0.0, REACTION)
    ahead = ahead_of_it.work / 1000
    if not others and ahead_of_it.cost:
        # What finds a free slot at once is not waited for.
        ahead *= max(ahead_of_it.cost - able.room, 0) / ahead_of_it.cost
    weight = weights.get(tier, 1)
    rivals = [(cost, weights.get(name, 1)) for name, cost in others.items()]
    low = _drain(ahead, weight, rivals, able.rate)
    high = ahead * (weight + sum(rival for _, rival in rivals)) / (weight * able.rate)
    return Wait(low * EARLY, high * LATE + REACTION + (0.0 if able.room > 0 else able.batch))


def _drain(ahead: float, weight: int, rivals: Sequence[tuple[float, int]], rate: float) -> float:
    """Seconds until `ahead` is served, when rivals of (what waits, weight) leave as they run dry."""
    seconds, served = 0.0, 0.0  # `served` is per unit of weight, the same for all that still wait
    total = weight + sum(rival for _, rival in rivals)
    for cost, rival in sorted(rivals, key=lambda one: one[0] / one[1]):
        level = min(cost / rival, ahead / weight)
        seconds += (level - served) * total / rate
        served = level
        if level == ahead / weight:
            return seconds
        total -= rival
    return seconds + (ahead / weight - served) * total / rate
