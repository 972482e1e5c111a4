"""Levels and Euler steps of flow matching."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.schedules import clean_estimate, euler_step, flow_match_levels, guide


def test_plain_levels_are_even() -> None:
    assert flow_match_levels(4).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_shifted_levels_follow_the_paper() -> None:
    # shift 3 takes t to 3t / (1 + 2t).
    assert flow_match_levels(4, 3.0) == pytest.approx([1.0, 0.9, 0.75, 0.5, 0.0])


@settings(deadline=None)
@given(st.integers(1, 100), st.floats(0.1, 12.0))
def test_levels_fall_from_one_to_zero(steps: int, shift: float) -> None:
    levels = flow_match_levels(steps, shift)
    assert len(levels) == steps + 1
    assert levels[0] == 1.0
    assert levels[-1] == 0.0
    assert (np.diff(levels) < 0).all()


@pytest.mark.parametrize(("steps", "shift"), [(0, 1.0), (4, 0.0), (4, -1.0), (4, float("nan"))])
def test_senseless_schedules_are_refused(steps: int, shift: float) -> None:
    with pytest.raises(ValueError, match="steps must be"):
        flow_match_levels(steps, shift)


@settings(deadline=None)
@given(st.integers(1, 60), st.floats(0.3, 6.0))
def test_a_true_velocity_leads_to_the_picture(steps: int, shift: float) -> None:
    random = np.random.RandomState(3)
    noise, picture = random.standard_normal((2, 3, 8, 8)).astype(np.float32)
    velocity = noise - picture
    levels = flow_match_levels(steps, shift)
    x = noise
    for now, after in pairwise(levels):
        assert np.abs(clean_estimate(x, velocity, now) - picture).max() < 1e-4
        x = euler_step(x, velocity, now, after)
    assert x.dtype == np.float32
    assert np.abs(x - picture).max() < 1e-4


def test_guidance_goes_from_without_through_asked_and_beyond() -> None:
    without, asked = np.zeros(3, np.float32), np.ones(3, np.float32)
    assert guide(without, asked, 0.0).tolist() == [0.0] * 3
    assert guide(without, asked, 1.0).tolist() == [1.0] * 3
    assert guide(without, asked, 3.0).tolist() == [3.0] * 3
