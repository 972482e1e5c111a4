"""Figures to rows: goals first, then ours beside whole requests, then slots. Won or lost.

Below the goals a ratio above 1 says that ours is better: ours over other for throughput, other over ours for
times. It is null where nothing was seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from bench.fleet.curve import Curve
from bench.fleet.desk import FREE, PAID, PRO
from bench.fleet.figures import Figures
from bench.fleet.published import CURVES
from bench.fleet.study import (
    DEFAULT,
    MULTIPLES,
    OURS,
    OVERCOMMITTED,
    OVERLOAD,
    PATIENT,
    SCENARIOS,
    SURGE,
    USUAL,
    WHOLE,
    Run,
    Table,
    times,
)
from bench.fleet.workload import COSTS, SHARES

Row = dict[str, Any]
STAYS = {curve.name: curve.stay for curve in CURVES}
"""Seconds that a picture takes in full calls, by curve."""
P50, P95 = 0, 1
CALM = SCENARIOS[0]


def most_apart(curve: Curve) -> float:
    """Pictures of a model's usual steps: what the line promises of two accounts of a class that both wait, twice
    the largest job."""
    return 2 * max(COSTS) * max(recipe.steps / curve.usual_steps(recipe.model) for recipe in curve.recipes)


MOST_APART = {curve.name: most_apart(curve) for curve in CURVES}


def rows(table: Table) -> list[Row]:
    """Everything; runs that are not in the table have no row."""
    curves = list(dict.fromkeys(run.curve for run in table))
    found = [*_goals(table, curves), *_beside(table, curves), *_slots(table)]
    return [row for row in found if row is not None]


def _goals(table: Table, curves: list[str]) -> Iterator[Row | None]:
    for curve in curves:
        ours = {scenario: table.get(Run(curve, scenario.name, OURS, USUAL)) for scenario in SCENARIOS}
        calm, over, surge = ours[CALM], ours[OVERLOAD], ours[SURGE]
        if calm is None or over is None or surge is None:
            continue
        name = f"goal: {curve}, {SURGE.name}, ours / the curve: picture-steps"
        yield _least(name, surge.capacity, 1.0, 0.95)
        paid, paid_before = over.totals[PAID][P95], calm.totals[PAID][P95]
        yield _most(f"goal: {curve}, 1.5x load / 0.8x load: p95 s of paid requests", paid, paid_before, 1.5)
        for tier in SHARES:
            share = surge.shares[tier]
            yield _near(f"goal: {curve}, {SURGE.name}: pictures of {tier} / its weight's share", share)
        yield from _apart(curve, SURGE.name, surge)
        patient = table.get(Run(curve, PATIENT.name, OURS, USUAL))
        if patient is not None:
            yield from _apart(curve, PATIENT.name, patient)
        gap = f"goal: {curve}, {SURGE.name}: longest time without a free turn / an average stay"
        yield _most(gap, surge.free_gap, STAYS[curve], 1.0)
        yield _most(f"goal: {curve}, 1.5x load: the busiest oven / the mean", over.imbalance, 1.0, 1.05)
        for slots in (USUAL, DEFAULT):
            seen = table.get(Run(curve, OVERLOAD.name, OURS, slots))
            if seen is not None:
                where = f"goal: {curve}, {OVERLOAD.name}, {slots} slots"
                yield _least(f"{where}, ours / the curve: picture-steps", seen.capacity, 1.0, 0.95)
                yield _most(f"{where}: accepted requests that failed", seen.failed, 1.0, 0.0)


def _apart(curve: str, scenario: str, seen: Figures) -> Iterator[Row | None]:
    """How close accounts of one paid class and model are that always waited."""
    where = f"goal: {curve}, {scenario}, accounts that always wait"
    apart = _worst(max, seen.apart[PAID], seen.apart[PRO])
    yield _most(f"{where}: most pictures between two / twice a job's most", apart, MOST_APART[curve], 1.0)
    yield _least(f"{where}: Jain's index", _worst(min, seen.jain[PAID], seen.jain[PRO]), 1.0, 0.9)


def _beside(table: Table, curves: list[str]) -> Iterator[Row | None]:
    wanted: list[tuple[str, Callable[[Figures], float], bool]] = [
        ("picture-steps, share of the curve", lambda seen: seen.capacity, True),
        ("free p50 s", lambda seen: seen.totals[FREE][P50], False),
        ("paid p95 s", lambda seen: seen.totals[PAID][P95], False),
    ]
    for curve in curves:
        for scenario in SCENARIOS:
            ours = table.get(Run(curve, scenario.name, OURS, USUAL))
            other = table.get(Run(curve, scenario.name, WHOLE, USUAL))
            if ours is None or other is None:
                continue
            for label, of, more in wanted:
                name = f"{curve}, {scenario.name}, ours / {WHOLE}: {label}"
                yield _better(name, of(ours), of(other), more)


def _slots(table: Table) -> Iterator[Row | None]:
    for curve in OVERCOMMITTED:
        usual = table.get(Run(curve, OVERLOAD.name, OURS, USUAL))
        for name in (DEFAULT, *map(times, MULTIPLES)):
            seen = table.get(Run(curve, OVERLOAD.name, OURS, name))
            if seen is None or usual is None or name == USUAL:
                continue
            where = f"{curve}, {OVERLOAD.name}, {USUAL} slots / {name}"
            yield _better(f"{where}: picture-steps, share of the curve", usual.capacity, seen.capacity, True)
            yield _better(f"{where}: paid p95 s", usual.totals[PAID][P95], seen.totals[PAID][P95], False)
            yield _better(f"{where}: free p50 s", usual.totals[FREE][P50], seen.totals[FREE][P50], False)
            yield _better(f"{where}: pictures put aside, share of a call", usual.paused, seen.paused, False)
            yield _better(f"{where}: accepted requests that failed", usual.failed, seen.failed, False)


def _worst(pick: Callable[..., float], *values: float) -> float:
    return pick((value for value in values if not math.isnan(value)), default=math.nan)


def _better(name: str, ours: float, other: float, more: bool) -> Row | None:
    above, below = (ours, other) if more else (other, ours)
    return _row(name, (ours, other, above / below if below else math.nan), ">= 1", lambda ratio: ratio >= 1.0)


def _least(name: str, ours: float, other: float, least: float) -> Row | None:
    return _row(name, (ours, other, ours / other), f">= {least:g}", lambda ratio: ratio >= least)


def _most(name: str, ours: float, other: float, most: float) -> Row | None:
    return _row(name, (ours, other, ours / other), f"<= {most:g}", lambda ratio: ratio <= most)


def _near(name: str, share: float) -> Row | None:
    return _row(name, (share, 1.0, share), "0.9 to 1.1", lambda ratio: 0.9 <= ratio <= 1.1)


def _row(name: str, seen: tuple[float, float, float], goal: str, holds: Callable[[float], bool]) -> Row | None:
    """`seen` is ours, other and their ratio. None when there was nothing to see."""
    ours, other, ratio = seen
    if math.isnan(ours) or math.isnan(other):
        return None
    return {
        "name": name,
        "ours": round(ours, 3),
        "other": round(other, 3),
        "ratio": None if math.isnan(ratio) else round(ratio, 3),
        "goal": goal,
        "holds": True if math.isnan(ratio) else holds(ratio),
    }
