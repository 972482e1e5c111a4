"""fournil-mini behind the interface draws what it draws without."""

from pathlib import Path

import numpy as np
import pytest

from services.generator.families.interface import Wish
from services.generator.families.mini import MiniModel
from services.generator.pipeline import Pipeline
from services.generator.shelf import load_models

FIXTURE = Path(__file__).parents[2] / "fixtures" / "tiny_model"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    model = load_models(FIXTURE, threads=1, most_rows=4)["tiny"]
    assert isinstance(model, MiniModel)
    return model.pipeline


def test_the_same_picture(pipeline: Pipeline) -> None:
    model = MiniModel(pipeline)
    size = model.facts.width
    wish = Wish(2**32 - 1, 3, 4.0, size, size)
    canvas = pipeline.start(wish, 1, pipeline.encode("a red boat"))
    other = model.start(wish, 1, model.encode("a red boat", "ignored"))
    assert (other.rows, other.steps, other.key) == (model.rows(4.0), model.calls(3), canvas.key)
    while not other.finished:
        pipeline.step([canvas])
        model.step([other])
        assert np.array_equal(model.rough(other), canvas.rough())
    assert np.array_equal(model.picture(other), canvas.x.clip(-1, 1))


def test_its_facts_and_its_one_size(pipeline: Pipeline) -> None:
    model = MiniModel(pipeline)
    assert model.facts.square
    assert not model.facts.takes_negative
    assert model.facts.output_width == model.facts.output_height == pipeline.folder.output_size
    with pytest.raises(ValueError, match="width and height must be"):
        model.start(Wish(1, 3, 4.0, 640, 640), 0, model.encode("", None))
    with pytest.raises(ValueError, match="steps"):
        model.calls(0)
    assert model.warm_up().difference == 0


def test_over_a_picture_as_much_is_drawn_anew_as_the_strength_says(pipeline: Pipeline) -> None:
    model = MiniModel(pipeline)
    size = model.facts.width
    picture = np.random.RandomState(3).uniform(-1, 1, (3, size, size)).astype(np.float32)
    reading, prompt = model.read(picture), model.encode("a red boat", None)

    def drawn(strength: float) -> tuple[int, np.ndarray]:
        canvas = model.start(Wish(5, 10, 4.0, size, size, strength), 0, prompt, reading)
        calls = 0
        while not canvas.finished:
            model.step([canvas])
            calls += 1
        return calls, model.picture(canvas)

    few, most, anew = drawn(0.1), drawn(0.9), drawn(1.0)
    assert [few[0], most[0], anew[0]] == [model.calls(10, share) for share in (0.1, 0.9, 1.0)] == [1, 9, 10]
    assert np.abs(few[1] - picture).mean() < np.abs(most[1] - picture).mean()
    blank = model.start(Wish(5, 10, 4.0, size, size), 0, prompt)
    while not blank.finished:
        model.step([blank])
    assert np.array_equal(anew[1], model.picture(blank)), "strength 1 leaves nothing of the picture"
    for strength in (0.0, 1.5):
        with pytest.raises(ValueError, match="strength"):
            model.start(Wish(5, 10, 4.0, size, size, strength), 0, prompt, reading)
    with pytest.raises(ValueError, match="width and height must be"):
        model.read(picture[:, :-1])
