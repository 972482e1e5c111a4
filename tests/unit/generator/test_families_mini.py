"""fournil-mini behind the interface draws what it draws without."""

from pathlib import Path

import numpy as np
import pytest

from services.generator.families.interface import Wish
from services.generator.families.mini import MiniModel
from services.generator.pipeline import Pipeline
from services.generator.providers import Execution
from services.generator.shelf import load_models

FIXTURE = Path(__file__).parents[2] / "fixtures" / "tiny_model"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    model = load_models(FIXTURE, execution=Execution(1), most_rows=4)["tiny"]
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


def test_a_mask_keeps_the_rest_to_the_bit_and_no_other_row_sees_it(pipeline: Pipeline) -> None:
    model = MiniModel(pipeline)
    size = model.facts.width
    picture = np.random.RandomState(3).uniform(-1, 1, (3, size, size)).astype(np.float32)
    anew = np.zeros((size, size), bool)
    anew[10:30, 20:50] = True
    prompt, wish = model.encode("a red boat", None), Wish(5, 6, 4.0, size, size, 1.0)

    def drawn(company: bool) -> list[np.ndarray]:
        canvases = [model.start(wish, 0, prompt, model.read(picture, anew))]
        if company:
            canvases += [model.start(wish, 1, prompt), model.start(wish, 2, prompt, model.read(picture))]
        while not canvases[0].finished:
            model.step(canvases)
        return [model.picture(canvas) for canvas in canvases]

    masked, blank, over = drawn(company=True)
    assert np.array_equal(masked[:, ~anew], picture[:, ~anew])
    assert not np.isclose(masked[:, anew], picture[:, anew]).any(axis=0).all()
    assert np.array_equal(masked, drawn(company=False)[0])
    for index, (beside, base) in enumerate(((blank, None), (over, model.read(picture))), 1):
        alone = model.start(wish, index, prompt, base)
        while not alone.finished:
            model.step([alone])
        assert np.array_equal(beside, model.picture(alone))
    whole = model.start(wish, 0, prompt, model.read(picture, np.ones_like(anew)))
    plain = model.start(wish, 0, prompt, model.read(picture))
    while not whole.finished:
        model.step([whole, plain])
    assert np.array_equal(whole.x, plain.x)
