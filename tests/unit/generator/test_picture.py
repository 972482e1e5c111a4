"""PNG encoding."""

import io

import numpy as np
import pytest
from PIL import Image

from services.generator import picture
from services.generator.picture import Format, NotAPicture, encode, read_source
from services.runtime.errors import Fault


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_colours_and_orientation_at_native_size() -> None:
    pixels = np.full((3, 8, 8), -1.0, np.float32)
    pixels[0, 0, :] = 1.0  # first line red
    pixels[2, :, 0] = 5.0  # first column blue, beyond what a pixel can be
    image = opened(encode(pixels, 8, 8).data)
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (8, 8))
    assert image.getpixel((3, 0)) == (255, 0, 0)
    assert image.getpixel((0, 3)) == (0, 0, 255)
    assert image.getpixel((0, 0)) == (255, 0, 255)
    assert image.getpixel((5, 5)) == (0, 0, 0)


@pytest.mark.parametrize("size", [64, 200, 256])
def test_resampled_to_the_asked_size(size: int) -> None:
    ramp = np.broadcast_to(np.linspace(-1, 1, 64, dtype=np.float32), (3, 64, 64))
    image = opened(encode(np.ascontiguousarray(ramp), size, size).data)
    assert image.size == (size, size)
    line = np.asarray(image)[size // 2, :, 0].astype(int)
    assert line[0] <= 2 and line[-1] >= 253
    assert (np.diff(line) >= -1).all()


def test_pictures_need_not_be_square() -> None:
    assert opened(encode(np.zeros((3, 8, 16), np.float32), 16, 8).data).size == (16, 8)
    assert opened(encode(np.zeros((3, 8, 16), np.float32), 64, 32).data).size == (64, 32)


def test_same_pixels_same_bytes() -> None:
    pixels = np.random.RandomState(1).standard_normal((3, 64, 64)).astype(np.float32)
    assert encode(pixels, 128, 128) == encode(pixels.copy(), 128, 128)


def test_a_large_picture_brings_a_small_one_along() -> None:
    large = encode(ramp(600, 900), 900, 600)
    small = opened(large.thumbnail)
    assert (small.format, small.mode, small.size) == ("JPEG", "RGB", (448, 299))
    whole = opened(large.data).resize(small.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(small, int) - np.asarray(whole, int)).mean() < 2
    assert encode(ramp(448, 448), 448, 448).thumbnail == b""


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_picture(value: float) -> None:
    pixels = np.zeros((3, 8, 8), np.float32)
    pixels[1, 2, 3] = value
    with pytest.raises(NotAPicture):
        encode(pixels, 8, 8)


def ramp(height: int, width: int) -> np.ndarray:
    """Dark to light from left to right, float32[3,H,W]."""
    return np.ascontiguousarray(np.broadcast_to(np.linspace(-1, 1, width, dtype=np.float32), (3, height, width)))


@pytest.mark.parametrize("form", list(Format))
def test_every_format_holds_the_picture(form: Format) -> None:
    image = opened(encode(ramp(48, 64), 64, 48, form).data)
    assert (image.format, image.mode, image.size) == (form.upper(), "RGB", (64, 48))
    wanted = np.asarray(opened(encode(ramp(48, 64), 64, 48).data), int)
    assert np.abs(np.asarray(image, int) - wanted).max() <= 8


@pytest.mark.parametrize("form", [Format.JPEG, Format.WEBP])
def test_less_quality_is_fewer_bytes(form: Format) -> None:
    pixels = np.random.RandomState(1).standard_normal((3, 64, 64)).astype(np.float32)
    sizes = [len(encode(pixels, 64, 64, form, quality).data) for quality in (100, 90, 50, 1)]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 2 * sizes[-1]


def test_the_fast_writer_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[np.ndarray] = []
    monkeypatch.setattr(picture, "fast_png", lambda levels: given.append(levels) or b"fast")
    assert encode(ramp(8, 16), 16, 8).data == b"fast"
    assert given[0].shape == (8, 16, 3) and given[0].dtype == np.uint8
    assert encode(ramp(8, 16), 16, 8, Format.JPEG).data != b"fast"


def test_a_source_of_its_own_size_comes_back_as_it_was() -> None:
    pixels = read_source(encode(ramp(48, 64), 64, 48).data, 64, 48)
    assert pixels.shape == (3, 48, 64) and pixels.dtype == np.float32
    assert np.abs(pixels - ramp(48, 64)).max() <= 1 / 127


def test_a_source_covers_the_size_and_is_cut_in_the_middle() -> None:
    pixels = read_source(encode(ramp(64, 128), 128, 64).data, 32, 32)
    assert pixels.shape == (3, 32, 32)
    line = pixels[0, 16]
    assert line[0] == pytest.approx(-0.5, abs=0.05) and line[-1] == pytest.approx(0.5, abs=0.05)


def test_a_source_that_is_no_picture_is_refused() -> None:
    with pytest.raises(Fault, match="source"):
        read_source(b"no picture", 32, 32)
