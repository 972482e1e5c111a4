"""Arrivals and the two manners of baking a batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.oven.mix import MIX, STEPS
from bench.peers.manners import MANNERS, calls_of
from bench.traffic.workload import PATIENCE, Scenario, arrivals

LONG = Scenario(load=1.5, leaving=0.3, warm_up=4.0, measured=600.0)


def test_the_same_seed_is_the_same_list() -> None:
    assert arrivals(LONG, MIX, 3) == arrivals(LONG, MIX, 3) != arrivals(LONG, MIX, 4)


def test_arrivals_have_the_rate_and_the_mix_that_was_asked() -> None:
    found = arrivals(LONG, MIX, 3)
    assert len(found) / LONG.length == pytest.approx(1.5 * MIX.pictures_per_second, rel=0.05)
    for steps in STEPS:
        assert sum(one.steps == steps for one in found) / len(found) == pytest.approx(1 / 3, abs=0.03)
    assert sum(one.paid for one in found) / len(found) == pytest.approx(0.2, abs=0.03)
    patience = [one.leaves_after for one in found if one.leaves_after is not None]
    assert len(patience) / len(found) == pytest.approx(0.3, abs=0.03)
    assert PATIENCE[0] <= min(patience) <= max(patience) <= PATIENCE[1]
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert found[-1].at < LONG.length


def test_who_gives_up_changes_nothing_else() -> None:
    staying = Scenario(1.5, 0.0, 4.0, 600.0)
    assert [(one.at, one.steps, one.paid) for one in arrivals(LONG, MIX, 3)] == [
        (one.at, one.steps, one.paid) for one in arrivals(staying, MIX, 3)
    ]


def test_one_call_a_step_count_splits_a_batch() -> None:
    assert calls_of("one", [4, 8, 4]) == [2] * 4 + [1] * 8


def test_samples_that_are_done_leave_the_call() -> None:
    assert calls_of("early", [4, 8, 4]) == [3] * 4 + [1] * 4


@given(st.lists(st.integers(1, 20), max_size=8), st.sampled_from(sorted(MANNERS)))
def test_neither_manner_runs_a_step_too_many_or_too_few(steps: list[int], manner: str) -> None:
    assert sum(calls_of(manner, steps)) == sum(steps)
