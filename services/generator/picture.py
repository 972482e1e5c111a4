"""Pixels to encoded pictures, and back."""

from __future__ import annotations

import io
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.generator.surroundings import Surroundings
from services.runtime.pictures import read_fitted

try:
    from fpng import from_ndarray as fast_png
except ImportError:
    fast_png = None  # it is optional: see `encode`

Pixels = NDArray[np.float32]

COMPRESSION = 4
"""zlib level: a third of the default's time for a few per cent more bytes."""
EFFORT = 2
"""Of WebP, 0 to 6: less than half of the default's time for as many bytes."""
THUMBNAIL = 448
"""Pixels of the longer edge of what classifiers look at in a larger picture's place: twice what most take in."""


class Format(StrEnum):
    """How a picture is encoded."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


class Encoded(NamedTuple):
    """A picture, and the same as a JPEG of at most THUMBNAIL pixels an edge; none for one that is no larger."""

    data: bytes
    thumbnail: bytes


class NotAPicture(ValueError):
    """The model answered with numbers that are not finite."""


def encode(
    pixels: Pixels,
    width: int,
    height: int,
    form: Format = Format.PNG,
    quality: int = 90,
    *,
    around: Surroundings | None = None,
) -> Encoded:
    """sRGB, `width` × `height`, of float32[3,H,W] in -1 to 1 (what is beyond is cut), `around` it what stays.

    Resampled bicubically where the sizes differ: Lanczos leaves rings around flat shapes. `quality` is that of
    JPEG and WebP, 1 to 100. PNG is written by fpng where that is installed: far faster, a little larger. The same
    pixels give the same bytes on one installation. Raises NotAPicture.
    """
    if not np.isfinite(pixels).all():
        raise NotAPicture("the model answered with numbers that are not finite")
    levels = ((pixels.clip(-1.0, 1.0) + 1.0) * 127.5).round().astype(np.uint8)  # [3,H,W]
    image = Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    if around is not None:
        image = around.put(image)
    return Encoded(_written(image, form, quality), thumbnail(image))


def thumbnail(image: Image.Image) -> bytes:
    """A small JPEG of an RGB picture; nothing where the picture itself is small."""
    if max(image.size) <= THUMBNAIL:
        return b""
    small = image.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR, reducing_gap=2.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _written(image: Image.Image, form: Format, quality: int) -> bytes:
    if form is Format.PNG and fast_png is not None:
        return bytes(fast_png(np.asarray(image)))
    buffer = io.BytesIO()
    match form:
        case Format.PNG:
            image.save(buffer, "PNG", compress_level=COMPRESSION)
        case Format.JPEG:
            image.save(buffer, "JPEG", quality=quality)
        case Format.WEBP:
            image.save(buffer, "WEBP", quality=quality, method=EFFORT)
    return buffer.getvalue()


def read_source(data: bytes, width: int, height: int) -> Pixels:
    """float32[3,height,width], -1 to 1, of an encoded picture: resampled to cover that size, cut in the middle.
    Raises Fault INVALID_ARGUMENT."""
    fitted = read_fitted(data, "source", width, height)
    levels = np.asarray(fitted, np.float32).transpose(2, 0, 1)  # [3,H,W]
    pixels: Pixels = levels / np.float32(127.5) - np.float32(1.0)
    return pixels
