"""A small surge on a simulated clock: what the large one shows, in seconds."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from bench.surge.figures import figures
from bench.surge.judge import steady
from bench.surge.log import Log
from bench.surge.scene import Scene
from bench.surge.simulated import Simulation
from bench.traffic.figures import percentile
from services.quota.policy_file import load_policy

POLICY = load_policy(Path(__file__).resolve().parents[3] / "bench" / "surge" / "real.toml")
SCENE = Scene(
    ovens=2, slots=4, picture_time=0.2, users=400, paid_users=20, greedy_users=5, peak=20.0, rises=5.0, ramp=10.0,
    ends=60.0, after=20.0, burst_at=30.0, burst_length=5.0, patience=60.0, deaths=((25.0, 1),), away=10.0,
    length=400.0,
)  # fmt: skip


def run(order: str = "ours", scene: Scene = SCENE, seed: int = 1) -> Log:
    return asyncio.run(Simulation(scene, POLICY, order, seed, follow=10).run())


@pytest.fixture(scope="module")
def ours() -> Log:
    return run()


def test_all_that_was_asked_was_refused_or_ended_and_the_store_adds_up(ours: Log) -> None:
    assert ours.asked.total() == ours.refusals.total() + len(ours.tickets)
    assert {one.ended for one in ours.tickets.values()} == {"drawn", "cancelled"}
    assert ours.wrong == []
    assert ours.ended < SCENE.length


def test_the_level_goes_up_through_all_four_and_back_once_and_says_why(ours: Log) -> None:
    assert steady(ours), ours.levels
    assert all("backlog" in change.cause for change in ours.levels[1:])
    twice = replace(ours, levels=[*ours.levels, *ours.levels[1:]])
    assert not steady(twice), "a level that flaps is noticed"


def test_every_class_has_its_share_and_free_is_never_left_out_for_long(ours: Log) -> None:
    seen = figures(ours, POLICY.weights, SCENE.rate)
    both = [turn for turn in ours.turns if all(turn.waiting.get(tier, 0) for tier in POLICY.weights)]
    assert both[-1].at - both[0].at > 10.0, "both classes waited for a while"
    assert min(seen.share.values()) >= 0.9
    # By start-time fair queueing: after the largest free job paid has four times as much, and may end one beyond.
    largest = max(SCENE.steps) / 8 * max(SCENE.pictures)
    assert 0.0 < seen.gap <= largest * 5 / SCENE.rate + 1e-9


def test_expected_waits_are_right_within_bounds(ours: Log) -> None:
    seen = figures(ours, POLICY.weights, SCENE.rate)
    assert len(seen.eta) > 200
    assert percentile(seen.eta, 0.5) <= 0.25
    assert percentile(seen.eta, 0.9) <= 0.8


def test_places_rise_and_always_with_what_really_happened(ours: Log) -> None:
    rises = [
        after
        for one in ours.tickets.values()
        for before, after in itertools.pairwise(one.sights)
        if after.place > before.place
    ]
    assert rises
    assert all(sight.reason for sight in rises)
    assert ours.unexplained == []


def test_strict_priority_leaves_free_out_and_fifo_lets_paid_wait() -> None:
    gentle = replace(SCENE, peak=4.0, ends=45.0)
    mine, strict, fifo = (
        figures(run(order, gentle), POLICY.weights, SCENE.rate) for order in ("ours", "strict priority", "FIFO")
    )
    assert strict.gap > 3 * mine.gap
    assert strict.wait("paid", 0.99) <= mine.wait("paid", 0.99) < fifo.wait("paid", 0.99)


def test_the_same_seed_is_the_same_run() -> None:
    short = replace(SCENE, ends=15.0, after=2.0, length=20.0)
    one, again, other = run(scene=short), run(scene=short), run(scene=short, seed=2)
    assert one == again
    assert one.turns != other.turns
