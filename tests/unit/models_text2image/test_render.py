"""Drawing of scenes: where things stand, and that pictures repeat."""

import random

import numpy as np
import pytest
from PIL import Image

from models.text2image.landscape import paint
from models.text2image.render import Painter, as_array, reduced, tinted
from models.text2image.scenes import COLOURS, PLACES, SKIES, Ground, Scene, Thing

SIZE = 64
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def painter() -> Painter:
    sprites = {
        ("crab", "flat"): Image.new("RGBA", (32, 32), (*RED, 255)),
        ("boat", "flat"): Image.new("RGBA", (32, 32), (*BLUE, 255)),
    }
    return Painter(sprites, SIZE)


def where(pixels: np.ndarray, colour: tuple[int, int, int]) -> tuple[float, float]:
    """Mean (x, y) of the pixels of a colour."""
    rows, columns = np.nonzero((pixels == colour).all(axis=2))
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize(
    ("relation", "axis", "crab_comes_first"),
    [
        ("left", 0, True),
        ("right", 0, False),
        ("above", 1, True),
        ("below", 1, False),
        ("on", 1, True),
        ("front", 1, False),
        ("behind", 1, True),
    ],
)
def test_relations_are_kept(painter: Painter, relation: str, axis: int, crab_comes_first: bool) -> None:
    scene = Scene((Thing("crab"), Thing("boat")), "flat", Ground(colour="white"), relation)
    for seed in range(20):
        pixels = np.asarray(painter.draw(scene, random.Random(seed)))
        crab, boat = where(pixels, RED)[axis], where(pixels, BLUE)[axis]
        assert (crab < boat) is crab_comes_first


def test_the_nearer_thing_hides_the_other(painter: Painter) -> None:
    things = (Thing("crab"), Thing("boat"))
    areas = {}
    for relation in ("front", "behind"):
        pixels = np.asarray(
            painter.draw(Scene(things, "flat", Ground(colour="white"), relation), random.Random(1))
        )
        areas[relation] = int((pixels == RED).all(axis=2).sum())
    assert areas["front"] == pytest.approx((0.45 * SIZE) ** 2, rel=0.15), "whole"
    assert areas["behind"] < (0.58 * SIZE) ** 2, "less than the smallest that is whole"


def test_several_of_a_kind_stand_apart(painter: Painter) -> None:
    for count in (2, 3, 4):
        scene = Scene((Thing("crab", count=count),), "flat", Ground(colour="white"))
        seen = (np.asarray(painter.draw(scene, random.Random(count))) == RED).all(axis=2)
        assert patches(seen) == count


def patches(seen: np.ndarray) -> int:
    """How many connected parts a mask has."""
    left, found = {(int(y), int(x)) for y, x in np.argwhere(seen)}, 0
    while left:
        found += 1
        edge = [left.pop()]
        while edge:
            y, x = edge.pop()
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & left
            left -= near
            edge += near
    return found


def test_a_tint_keeps_the_shape_and_its_shades() -> None:
    shades = np.zeros((2, 4, 4), np.uint8)
    shades[..., :3] = np.array([0, 80, 160, 255])[None, :, None]
    shades[..., 3] = [[255, 255, 255, 255], [0, 0, 0, 0]]
    blue = np.asarray(tinted(Image.fromarray(shades, "RGBA"), "blue")).astype(int)
    assert np.array_equal(blue[..., 3], shades[..., 3])
    light = blue[0, :, :3].sum(axis=1)
    assert (np.diff(light) > 0).all(), "dark stays darker than light"
    assert (blue[0, :, 2] > blue[0, :, 0]).all(), "and all of it is blue"


def test_a_small_thing_is_smaller_than_a_big_one(painter: Painter) -> None:
    areas = {}
    for size in ("small", "big"):
        scene = Scene((Thing("crab", size=size),), "flat", Ground(colour="white"))
        pixels = np.asarray(painter.draw(scene, random.Random(1)))
        areas[size] = int((pixels == RED).all(axis=2).sum())
    assert 0 < 2 * areas["small"] < areas["big"]


def test_pictures_are_reduced_by_their_mean_and_left_alone_at_their_own_size() -> None:
    halves = np.zeros((2, 96, 96, 3), np.uint8)
    halves[:, :, 48:] = 200
    small = reduced(halves, 64)
    assert small.shape == (2, 64, 64, 3) and small.dtype == np.uint8
    assert not small[:, :, :30].any() and (small[:, :, 34:] == 200).all()
    assert reduced(halves, 96) is halves


@pytest.mark.parametrize("colour", list(COLOURS))
def test_a_plain_ground_has_its_colour(painter: Painter, colour: str) -> None:
    scene = Scene((Thing("crab"),), "flat", Ground(colour=colour))
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
