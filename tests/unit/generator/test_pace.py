"""The measure of machine time a picture."""

import pytest

from services.generator.pace import HALF_LIFE, Pace


def test_unknown_before_the_first_measure() -> None:
    assert Pace().picture_seconds is None


def test_counts_whole_machine_time_a_picture() -> None:
    pace = Pace()
    for _ in range(40):
        pace.measured(0.1, 2 / 20)  # two pictures of 20 steps share each call
    assert pace.picture_seconds == pytest.approx(1.0)


def test_follows_the_mix_within_a_few_half_lives() -> None:
    pace = Pace()
    pace.measured(10.0, 10.0)
    for _ in range(100):
        pace.measured(HALF_LIFE / 20, HALF_LIFE / 20 / 4.0)
    assert pace.picture_seconds == pytest.approx(4.0, rel=0.05)
