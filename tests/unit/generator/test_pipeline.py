"""The same model, prompt, seed, size and steps give the same picture, alone or in company."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.generator.families.interface import Wish
from services.generator.families.mini import MiniModel
from services.generator.noise import normal
from services.generator.pipeline import TEXT_STEP, Canvas, Pipeline
from services.generator.providers import Execution
from services.generator.session import LONGEST_TEXT
from services.generator.shelf import load_models

FIXTURE = Path(__file__).parents[2] / "fixtures" / "tiny_model"
SHIPPED = Path(__file__).parents[3] / "models" / "weights"

PROMPTS = [
    "a red boat",
    "un crabe à côté d'une barque, sur une plage au coucher du soleil",
    "a yellow house on a hill with a tree and a white cloud above it",
    "",
]


@pytest.fixture(scope="module", params=["tiny", "fournil-mini"])
def pipeline(request: pytest.FixtureRequest) -> Pipeline:
    """The fixture, and the shipped model where its weights are."""
    models = FIXTURE if request.param == "tiny" else SHIPPED
    if not (models / request.param / "unet" / "model.onnx").is_file():
        pytest.skip(f"no weights of {request.param} here")
    model = load_models(models, execution=Execution(2), most_rows=8)[request.param]
    assert isinstance(model, MiniModel)
    return model.pipeline


Order = tuple[str, Wish]


def recipe(pipeline: Pipeline, prompt: str, seed: int, steps: int, guidance: float = 3.0) -> Order:
    native = pipeline.folder.native_size
    return prompt, Wish(seed, steps, guidance, native, native)


def start(pipeline: Pipeline, made: Order) -> Canvas:
    prompt, wish = made
    return pipeline.start(wish, 0, pipeline.encode(prompt))


def bake(pipeline: Pipeline, canvases: Sequence[Canvas]) -> list[NDArray[np.float32]]:
    """Steps all of one text length together, as the oven does; each leaves when it is done."""
    while unfinished := [canvas for canvas in canvases if not canvas.finished]:
        for length in {canvas.prompt.length for canvas in unfinished}:
            pipeline.step([canvas for canvas in unfinished if canvas.prompt.length == length])
    return [canvas.x for canvas in canvases]


def test_alone_or_in_company_bit_for_bit(pipeline: Pipeline) -> None:
    recipes = [
        recipe(pipeline, PROMPTS[0], 1, 3),
        recipe(pipeline, PROMPTS[1], 2, 4),
        recipe(pipeline, PROMPTS[2], 3, 2, guidance=1.0),
        recipe(pipeline, PROMPTS[3], 4, 3, guidance=0.0),
        recipe(pipeline, PROMPTS[0], 2**32 - 1, 1, guidance=7.5),
    ]
    alone = [bake(pipeline, [start(pipeline, made)])[0] for made in recipes]
    together = bake(pipeline, [start(pipeline, made) for made in recipes])
    turned = bake(pipeline, [start(pipeline, made) for made in reversed(recipes)])
    for one, two, three in zip(alone, together, reversed(turned), strict=True):
        assert np.isfinite(one).all()
        assert np.array_equal(one, two)
        assert np.array_equal(one, three)


def test_warming_up_tells_the_time_of_a_step_and_what_company_changes(pipeline: Pipeline) -> None:
    warmth = pipeline.denoiser.warm_up()
    assert list(warmth.seconds) == [1, 2, 4, 8] and min(warmth.seconds.values()) > 0
    assert warmth.difference == 0


def test_joining_late_changes_nothing(pipeline: Pipeline) -> None:
    made, other = recipe(pipeline, PROMPTS[0], 5, 3), recipe(pipeline, PROMPTS[3], 6, 4)
    alone = bake(pipeline, [start(pipeline, made)])[0]
    early, late = start(pipeline, other), start(pipeline, made)
    pipeline.step([early])
    pipeline.step([late, early])
    bake(pipeline, [early, late])
    assert np.array_equal(late.x, alone)


def test_prompt_seed_steps_and_guidance_all_matter(pipeline: Pipeline) -> None:
    variants = [
        recipe(pipeline, PROMPTS[0], 1, 2),
        recipe(pipeline, PROMPTS[1], 1, 2),
        recipe(pipeline, PROMPTS[0], 2, 2),
        recipe(pipeline, PROMPTS[0], 1, 3),
        recipe(pipeline, PROMPTS[0], 1, 2, guidance=1.0),
        recipe(pipeline, PROMPTS[0], 1, 2, guidance=0.0),
    ]
    pictures = bake(pipeline, [start(pipeline, made) for made in variants])
    for at, picture in enumerate(pictures):
        assert not any(np.array_equal(picture, other) for other in pictures[at + 1 :])


def test_it_starts_from_the_seeds_noise_and_the_estimate_ends_at_the_picture(pipeline: Pipeline) -> None:
    canvas = start(pipeline, recipe(pipeline, PROMPTS[0], 9, 2))
    assert np.array_equal(canvas.x, normal(9, canvas.x.shape))
    assert np.array_equal(canvas.rough(), canvas.x)
    pipeline.step([canvas])
    assert not np.array_equal(canvas.rough(), canvas.x)
    pipeline.step([canvas])
    assert canvas.finished
    assert np.array_equal(canvas.rough(), canvas.x)


def test_padding_is_decided_by_the_prompt_itself(pipeline: Pipeline) -> None:
    short, long = pipeline.encode(PROMPTS[0]), pipeline.encode("a boat and a crab, " * 40)
    assert (short.length, long.length) == (TEXT_STEP, LONGEST_TEXT)
    assert short.mask.sum() < TEXT_STEP
    assert not short.tokens[short.mask == 0].any()
    with pytest.raises(ValueError, match="shape"):
        pipeline.step([pipeline.start(recipe(pipeline, "", 1, 1)[1], 0, prompt) for prompt in (short, long)])


def test_prompts_are_encoded_once(pipeline: Pipeline) -> None:
    pipeline.encode.cache_clear()
    first = pipeline.encode(PROMPTS[0])
    assert pipeline.encode(PROMPTS[0]) is first
    assert pipeline.encode.cache_info().misses == 1
