"""PNG encoding."""

import io

import numpy as np
import pytest
from PIL import Image

from services.generator.picture import NotAPicture, to_png


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_colours_and_orientation_at_native_size() -> None:
    pixels = np.full((3, 8, 8), -1.0, np.float32)
    pixels[0, 0, :] = 1.0  # first line red
    pixels[2, :, 0] = 5.0  # first column blue, beyond what a pixel can be
    image = opened(to_png(pixels, 8, 8))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (8, 8))
    assert image.getpixel((3, 0)) == (255, 0, 0)
    assert image.getpixel((0, 3)) == (0, 0, 255)
    assert image.getpixel((0, 0)) == (255, 0, 255)
    assert image.getpixel((5, 5)) == (0, 0, 0)


@pytest.mark.parametrize("size", [64, 200, 256])
def test_resampled_to_the_asked_size(size: int) -> None:
    ramp = np.broadcast_to(np.linspace(-1, 1, 64, dtype=np.float32), (3, 64, 64))
    image = opened(to_png(np.ascontiguousarray(ramp), size, size))
    assert image.size == (size, size)
    line = np.asarray(image)[size // 2, :, 0].astype(int)
    assert line[0] <= 2 and line[-1] >= 253
    assert (np.diff(line) >= -1).all()


def test_pictures_need_not_be_square() -> None:
    assert opened(to_png(np.zeros((3, 8, 16), np.float32), 16, 8)).size == (16, 8)
    assert opened(to_png(np.zeros((3, 8, 16), np.float32), 64, 32)).size == (64, 32)


def test_same_pixels_same_bytes() -> None:
    pixels = np.random.RandomState(1).standard_normal((3, 64, 64)).astype(np.float32)
    assert to_png(pixels, 128, 128) == to_png(pixels.copy(), 128, 128)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_picture(value: float) -> None:
    pixels = np.zeros((3, 8, 8), np.float32)
    pixels[1, 2, 3] = value
    with pytest.raises(NotAPicture):
        to_png(pixels, 8, 8)
