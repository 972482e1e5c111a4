"""Folders of six families in one generator: listed, and baked together at mixed steps, each as it is alone."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fournil.generator.v1 import generator_pb2 as pb
from tests.integration.test_generator_service import Generator, free_port, open_desk, pictures, started

MODELS = Path(__file__).parents[1] / "fixtures" / "pipelines"
NAMES = ("flux", "lcm", "sd1", "sd2", "sd3", "sdxl")
STEPS = (3, 5)


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    port = free_port()
    with open_desk(port), started(port, FOURNIL_MODELS=str(MODELS), FOURNIL_SLOTS="8") as generator:
        yield generator


def pixels(events: list[pb.GenerateResponse]) -> np.ndarray:
    (picture,) = pictures(events)
    image = np.asarray(Image.open(io.BytesIO(picture.data)), int)
    assert image.shape == (picture.height, picture.width, 3)
    return image


def test_all_are_listed_with_what_they_draw_when_nothing_is_asked(generator: Generator) -> None:
    models = {model.name: model for model in generator.stub.ListModels(pb.ListModelsRequest(), timeout=5).models}
    assert set(models) == set(NAMES)
    for model in models.values():
        assert (model.native_width, model.native_height) == (model.output_width, model.output_height)
        assert model.smallest <= model.native_width <= model.largest and model.native_width % model.unit == 0
        assert not model.square
    takes = {
        name: (model.takes_guidance, model.takes_negative, model.takes_source) for name, model in models.items()
    }
    assert takes == {
        "flux": (True, False, True),
        "lcm": (True, False, True),
        "sd1": (True, True, True),
        "sd2": (True, True, True),
        "sd3": (True, True, True),
        "sdxl": (True, True, True),
    }
    assert len({model.sha256 for model in models.values()}) == len(NAMES)


def test_pictures_of_all_families_are_baked_at_once_as_they_are_alone(generator: Generator) -> None:
    """In company a row of the fixtures' very narrow networks may round otherwise: one level of 255."""
    wishes = [
        {"model": name, "steps": steps, "seed": steps, "width": 64, "height": 64}
        for name in NAMES
        for steps in STEPS
    ]
    alone = [pixels(generator.bake(**wish)) for wish in wishes]
    with ThreadPoolExecutor(len(wishes)) as callers:
        together = [pixels(events) for events in callers.map(lambda wish: generator.bake(**wish), wishes)]
    for wish, one, other in zip(wishes, alone, together, strict=True):
        assert one.shape == (64, 64, 3)
        assert np.abs(one - other).max() <= 1, wish
    assert len({one.tobytes() for one in alone}) == len(wishes)


def test_a_size_that_a_model_cannot_draw_is_refused(generator: Generator) -> None:
    with pytest.raises(Exception, match="width"):
        generator.bake(model="sd1", width=63, height=64)
