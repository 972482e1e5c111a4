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


def masked(expected: Arrays) -> np.ndarray:
    """bool[H,W]: the left two fifths."""
    anew = np.zeros((int(expected["request.height"]), int(expected["request.width"])), bool)
    anew[:, : anew.shape[1] * 2 // 5] = True
    return anew


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_outside_of_the_mask_the_latent_is_what_was_read(
    model: DrawingModel, expected: Arrays, strength: float
) -> None:
    picture, conditioning = pixels(expected["picture"])[0], model.encode("a boat", None)
    anew, wish = masked(expected), wish_for(expected, strength)
    canvas = model.start(wish, 0, conditioning, model.read(picture, anew))
    plain = model.start(wish, 0, conditioning, model.read(picture))
    assert np.array_equal(canvas.x, plain.x) and canvas.key == plain.key
    while not canvas.finished:
        model.step([canvas])
        model.step([plain])
        assert np.isfinite(model.rough(canvas)).all()
    reading, coder, source = model.read(picture), model.family.coder, Stream(9)
    latent = (reading.mean + reading.deviation * source.draw(reading.mean.shape) - coder.shift) * coder.scaling
    cells = np.zeros(canvas.x.shape[1:], bool)
    # Cells that lie partly in the mask are drawn anew.
    cells[:, : -(-anew[0].sum() // coder.scale)] = True
    assert cells.any() and not cells.all()
    assert canvas.x[:, ~cells] == pytest.approx(latent[:, ~cells], rel=1e-5, abs=1e-5)
    assert not np.isclose(canvas.x[:, cells], latent[:, cells]).all()
    if wish.steps - canvas.schedule.start_index(strength) > 1:
        assert not np.array_equal(canvas.x[:, cells], plain.x[:, cells]), "it is drawn beside what stays"


def test_a_mask_of_everything_is_as_none(model: DrawingModel, expected: Arrays) -> None:
    picture, conditioning = pixels(expected["picture"])[0], model.encode("a boat", None)
    whole = np.ones_like(masked(expected))
    one, other = (
        model.start(wish_for(expected, 0.5), 0, conditioning, model.read(picture, anew)) for anew in (whole, None)
    )
    while not one.finished:
        model.step([one])
        model.step([other])
    assert np.array_equal(one.x, other.x)


def test_the_mask_of_one_row_changes_no_bit_of_another(model: DrawingModel, expected: Arrays) -> None:
    """In calls of the same rows, with and without a mask in the first of them."""
    picture, conditioning = pixels(expected["picture"])[0], model.encode("a boat", None)
    beside = []
    for anew in (masked(expected), None):
        first = model.start(wish_for(expected, 1.0), 0, conditioning, model.read(picture, anew))
        over = model.start(wish_for(expected, 0.5), 1, conditioning, model.read(picture))
        blank = model.start(wish_for(expected, 1.0, steps=6), 2, conditioning)
        while going := [canvas for canvas in (first, over, blank) if not canvas.finished]:
            model.step(going)
        beside.append((first.x, over.x, blank.x))
    assert not np.array_equal(beside[0][0], beside[1][0])
    assert np.array_equal(beside[0][1], beside[1][1]) and np.array_equal(beside[0][2], beside[1][2])


def test_a_row_with_a_mask_is_the_same_in_company(model: DrawingModel, expected: Arrays) -> None:
    picture, conditioning = pixels(expected["picture"])[0], model.encode("a boat", None)
    reading = model.read(picture, masked(expected))
    late, alone = (model.start(wish_for(expected, 1.0), 0, conditioning, reading) for _ in range(2))
    other = model.start(wish_for(expected, 1.0, steps=6), 1, conditioning)
    model.step([other])
    while not late.finished:
        model.step([other, late])
        model.step([alone])
    if model.family.denoiser == "transformer":
        assert np.array_equal(late.x, alone.x)
    assert np.abs(late.x - alone.x).max() <= 2e-5 * np.abs(alone.x).max()


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
