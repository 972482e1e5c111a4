"""Pictures at different steps of different schedules in one call are those that they are alone.

The transformers' are bit-equal on a CPU. The fixtures' U-Nets have blocks 4 wide, and onnxruntime rounds sines of
so few numbers one way alone and another way in a vector (README.md of the fixtures); there 2e-5 of the largest
number of a latent is allowed.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from services.generator.families.canvas import Canvas
from services.generator.families.drawing import DrawingModel
from services.generator.families.interface import Array, Wish
from services.generator.families.opening import open_model
from services.generator.folder import FolderError
from services.generator.noise import Stream
from services.generator.providers import Execution
from tests.unit.generator.families_folders import NAMES, copied, opened

TOLERANCE = 2e-5
SIZE = 16


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DrawingModel:
    return opened(copied(request.param, tmp_path_factory.mktemp("models")))


def started(model: DrawingModel) -> list[Canvas]:
    """Five canvases of one size, no two of one kind."""
    boat, night = model.encode("a red boat", None), model.encode("blue night", "the sea")
    wishes = [
        (1, 3, 4.5, boat),
        (2, 5, 7.5, night),
        (3, 2, 1.0, boat),
        (4, 4, 0.0, night),
        (2**32 - 1, 1, 3.0, night),
    ]
    return [
        model.start(Wish(seed, steps, guidance, SIZE, SIZE), 0, conditioning)
        for seed, steps, guidance, conditioning in wishes
    ]


def drawn(model: DrawingModel, canvases: Sequence[Canvas]) -> list[Array]:
    while unfinished := [canvas for canvas in canvases if not canvas.finished]:
        model.step(unfinished)
    return [canvas.x for canvas in canvases]


def assert_same(model: DrawingModel, one: Array, other: Array) -> None:
    if model.family.denoiser == "transformer":
        assert np.array_equal(one, other)
    else:
        assert np.abs(one - other).max() <= TOLERANCE * np.abs(one).max()


def test_alone_or_in_company(model: DrawingModel) -> None:
    alone = [drawn(model, [canvas])[0] for canvas in started(model)]
    together = drawn(model, started(model))
    turned = drawn(model, started(model)[::-1])[::-1]
    for one, two, three in zip(alone, together, turned, strict=True):
        assert np.isfinite(one).all()
        assert_same(model, one, two)
        assert_same(model, one, three)
    for at, picture in enumerate(alone):
        assert not any(np.array_equal(picture, other) for other in alone[at + 1 :])


def test_joining_late(model: DrawingModel) -> None:
    alone = drawn(model, started(model)[:1])[0]
    late, early = started(model)[:2]
    model.step([early])
    model.step([early, late])
    drawn(model, [early, late])
    assert_same(model, late.x, alone)


def test_alone_twice_is_bit_for_bit_the_same(model: DrawingModel) -> None:
    first, second = (drawn(model, started(model)[:1])[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_sizes_do_not_share_a_call(model: DrawingModel) -> None:
    conditioning = model.encode("a boat", None)
    wide, tall = (
        model.start(Wish(1, 2, 1.0, width, height), 0, conditioning) for width, height in ((24, 16), (16, 24))
    )
    assert wide.key != tall.key
    with pytest.raises(ValueError, match="one key"):
        model.step([wide, tall])
    assert wide.done == tall.done == 0
    with pytest.raises(ValueError, match="one key"):
        model.step([])


def test_a_canvas_starts_from_the_noise_of_its_own_seed(model: DrawingModel) -> None:
    conditioning = model.encode("", None)
    wish = Wish(2**32 - 1, 4, 2.0, SIZE, SIZE)
    last, first = (model.start(wish, index, conditioning) for index in range(2))
    for canvas, seed in ((last, 2**32 - 1), (first, 0)):
        noise = Stream(seed).draw(canvas.x.shape)
        assert np.array_equal(canvas.x, noise * np.float32(canvas.schedule.init_scale))


def test_rows_follow_guidance(model: DrawingModel) -> None:
    conditioning = model.encode("a boat", None)
    for guidance in (0.0, 1.0, 5.0):
        canvas = model.start(Wish(1, 2, guidance, SIZE, SIZE), 0, conditioning)
        assert canvas.rows == model.rows(guidance)


def test_texts_are_encoded_once_and_the_negative_prompt_matters_where_it_can(model: DrawingModel) -> None:
    one, other = model.encode("a boat", None), model.encode("a boat", "night")
    assert one.asked is other.asked
    assert not one.asked.tokens.flags.writeable
    assert (one.against is None) == (not model.facts.takes_negative)
    if one.against is not None and other.against is not None:
        assert not np.array_equal(one.against.tokens, other.against.tokens)


def test_put_out_and_brought_back_it_draws_the_same(model: DrawingModel) -> None:
    """Texts that were encoded before are known still, so one that was not is among them."""
    kept = [model.encode(f"a house {seed}", None) for seed in range(40)]
    before = [*drawn(model, started(model)), kept[0].asked.tokens]
    shown = model.picture(started(model)[0])
    calls, rows = model.calls(4), model.rows(3.0)
    model.unload()
    model.unload()
    assert (model.calls(4), model.rows(3.0)) == (calls, rows)
    with pytest.raises(RuntimeError, match=r"model.onnx is not loaded"):
        drawn(model, started(model))
    model.load()
    after = [*drawn(model, started(model)), model.encode("a house 0", None).asked.tokens]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert np.array_equal(model.picture(started(model)[0]), shown)


def test_a_model_of_which_a_part_is_gone_is_not_half_loaded(tmp_path: Path) -> None:
    folder = copied("sd1", tmp_path)
    model = open_model(folder, execution=Execution(1), most_rows=2)
    model.unload()
    (folder / "vae_encoder" / "model.onnx").unlink()
    with pytest.raises(FolderError, match=r"^vae_encoder/model.onnx is missing$"):
        model.load()
    with pytest.raises(RuntimeError, match=r"text_encoder/model.onnx is not loaded"):
        model.encode("a boat that was not seen before", None)
