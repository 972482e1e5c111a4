"""Only one still picture of a sane size is unpacked, and the shipped model sees plain ones as harmless."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from services.moderator.image import ImageModel, decode
from services.runtime.errors import Fault, Reason
from services.runtime.pictures import read_still

MODEL = Path(__file__).parents[3] / "models" / "weights" / "image-moderator" / "model.onnx"


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def boat() -> Image.Image:
    """A red boat on a blue sea."""
    picture = Image.new("RGB", (96, 96), "#7ec8f0")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 60, 96, 96), fill="#1e5fa8")
    draw.polygon([(20, 56), (76, 56), (66, 70), (30, 70)], fill="#c0392b")
    draw.polygon([(48, 14), (48, 52), (72, 52)], fill="white")
    return picture


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG that claims a size and holds no pixel."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + body
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return header + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_three_formats_give_the_same_picture(kind: str) -> None:
    pixels = decode(encoded(boat(), kind))
    assert pixels.shape == (224, 224, 3)
    assert np.abs(pixels - decode(encoded(boat()))).mean() < 6


def test_transparency_lies_on_white() -> None:
    assert decode(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)))).min() == 255


@pytest.mark.parametrize(
    "image",
    [
        b"",
        b"not a picture",
        encoded(boat())[:200],
        encoded(boat(), "GIF"),
        encoded(boat(), "BMP"),
        encoded(Image.new("L", (4097, 1))),
        png_header(60_000, 60_000),
        png_header(9_000, 9_000),
        encoded(boat(), "WEBP", save_all=True, append_images=[Image.new("RGB", (96, 96))]),
        encoded(boat(), "PNG", save_all=True, append_images=[Image.new("RGB", (96, 96))]),
    ],
    ids=["empty", "text", "cut", "gif", "bmp", "wide", "bomb", "large", "moving webp", "moving png"],
)
def test_anything_else_is_an_invalid_argument(image: bytes) -> None:
    with pytest.raises(Fault) as caught:
        decode(image)
    assert caught.value.reason is Reason.INVALID_ARGUMENT
    assert caught.value.metadata["field"] == "image"


def test_a_plain_drawing_is_harmless() -> None:
    scores = ImageModel(MODEL).scores(encoded(boat()))
    assert set(scores) == {"sexual", "sexual_drawing", "suggestive"}
    assert max(scores.values()) < 0.5


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_large_picture_is_judged_as_it_is_when_small(kind: str) -> None:
    large = boat().resize((1536, 1344), Image.Resampling.NEAREST)
    seen, small = decode(encoded(large, kind, quality=95)), decode(encoded(boat().resize((448, 448))))
    assert np.abs(seen - small).mean() < 3


@pytest.mark.parametrize(("kind", "size"), [("PNG", (1536, 1344)), ("JPEG", (1000, 3000)), ("PNG", (700, 449))])
def test_a_picture_may_come_smaller_but_not_too_small(kind: str, size: tuple[int, int]) -> None:
    came = read_still(encoded(boat().resize(size), kind), "image", least=448)
    assert 448 <= min(came.size) <= min(size)
    assert came.width / came.height == pytest.approx(size[0] / size[1], rel=0.01)
