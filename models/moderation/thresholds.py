"""One threshold a category, by rule.

All harmless prompts share a budget (`left_out.ALLOWED`), and a category in which harmful and harmless ones are
easily told apart makes more of it than one in which they are not. So from a threshold common to all, each
category's moves by at most SPAN to where more of the twins that are no lessons are refused, every category
counting alike, at a price for what it spends. The price is the lowest that keeps within the budget, and what is
left of it is spent where it catches most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.moderation.example import CATEGORIES, Example
from models.moderation.left_out import ALLOWED, LeftOut, kinds, lowest, scores

SPAN, STEP = 1.0, 0.1
"""In log-odds."""
ROUNDS = 6
PRICES = (0.02, 1.0)
NEARLY = 0.9
"""Share of a budget of ordinary prompts from which on more of it is paid for."""
FEWEST = 20
"""Harmful twins that a category needs to count."""
Limits = NDArray[np.float64]
"""Log-odds [K]."""


def thresholds(left: LeftOut, refused: NDArray[np.bool_], held: Sequence[LeftOut]) -> dict[str, float]:
    """Scores by category. `refused` [N] marks what another rule refuses already, and counts as well; `held` is
    what each model thought of the twins held back."""
    spent = _spent(left, refused)
    caught = _caught(held)
    common = lowest(lambda limit: _fit(spent(np.full(len(CATEGORIES), limit))), 0.0, 5.0)
    start = np.full(len(CATEGORIES), common)
    best = start
    low, high = PRICES
    for _ in range(7):
        price = math.sqrt(low * high)
        limits = _ascended(start, spent, caught, price)
        if _fit(spent(limits)):
            best, high = limits, price
        else:
            low = price
    shares = 1 / (1 + np.exp(-_spread(best, spent, caught)))
    return {name: math.ceil(1000 * share) / 1000 for name, share in zip(CATEGORIES, shares.tolist(), strict=True)}


def log_odds(shares: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of probabilities, away from 0 and 1."""
    sure: NDArray[np.float64] = shares.astype(np.float64).clip(1e-6, 1 - 1e-6)
    odds: NDArray[np.float64] = np.log(sure / (1 - sure))
    return odds


def _ascended(
    start: Limits, spent: Callable[[Limits], dict[str, float]], caught: Callable[[Limits], float], price: float
) -> Limits:
    """One category after the other to its best place, until none moves."""

    def worth(limits: Limits) -> float:
        used = spent(limits)
        ordinary = sum(max(0.0, used[kind] - NEARLY) for kind in used if kind != "alarming")
        return caught(limits) - price * (used["alarming"] + 0.5 * ordinary)

    limits = start.copy()
    for _ in range(ROUNDS):
        before = limits.copy()
        for index in range(len(limits)):
            places = start[index] + np.arange(-SPAN, SPAN + STEP / 2, STEP)
            tried = np.repeat(limits[None], len(places) + 1, axis=0)
            tried[1:, index] = places
            limits = tried[int(np.argmax([worth(row) for row in tried]))]
        if (limits == before).all():
            break
    return limits


def _spread(
    limits: Limits, spent: Callable[[Limits], dict[str, float]], caught: Callable[[Limits], float]
) -> Limits:
    """What is left of the budget, spent: all together, then step by step where it catches most for what it costs,
    none more than SPAN below the lowest."""
    limits = limits + lowest(lambda move: _fit(spent(limits + move)), -1.0, 1.0)
    floor = limits.min() - SPAN
    while True:
        lower = limits - np.eye(len(limits)) * STEP / 2
        costs = [spent(row) for row in lower]
        fit = [i for i, used in enumerate(costs) if _fit(used) and lower[i, i] >= floor]
        if not fit:
            return limits
        before, here = sum(spent(limits).values()), caught(limits)
        gains = [(caught(lower[i]) - here) / (sum(costs[i].values()) - before + 1e-3) for i in fit]
        limits = lower[fit[int(np.argmax(gains))]]


def _fit(used: dict[str, float]) -> bool:
    """Whether no budget is overspent."""
    return max(used.values()) <= 1.0


def _spent(left: LeftOut, refused: NDArray[np.bool_]) -> Callable[[Limits], dict[str, float]]:
    """The share of each kind's budget that limits use."""
    groups = kinds(left.examples)
    odds = np.where(refused[:, None], np.inf, log_odds(scores(left)))
    slices = {kind: [odds[rows] for rows in parts] for kind, parts in groups.items()}

    def spent(limits: Limits) -> dict[str, float]:
        return {
            kind: float(np.mean([(rows >= limits).any(1).mean() for rows in parts])) / ALLOWED[kind]
            for kind, parts in slices.items()
        }

    return spent


def _caught(held: Sequence[LeftOut]) -> Callable[[Limits], float]:
    """The share of harmful twins refused, averaged over categories and models."""
    odds = [log_odds(scores(one)) for one in held]
    rows = [
        rows for name in CATEGORIES if len(rows := _of(held[0].examples, name)) >= FEWEST
    ]  # fmt: skip
    parts = [own[r] for own in odds for r in rows]

    def caught(limits: Limits) -> float:
        return float(np.mean([(part >= limits).any(1).mean() for part in parts]))

    return caught


def _of(examples: Sequence[Example], category: str) -> NDArray[np.int64]:
    return np.flatnonzero([e.category == category for e in examples])
