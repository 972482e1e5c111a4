"""From books to figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.traffic.drive import DEADLINE_SECONDS, Books, Outcome


@dataclass(frozen=True, slots=True)
class Figures:
    """One system in one scenario. Times in seconds; shares from 0 to 1.

    `pictures` a second reached a client who was still there, within the measured window. Percentiles are of the
    requests that arrived within it from clients who would not leave. `busy` is row-steps run in the window over
    what the device allows; `useful` is row-steps of pictures that arrived over all row-steps run. `undrawn` is the
    share of those requests that got no picture: cut off or refused.
    """

    pictures: float
    p50: float
    p95: float
    paid_p50: float
    paid_p95: float
    busy: float
    useful: float
    undrawn: float


def figures(books: Books, capacity: float) -> Figures:
    """The figures of one run on a device of so many row-steps a second."""
    scenario = books.scenario
    drawn = [one for one in books.outcomes if one.end == "drawn"]
    in_window = [one for one in drawn if scenario.warm_up <= one.arrival.at + one.seconds < scenario.length]
    staying = [
        one for one in books.outcomes if one.arrival.leaves_after is None and one.arrival.at >= scenario.warm_up
    ]
    every = [_latency(one) for one in staying]
    paid = [_latency(one) for one in staying if one.arrival.paid]
    return Figures(
        pictures=len(in_window) / scenario.measured,
        p50=percentile(every, 0.50),
        p95=percentile(every, 0.95),
        paid_p50=percentile(paid, 0.50),
        paid_p95=percentile(paid, 0.95),
        busy=books.busy_row_steps / scenario.measured / capacity,
        useful=sum(one.arrival.steps for one in drawn) / books.row_steps if books.row_steps else 0.0,
        undrawn=sum(one.end != "drawn" for one in staying) / len(staying) if staying else 0.0,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed; not a number when there is none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _latency(one: Outcome) -> float:
    return one.seconds if one.end in {"drawn", "cut off"} else DEADLINE_SECONDS
