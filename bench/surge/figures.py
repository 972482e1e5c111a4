"""From a log to figures, the same for a simulated run and a real one."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.surge.log import Log, Ticket, Turn
from bench.traffic.figures import percentile

SECOND = 1.0
"""An ETA's error is a share of the wait, of a wait under a second of one second: nobody sees less."""
STRETCH = 10.0
"""Seconds that all classes must have waited for shares to be looked at."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run. Waits and gaps in seconds, shares and errors from 0 on.

    `gap`: the longest oven time between two turns of free while free waited (work of others over the ovens' rate);
    `gap_clock`: the same by the clock. `share`: by class, its smallest share of the work over stretches in which
    all classes waited, of its weight's share. `eta`: errors of the middle of the range at joining, `eta_half` at
    half of the wait; `within`: share of tickets that started within the range told at joining, half a second more.
    `rises`: places that rose. `greed`: work that the median greedy account had, over that of the median other one.
    """

    waits: Mapping[str, Sequence[float]]
    gap: float
    gap_clock: float
    share: Mapping[str, float]
    eta: Sequence[float]
    eta_half: Sequence[float]
    within: float
    rises: int
    greed: float

    def wait(self, tier: str, share: float) -> float:
        """A percentile of a class's waits."""
        return percentile(self.waits[tier], share)


def figures(log: Log, weights: Mapping[str, int], rate: float) -> Figures:
    """`rate` in default pictures a second."""
    started = [one for one in log.tickets.values() if one.started is not None]
    waits: dict[str, list[float]] = {tier: [] for tier in weights}
    for one in started:
        waits[one.tier].append(_wait(one))
    told = [one for one in started if one.sights[0].low is not None and one.sights[0].high is not None]
    inside = [one for one in told if _inside(one)]
    gap, gap_clock = gaps(log.turns, "free", rate)
    return Figures(
        waits=waits,
        gap=gap,
        gap_clock=gap_clock,
        share=shares(log.turns, weights),
        eta=[error for one in told if (error := eta_error(one, 0.0)) is not None],
        eta_half=[error for one in told if len(one.sights) > 2 and (error := eta_error(one, 0.5)) is not None],
        within=len(inside) / len(told) if told else 0.0,
        rises=sum(
            after.place > before.place for one in started for before, after in itertools.pairwise(one.sights)
        ),
        greed=greed(log, "free"),
    )


def _inside(one: Ticket) -> bool:
    told = one.sights[0]
    assert told.low is not None and told.high is not None
    return told.low - SECOND / 2 <= _wait(one) <= told.high + SECOND / 2


def _wait(one: Ticket) -> float:
    assert one.started is not None
    return one.started - one.joined


def eta_error(one: Ticket, share: float) -> float | None:
    """|told - real| / real of the sight nearest before that share of its wait; None when it told nothing."""
    assert one.started is not None
    at = one.joined + share * _wait(one)
    sight = [sight for sight in one.sights if sight.at <= at + 1e-6][-1:] or one.sights[:1]
    if not sight or sight[0].middle is None:
        return None
    real = max(one.started - max(sight[0].at, one.joined), 0.0)
    return abs(sight[0].middle - real) / max(real, SECOND)


def gaps(turns: Sequence[Turn], tier: str, rate: float) -> tuple[float, float]:
    """Longest oven time, and time, between turns of a class while it waited."""
    longest = by_clock = others = 0.0
    last: float | None = None
    for turn in turns:
        if not turn.waiting.get(tier, 0):
            last, others = None, 0.0
        elif turn.tier == tier:
            if last is not None:
                longest, by_clock = max(longest, others / rate), max(by_clock, turn.at - last)
            last, others = turn.at, 0.0
        elif last is not None:
            others += turn.work / 1000
            longest, by_clock = max(longest, others / rate), max(by_clock, turn.at - last)
    return longest, by_clock


def shares(turns: Sequence[Turn], weights: Mapping[str, int]) -> dict[str, float]:
    """By class, the smallest share over stretches in which all waited, as a part of what its weight gives it; 1
    when there was no such stretch."""
    least = dict.fromkeys(weights, 1.0)
    everybody = itertools.groupby(turns, key=lambda turn: all(turn.waiting.get(tier, 0) for tier in weights))
    for all_waited, group in everybody:
        stretch = list(group)
        if not all_waited or stretch[-1].at - stretch[0].at < STRETCH:
            continue
        total = sum(turn.work for turn in stretch)
        for tier, weight in weights.items():
            mine = sum(turn.work for turn in stretch if turn.tier == tier)
            least[tier] = min(least[tier], mine / total * sum(weights.values()) / weight)
    return least


def greed(log: Log, tier: str) -> float:
    """Work that the median greedy account of a class had, over that of the median other account that had any."""
    had: defaultdict[str, int] = defaultdict(int)
    for turn in log.turns:
        if turn.tier == tier:
            had[turn.account] += turn.work
    greedy = [work for account, work in had.items() if account in log.greedy]
    others = [work for account, work in had.items() if account not in log.greedy]
    return percentile(greedy, 0.5) / percentile(others, 0.5) if greedy and others else 0.0
