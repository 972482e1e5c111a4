"""Noise is torch's, number by number: the expected values were printed by torch 2.13.0 on a CPU."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.noise import normal

TORCH = [
    # torch.manual_seed(seed); torch.randn(shape): first four numbers, last three
    (0, (3, 64, 64), [-1.12583983, -1.1523602, -0.25057858, -0.43387881], [1.22458875, -0.9603298, -0.6734276]),
    (7, (3, 64, 64), [-0.82013452, 0.39563116, 0.8989085, -1.3884039], [-0.4428919, 0.56639242, 1.13692153]),
    (2**32 - 1, (16,), [-2.6642976, -1.09104860, 0.45144743, 0.22836070], [0.48375222, 0.84178656, 0.14090961]),
    (123, (37,), [0.33737022, -0.17777722, -0.30352759, -0.58801186], [-0.98868943, -1.7018304, -0.749802350]),
    (5, (3, 3, 7), [1.84232986, 0.51888716, -1.71192133, -1.7013793], [-1.96724344, -0.13675560, 1.87034404]),
]


@pytest.mark.parametrize(("seed", "shape", "first", "last"), TORCH)
def test_equals_torch(seed: int, shape: tuple[int, ...], first: list[float], last: list[float]) -> None:
    numbers = normal(seed, shape)
    assert numbers.shape == shape
    assert numbers.dtype == np.float32
    assert numbers.ravel()[:4] == pytest.approx(first, abs=2e-6)
    assert numbers.ravel()[-3:] == pytest.approx(last, abs=2e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_seed_means_the_same_noise_each_time(seed: int) -> None:
    numbers = normal(seed, (3, 64, 64))
    assert np.array_equal(numbers, normal(seed, (3, 64, 64)))
    assert not np.array_equal(numbers, normal((seed + 1) % 2**32, (3, 64, 64)))
    assert abs(numbers.mean()) < 0.06
    assert abs(numbers.std() - 1) < 0.05


def test_too_few_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        normal(1, (3, 5))
