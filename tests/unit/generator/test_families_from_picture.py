"""Pictures that start from one: read as torch read it, noised as far as the strength says."""

from pathlib import Path

import numpy as np
import pytest

from services.generator.families.drawing import DrawingModel
from services.generator.families.interface import Wish
from services.generator.noise import Stream
from tests.fixtures.pipelines.comparison import Arrays, expected_of, pixels
from tests.unit.generator.families_folders import FIXTURES, NAMES, copied, opened

CLOSE = 1e-4


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DrawingModel:
    return opened(copied(request.param, tmp_path_factory.mktemp("models")))


@pytest.fixture
def expected(model: DrawingModel) -> Arrays:
    return expected_of(FIXTURES / model.facts.name)


def wish_for(expected: Arrays, strength: float, steps: int = 4) -> Wish:
    return Wish(9, steps, 3.0, int(expected["request.width"]), int(expected["request.height"]), strength)


def test_a_picture_is_read_as_torch_read_it(model: DrawingModel, expected: Arrays) -> None:
    reading = model.read(pixels(expected["picture"])[0])
    mean, log_variance = np.split(expected["vae_encoder.latent_parameters"][0], 2)
    assert np.abs(reading.mean - mean).max() <= CLOSE * np.abs(mean).max()
    assert reading.deviation == pytest.approx(np.exp(log_variance / 2), rel=CLOSE)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_it_starts_from_the_picture_noised_that_far(
    model: DrawingModel, expected: Arrays, strength: float
) -> None:
    reading = model.read(pixels(expected["picture"])[0])
    canvas = model.start(wish_for(expected, strength), 0, model.encode("a boat", None), reading)
    begin = canvas.schedule.start_index(strength)
    assert canvas.done == begin
    assert (begin == 0) == (strength == 1.0)
    source, coder = Stream(9), model.family.coder
    latent = (reading.mean + reading.deviation * source.draw(reading.mean.shape) - coder.shift) * coder.scaling
    level, noise = canvas.schedule.levels.now[begin], source.draw(reading.mean.shape)
    assert canvas.x == pytest.approx(level.signal * latent + level.noise * noise, rel=1e-5, abs=1e-5)


def test_a_canvas_from_a_picture_shares_calls_with_others(model: DrawingModel, expected: Arrays) -> None:
    reading, conditioning = model.read(pixels(expected["picture"])[0]), model.encode("a boat", None)
    late, alone = (model.start(wish_for(expected, 0.5), 0, conditioning, reading) for _ in range(2))
    other = model.start(wish_for(expected, 1.0, steps=6), 1, conditioning)
    assert late.key == other.key
    while not other.finished:
        model.step([canvas for canvas in (late, other) if not canvas.finished])
    while not alone.finished:
        model.step([alone])
    assert np.abs(late.x - alone.x).max() <= 2e-5 * np.abs(alone.x).max()
    assert np.isfinite(model.picture(late)).all()


def test_what_cannot_be_is_refused(model: DrawingModel, expected: Arrays) -> None:
    reading, conditioning = model.read(pixels(expected["picture"])[0]), model.encode("a boat", None)
    # Flow matching rounds the steps that are left out down, so some are always left.
    too_little = [] if model.family.denoiser == "transformer" else [0.01]
    for strength in (0.0, 1.5, *too_little):
        with pytest.raises(ValueError, match="strength"):
            model.start(wish_for(expected, strength, steps=2), 0, conditioning, reading)
    smallest = model.facts.smallest
    with pytest.raises(ValueError, match="the picture to start from must be"):
        model.start(Wish(9, 4, 3.0, smallest, smallest, 0.5), 0, conditioning, reading)
    with pytest.raises(ValueError, match="height must be"):
        model.read(np.zeros((3, smallest + 1, smallest), np.float32))


def test_a_folder_without_an_encoder_draws_from_noise_only(tmp_path: Path) -> None:
    folder = copied("sd2", tmp_path)
    (folder / "vae_encoder" / "model.onnx").unlink()
    model = opened(folder)
    assert not model.facts.takes_source
    with pytest.raises(ValueError, match="sd2 does not start from pictures"):
        model.read(np.zeros((3, 16, 16), np.float32))
    model.warm_up()
