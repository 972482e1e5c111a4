"""The shipped model through the numpy sampler: a picture depends on its own prompt and seed alone."""

from pathlib import Path

import numpy as np
import pytest

from models.text2image.sampler import Sampler, Settings, flow_levels
from services.runtime.sentence_encoder import SentenceEncoder

WEIGHTS = Path(__file__).parents[3] / "models" / "weights"
QUICK = Settings(steps=2, guidance=3.0)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    encoder = SentenceEncoder(WEIGHTS / "use-multilingual")
    return Sampler(WEIGHTS / "fournil-mini", encoder, threads=1)


@pytest.mark.parametrize("shift", [1.0, 2.0, 3.0])
def test_levels_fall_from_one_to_zero(shift: float) -> None:
    levels = flow_levels(10, shift)
    assert len(levels) == 11
    assert levels[0] == 1.0
    assert levels[-1] == 0.0
    assert (np.diff(levels) < 0).all()


def test_a_shift_spends_more_steps_near_noise() -> None:
    assert (flow_levels(10, 3.0)[1:-1] > flow_levels(10, 1.0)[1:-1]).all()


def test_a_picture_is_the_same_alone_and_in_a_batch(sampler: Sampler) -> None:
    short, long = "un crabe", "a drawing of a crab next to a boat on a beach at sunset, cartoon style"
    alone = sampler.draw([short], [4], QUICK)[0].astype(int)
    beside = sampler.draw([long, short], [9, 4], QUICK)[1].astype(int)
    assert np.abs(alone - beside).max() <= 1


def test_prompt_and_seed_each_change_the_picture(sampler: Sampler) -> None:
    base, other_seed, other_prompt = sampler.draw(
        ["un crabe sur fond bleu", "un crabe sur fond bleu", "une fraise sur fond jaune"], [1, 2, 1], QUICK
    )
    assert base.shape == (sampler.size, sampler.size, 3)
    assert not np.array_equal(base, other_seed)
    assert not np.array_equal(base, other_prompt)


def test_default_settings_are_usable(sampler: Sampler) -> None:
    assert 1 <= sampler.defaults.steps <= 50
    assert sampler.defaults.guidance >= 1.0
