"""From a run's books to figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.fleet.desk import FREE, fleet_policy
from bench.fleet.fairness import jain
from bench.fleet.fleet import Books, Job
from bench.fleet.workload import SHARES
from bench.traffic.figures import percentile

PERCENTILES = (0.50, 0.95, 0.99)
FEWEST = 2
"""Accounts of a class that must always have waited for a figure about them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. Times in seconds, shares from 0 to 1; not a number where there was nothing to see.

    `capacity` is picture-steps run for jobs that were there at the step's end, over those of ovens always busy
    with full calls. `pictures` a second ended in the measured time. `waits` runs to a job's first step, `totals`
    to its last: p50, p95, p99 by class, of accepted requests of clients who stay; who waits at the cut counts as
    what was waited. `refused` is the share of requests by class. `shares` is pictures by class over what its
    weight gives it, when all classes waited. `jain` and `apart` (largest difference, in pictures of the model's
    usual steps) are of accounts of one class and model that always waited, the worst model. `free_gap` is the
    longest time without a free turn. `imbalance` is the busiest oven's busy time over the mean. `paused` is
    pictures put aside an oven, over a full call. `lost` is turns that an oven did not take, `failed` the share of
    accepted requests that ended so.
    """

    capacity: float
    pictures: float
    waits: Mapping[str, Sequence[float]]
    totals: Mapping[str, Sequence[float]]
    refused: Mapping[str, float]
    shares: Mapping[str, float]
    jain: Mapping[str, float]
    apart: Mapping[str, float]
    free_gap: float
    imbalance: float
    paused: float
    lost: int
    failed: float


def figures(books: Books) -> Figures:
    """The figures of one run."""
    measured = books.end - books.warm_up
    curve, full = books.curve, books.curve.batch / books.curve.seconds(books.curve.batch)
    done = sum(pictures for oven in books.ovens for end, _, pictures in oven.steps if end >= books.warm_up)
    drawn = [job for job in books.jobs if job.end == "drawn" and (job.ended or 0.0) >= books.warm_up]
    busy = [sum(spent for end, spent, _ in oven.steps if end >= books.warm_up) for oven in books.ovens]
    staying = [job for job in books.jobs if job.request.leaves_after is None and job.end != "failed"]
    seen = [job for job in staying if job.request.at >= books.warm_up]
    by_class = {tier: [job for job in seen if job.request.tier == tier] for tier in SHARES}
    return Figures(
        capacity=done / (measured * len(books.ovens) * full),
        pictures=sum(job.cost for job in drawn) / measured,
        waits={
            tier: _percentiles([_until(job, job.started, books) for job in jobs])
            for tier, jobs in by_class.items()
        },
        totals={
            tier: _percentiles([_until(job, job.ended, books) for job in jobs]) for tier, jobs in by_class.items()
        },
        refused={tier: _refused(books, tier) for tier in SHARES},
        shares=_shares(books),
        jain={tier: _worst(books, tier, jain, min) for tier in SHARES},
        apart={
            tier: _worst(books, tier, lambda served: (max(served) - min(served)) / 1000, max) for tier in SHARES
        },
        free_gap=_free_gap(books),
        imbalance=max(busy) / (sum(busy) / len(busy)),
        paused=sum(books.paused) / max(len(books.paused), 1) / curve.batch,
        lost=books.returned,
        failed=sum(job.end == "failed" for job in books.jobs) / max(len(books.jobs), 1),
    )


def _until(job: Job, time: float | None, books: Books) -> float:
    return (books.end if time is None else time) - job.request.at


def _percentiles(values: Sequence[float]) -> list[float]:
    return [percentile(values, share) for share in PERCENTILES]


def _refused(books: Books, tier: str) -> float:
    refused = sum(count for (other, _), count in books.refused.items() if other == tier)
    return refused / books.asked[tier] if books.asked[tier] else math.nan


def _shares(books: Books) -> dict[str, float]:
    weights = {tier: fleet_policy().tiers[tier].weight for tier in SHARES}
    served, total = books.fairness.class_pictures(), sum(weights.values())
    if not books.fairness.all_waited(weights):
        return dict.fromkeys(weights, math.nan)
    return {tier: served[tier] / served.total() / (weight / total) for tier, weight in weights.items()}


def _worst(books: Books, tier: str, judge: Callable[[Sequence[int]], float], pick: Callable[..., float]) -> float:
    """`judge` of the pictures of accounts that always waited, the worst over the models by `pick`."""
    served = books.fairness.backlogged(tier)
    models = {model for _, model, _ in served}
    groups = [[count for key, count in served.items() if key[1] == model] for model in models]
    judged = [judge(group) for group in groups if len(group) >= FEWEST]
    return pick(judged, default=math.nan)


def _free_gap(books: Books) -> float:
    """Bounded by the time looked at: before the first turn and after the last counts too."""
    if not books.fairness.waited(FREE):
        return math.nan
    times = [books.fairness.since, *books.fairness.free_turns, books.end]
    return max(after - before for before, after in pairwise(times))
