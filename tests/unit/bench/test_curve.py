"""The batch-efficiency curve the emulated accelerator follows."""

import pytest

from bench.oven.curve import CAP, CAPACITY, SPEED_UP, STEP_SECONDS, call_seconds, speed_up


@pytest.mark.parametrize(("rows", "seconds"), [(1, 0.0200), (2, 0.0220), (3, 0.0223), (4, 0.0289), (8, 0.0510)])
def test_takes_the_published_times_scaled_to_its_step(rows: int, seconds: float) -> None:
    assert call_seconds(rows) == pytest.approx(seconds, abs=5e-5)


def test_is_a_straight_line_between_published_points() -> None:
    assert speed_up(6) == pytest.approx((SPEED_UP[4] + SPEED_UP[8]) / 2)


def test_a_fuller_call_takes_longer_and_does_more_a_second() -> None:
    rows = range(1, 17)
    assert sorted(rows, key=call_seconds) == sorted(rows, key=speed_up) == list(rows)


def test_capacity_is_that_of_full_calls() -> None:
    assert pytest.approx(SPEED_UP[CAP] / STEP_SECONDS) == CAPACITY


@pytest.mark.parametrize("rows", [0, -1, 17])
def test_is_not_known_outside_the_published_points(rows: int) -> None:
    with pytest.raises(ValueError, match="known from 1 to 16"):
        speed_up(rows)
