"""From what became of each request to rows with goals."""

import math

import pytest

from bench.oven.curve import CAPACITY
from bench.oven.judge import rows
from bench.oven.systems import OUR_SYSTEM, systems
from bench.peers.catalogue import PEERS
from bench.traffic.drive import DEADLINE_SECONDS, Books, Outcome
from bench.traffic.figures import Figures, figures, percentile
from bench.traffic.workload import Arrival, Scenario

SCENARIO = Scenario(load=1.5, leaving=0.0, warm_up=2.0, measured=10.0)


def outcome(
    at: float, seconds: float, end: str = "drawn", *, paid: bool = False, leaves: float | None = None
) -> Outcome:
    return Outcome(Arrival(at, 8, paid, leaves), seconds, end)


def test_figures_of_a_run() -> None:
    outcomes = [
        outcome(0.5, 1.0),  # ended before the window: in no figure but the useful share
        outcome(1.5, 1.0),  # ended within it: counts as a picture, not in the percentiles
        outcome(3.0, 1.0, paid=True),
        outcome(4.0, 2.0),
        outcome(5.0, 3.0),
        outcome(6.0, 12.0, "cut off"),
        outcome(7.0, 0.5, "left", leaves=0.5),
        outcome(8.0, 0.1, "Refused: 503"),
    ]
    seen = figures(Books(SCENARIO, outcomes, busy_row_steps=round(CAPACITY * 5), row_steps=80), CAPACITY)
    assert seen.pictures == pytest.approx(4 / 10)
    assert (seen.p50, seen.p95, seen.paid_p95) == (3.0, DEADLINE_SECONDS, 1.0)
    assert seen.busy == pytest.approx(0.5, abs=0.01)
    assert seen.useful == pytest.approx(5 * 8 / 80)
    assert seen.undrawn == pytest.approx(2 / 5)


def test_percentiles_are_values_that_were_seen() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (0.25, 0.5, 0.95)] == [1.0, 2.0, 4.0]
    assert math.isnan(percentile([], 0.5))


def same(value: float) -> Figures:
    return Figures(*[value] * 8)


def test_rows_hold_ours_against_the_best_of_a_manner_and_against_each() -> None:
    ours, small, one, early = systems("python", PEERS[:1])
    seen = {ours: same(3.0), small: same(2.5), one: same(2.0), early: same(4.0)}
    found = {row["name"]: row for row in rows({"1.5x load": seen})}
    won = found[f"goal: 1.5x load, ours / {one.name}: pictures/s"]
    assert won == {"name": won["name"], "ours": 3.0, "other": 2.0, "ratio": 1.5, "goal": ">= 1.4", "holds": True}
    assert not found[f"goal: 1.5x load, ours / {early.name}: pictures/s"]["holds"]
    slower = found[f"1.5x load, ours / {one.name}: p95 s"]
    assert (slower["ratio"], slower["holds"]) == (0.667, False)
    assert found["goal: 1.5x load, ours / the curve: row-steps"]["holds"]
    assert found[f"goal: 1.5x load, {small.name} / {one.name}: pictures/s"]["ratio"] == 1.25
    assert not [name for name in found if name.endswith(f"/ {small.name}")]


def test_without_peers_only_the_curve_is_a_goal() -> None:
    assert [row["name"] for row in rows({"1.5x load": {OUR_SYSTEM: same(1.0)}})] == [
        "goal: 1.5x load, ours / the curve: row-steps"
    ]
