"""Drawing of scenes: where things stand, and that pictures repeat."""

import random

import numpy as np
import pytest
from PIL import Image

from models.text2image.landscape import paint
from models.text2image.render import Painter, as_array
from models.text2image.scenes import COLOURS, PLACES, SKIES, Ground, Scene

SIZE = 64
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def painter() -> Painter:
    sprites = {
        ("crab", "flat"): Image.new("RGBA", (32, 32), (*RED, 255)),
        ("boat", "flat"): Image.new("RGBA", (32, 32), (*BLUE, 255)),
    }
    return Painter(sprites, SIZE)


def mean_column(pixels: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float(np.nonzero((pixels == colour).all(axis=2))[1].mean())


@pytest.mark.parametrize(("relation", "crab_is_left"), [("left", True), ("right", False)])
def test_left_and_right_are_kept(painter: Painter, relation: str, crab_is_left: bool) -> None:
    scene = Scene(("crab", "boat"), "flat", Ground(colour="white"), relation=relation)
    for seed in range(20):
        pixels = np.asarray(painter.draw(scene, random.Random(seed)))
        assert (mean_column(pixels, RED) < mean_column(pixels, BLUE)) is crab_is_left


def test_a_small_thing_is_smaller_than_a_big_one(painter: Painter) -> None:
    areas = {}
    for size in ("small", "big"):
        scene = Scene(("crab",), "flat", Ground(colour="white"), size=size)
        pixels = np.asarray(painter.draw(scene, random.Random(1)))
        areas[size] = int((pixels == RED).all(axis=2).sum())
    assert 0 < 2 * areas["small"] < areas["big"]


@pytest.mark.parametrize("colour", list(COLOURS))
def test_a_plain_ground_has_its_colour(painter: Painter, colour: str) -> None:
    scene = Scene(("crab",), "flat", Ground(colour=colour))
    corner = np.asarray(painter.draw(scene, random.Random(2)))[0, 0].astype(int)
    assert np.abs(corner - COLOURS[colour]).max() <= 8


@pytest.mark.parametrize("place", [*PLACES, ""])
@pytest.mark.parametrize("sky", SKIES)
def test_landscapes_repeat_from_a_seed(place: str, sky: str) -> None:
    first, second = (paint(place, sky, SIZE, random.Random(3)) for _ in range(2))
    assert first.size == (SIZE, SIZE)
    assert np.array_equal(np.asarray(first), np.asarray(second))


def test_pixels_become_minus_one_to_one() -> None:
    array = as_array(Image.new("RGB", (4, 4), (0, 127, 255)))
    assert array.shape == (3, 4, 4)
    assert array.dtype == np.float32
    assert array[0].max() == -1.0
    assert array[2].min() == 1.0
