"""Turns of keys, and how many rows a call should hold."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.capacity import Capacity, smallest_efficient, usual_slots
from services.generator.rounds import Rounds

costs_of_keys = st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 5.0), min_size=1)


@settings(deadline=None)
@given(costs_of_keys, st.floats(0.5, 2.0))
def test_keys_that_stay_share_the_time_evenly(costs: dict[str, float], truth: float) -> None:
    """Also where steps take `truth` times what was thought."""
    rounds, spent = Rounds[str](), dict.fromkeys(costs, 0.0)
    for _ in range(300):
        key = rounds.next(costs, costs.keys())
        rounds.spent(key, truth * costs[key])
        spent[key] += truth * costs[key]
        most = max(costs.values())
        assert max(spent.values()) - min(spent.values()) <= 3 * max(1.0, truth) * most


def test_who_was_away_has_saved_nothing_up() -> None:
    rounds = Rounds[str]()
    both = {"a": 1.0, "b": 1.0}
    assert {rounds.next(both, both) for _ in range(1)} == {"a"}
    for _ in range(20):
        rounds.spent(rounds.next({"a": 1.0}, {"a"}), 1.0)
    turns = []
    for _ in range(6):
        turns.append(rounds.next(both, both))
        rounds.spent(turns[-1], 1.0)
    assert sorted(turns) == ["a", "a", "a", "b", "b", "b"]


def test_without_keys_there_is_no_turn() -> None:
    with pytest.raises(ValueError, match="no key"):
        Rounds[str]().next({}, ())


@pytest.mark.parametrize(
    ("seconds", "rows"),
    [
        ({1: 0.044, 2: 0.086, 4: 0.18}, 1),  # a CPU: the time grows with the rows
        ({1: 0.020, 2: 0.022, 4: 0.0289, 8: 0.051, 16: 0.0997}, 8),  # a GPU: 3.14 times one row's rate at 8
        ({1: 0.02, 2: 0.021, 4: 0.022, 8: 0.023}, 8),
        ({4: 1.0}, 4),
    ],
)
def test_the_smallest_call_that_is_nearly_as_good_as_the_best(seconds: dict[int, float], rows: int) -> None:
    assert smallest_efficient(seconds) == rows


def test_capacity_learns_from_calls_that_are_well_filled_and_halves_down_to_one() -> None:
    capacity = Capacity(8)
    assert (capacity.rows, capacity.step_seconds) == (8, 0.0)
    capacity.measured(1, 100.0)
    assert capacity.row_seconds == 0.0, "one row of eight says nothing"
    capacity.measured(8, 4.0)
    assert capacity.row_seconds == 0.5
    for _ in range(100):
        capacity.measured(4, 4.0)
    assert capacity.row_seconds == pytest.approx(1.0, rel=0.01)
    assert [capacity.halve(capacity.rows) for _ in range(4)] == [True, True, True, False]
    assert capacity.rows == 1


@pytest.mark.parametrize(("failed", "rows"), [(16, 8), (7, 4), (5, 3), (2, 1)])
def test_a_capacity_is_halved_from_the_call_that_failed(failed: int, rows: int) -> None:
    capacity = Capacity(16, 1.0, {6: 0.1}, promise=1.0)
    assert capacity.halve(failed)
    assert (capacity.rows, capacity.room(paid=1, steps=10)) == (rows, min(rows, 6))
    assert not capacity.halve(2 * rows), "a larger call than this one may hold says nothing new"


CURVE = {1: 0.020, 2: 0.022, 3: 0.0223, 4: 0.0289, 8: 0.051}
"""A GPU: 50, 91, 135, 138 and 157 rows a second."""


@pytest.mark.parametrize(
    ("promise", "paid", "steps", "rows"),
    [
        (math.inf, 1, 20, 8),
        (0.6, 0, 20, 8),
        (0.6, 1, 8, 8),  # 0.41 s in full calls
        (0.6, 1, 20, 4),  # 1.02 s in full calls, 0.58 s in calls of four
        (0.6, 4, 20, 4),
        (0.6, 5, 20, 8),  # the fewest that hold them
        (0.5, 1, 20, 3),
        (0.5, 4, 20, 4),
        (0.3, 1, 20, 8),  # out of reach
    ],
)
def test_calls_are_smaller_where_that_keeps_a_promise(promise: float, paid: int, steps: int, rows: int) -> None:
    assert Capacity.found(CURVE, promise=promise).room(paid, steps) == rows


@pytest.mark.parametrize(("pictures", "slots"), [(1, 4), (2, 4), (3, 5), (8, 12), (16, 24)])
def test_slots_are_half_as_many_again_as_a_call_holds(pictures: int, slots: int) -> None:
    assert usual_slots(pictures) == slots


@pytest.mark.parametrize("bad", [(0,), (2, -1.0), (4, 0.0, {0: 1.0}), (4, 0.0, {}, 0.0)])
def test_a_capacity_that_makes_no_sense_is_refused(bad: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="a capacity needs"):
        Capacity(*bad)
