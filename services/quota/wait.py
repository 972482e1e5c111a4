"""How long a ticket waits, as a range. Pure: the line's backlog and the generators' reports in, seconds out.

The classes are a fluid of generalised processor sharing: each of them that waits has its weight's share, and what
a rival brings while one waits comes as fast as it usually does (`inflow`): a class that has run dry still takes
what joins it. Both ends are that time with a margin; the high end counts the first free slot besides.

What the range does not know: how demand will change, and tickets of accounts that have not yet asked and will go
first by fair sharing. A place that rises by it says so. docs/decisions/0016 tells what was measured.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.quota.line import Size

EARLY, LATE = 0.8, 1.5
"""Margins. What comes between (a burst, an oven that dies, an account that goes first by fair sharing) lengthens a
wait far more often than it shortens one."""

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
    joined_work: int = 0
    """Of all tickets that ever joined."""
    inflow: float = 0.0
    """Default pictures that usually join it in a second; a view knows it, the store does not."""
    overcommit: int = 0
    """Its tier's, per cent; from the view too."""


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
    ovens: int = 1
    beyond: int = 0
    """Slots that a tier with overcommit finds when none is free."""


def capacity(ovens: Iterable[Oven], model: str, busy: frozenset[str], overcommit: int = 0) -> Capacity | None:
    """Capacity for `model`, a generator's speed divided between the models that wait for it (`busy`).

    None when no living generator serves the model, or none has measured its speed yet.
    """
    rate, room, batch, number, beyond = 0.0, 0, 0.0, 0, 0
    for oven in ovens:
        if model in oven.models and oven.slots > 0 and oven.picture_time:
            sharers = len((busy | {model}) & set(oven.models))
            rate += 1 / (oven.picture_time * sharers)
            free = oven.slots - oven.leased
            room += max(free, 0)
            beyond += max(free - (-oven.slots * overcommit // 100), 0)
            number += 1
            held = max(oven.slots, oven.leased, oven.leased_work / 1000)
            batch = max(batch, oven.picture_time * held)
    return Capacity(rate, room, batch, number, beyond) if rate else None


def expected_wait(
    ahead_of_it: Size, tier: str, classes: Sequence[ClassState], weights: Mapping[str, int], able: Capacity
) -> Wait:
    """The wait behind pictures and work of class `tier`; `classes` are those of its model."""
    rivals = [one for one in classes if one.tier != tier]
    if ahead_of_it.cost + sum(one.waiting_cost for one in rivals) < able.room or ahead_of_it.cost < able.beyond:
        return Wait(0.0, REACTION)
    ahead = ahead_of_it.work / 1000
    if not any(one.waiting for one in rivals) and ahead_of_it.cost:
        # What finds a free slot at once is not waited for.
        ahead *= max(ahead_of_it.cost - able.room, 0) / ahead_of_it.cost
    flows = [Flow(one.waiting_work / 1000, weights.get(one.tier, 1), one.inflow) for one in rivals]
    likely = drain(ahead, weights.get(tier, 1), flows, able.rate)
    # Of n generators that end their batches at any time, the first is expected after 1 / (n + 1) of one; half of
    # what is added here is in the middle of the range.
    first = 0.0 if able.room > 0 else 2 * able.batch / (able.ovens + 1)
    return Wait(likely * EARLY, likely * LATE + REACTION + first)


@dataclass(frozen=True, slots=True)
class Flow:
    """A rival class: default pictures that wait in it, its weight, default pictures that join it in a second."""

    waiting: float
    weight: int
    inflow: float = 0.0


def drain(ahead: float, weight: int, rivals: Sequence[Flow], rate: float) -> float:
    """Seconds until `ahead` is served at `weight`, of `rate` default pictures a second in all.

    A rival that waits has its weight's share; once it has run dry it takes what joins it, if that is less.
    """
    waiting = [one.waiting for one in rivals]
    dry: set[int] = set()
    seconds = 0.0
    # Whenever a rival runs dry the others' share grows, so that it stays dry: each turn of the loop adds one at
    # least, and `dry` is never left, lest rounding send a rival in and out of it for ever.
    while True:
        share, dry = _share(weight, rivals, dry, {n for n, left in enumerate(waiting) if left <= 0.0}, rate)
        # How fast each rival's line shortens, and how long it still waits at that pace.
        pace = {n: one.weight * share - one.inflow for n, one in enumerate(rivals) if n not in dry}
        lasts = {n: max(waiting[n], 0.0) / speed for n, speed in pace.items() if speed > 0.0}
        step = min(lasts.values(), default=math.inf)
        if ahead <= step * weight * share:
            return seconds + ahead / (weight * share)
        seconds += step
        ahead -= step * weight * share
        for n, speed in pace.items():
            waiting[n] -= step * speed
        dry |= {n for n, time in lasts.items() if time == step}


def _share(
    weight: int, rivals: Sequence[Flow], dry: set[int], empty: set[int], rate: float
) -> tuple[float, set[int]]:
    """Default pictures a second for each unit of weight, and the `dry`, with those of the `empty` who now are."""
    candidates = empty - dry
    while True:
        taking = dry | candidates
        taken = sum(rivals[number].inflow for number in taking)
        total = weight + sum(one.weight for number, one in enumerate(rivals) if number not in taking)
        share = (rate - taken) / total
        wet = {number for number in candidates if rivals[number].inflow > rivals[number].weight * share}
        if not wet:
            return share, taking
        candidates -= wet
