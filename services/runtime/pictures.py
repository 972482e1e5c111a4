"""Pictures that come from outside: one still PNG, JPEG or WebP of a sane size, or a `Fault`.

The size in the header is checked before a single pixel is unpacked, so a small file cannot claim much memory.

A mask says where a picture is drawn anew: with an alpha channel where it is fully transparent, as OpenAI has it;
with one channel and no alpha where it is white, as tools for inpainting have it. It is cut as its picture is.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

from PIL import Image, ImageOps

from services.runtime.errors import Fault, invalid

MAX_SIDE = 4096
"""Pixels of an edge."""
_FORMATS = ("PNG", "JPEG", "WEBP")
_ONE_CHANNEL = ("1", "L")
"""Pillow's names of one bit and one byte a pixel."""
_WHITE = 128
"""The least of 255 that counts as white in a mask."""
_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8": "image/jpeg", b"RIFF": "image/webp"}


def check_still(data: bytes, field: str) -> tuple[int, int]:
    """Width and height in pixels; looks at the header only. Raises Fault INVALID_ARGUMENT that names the field."""
    with _opened(data, field) as picture:
        return picture.size


def check_mask(data: bytes, field: str, size: tuple[int, int]) -> None:
    """Whether it can be the mask of a picture of that size; looks at the header only. Raises Fault
    INVALID_ARGUMENT that names the field."""
    with _opened(data, field) as picture:
        _must_mask(picture, field)
        if picture.size != size:
            raise invalid(field, f"must have the size of the picture, {size[0]}x{size[1]}")


def read_still(data: bytes, field: str, *, least: int) -> Image.Image:
    """The picture as RGB, transparency on white; one larger than `least` pixels may come smaller, but not smaller
    than that. Raises Fault INVALID_ARGUMENT that names the field."""
    with _opened(data, field) as picture:
        picture.draft("RGB", (least, least))
        if picture.mode == "RGB":
            return picture.copy()
        colour = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colour.size, "white"), colour).convert("RGB")


def read_fitted(data: bytes, field: str, width: int, height: int) -> Image.Image:
    """As `read_still`, resampled to cover `width` × `height` and cut in the middle to just that."""
    picture = read_still(data, field, least=max(width, height))
    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def read_mask(data: bytes, field: str, width: int, height: int) -> Image.Image:
    """One channel, cut as `read_fitted` cuts: 255 where anything of a pixel is to be drawn anew, else 0. Raises
    Fault INVALID_ARGUMENT that names the field."""
    with _opened(data, field) as picture:
        _must_mask(picture, field)
        if picture.has_transparency_data:
            channels = picture if "A" in picture.getbands() else picture.convert("RGBA")
            anew = channels.getchannel("A").point(lambda alpha: 255 * (alpha == 0))
        else:
            anew = picture.convert("L").point(lambda level: 255 * (level >= _WHITE))
    fitted = ImageOps.fit(anew, (width, height), Image.Resampling.BOX)
    return fitted.point(lambda share: 255 * (share > 0))


def media_type(data: bytes) -> str:
    """Of a picture in one of the three formats, by its first bytes."""
    return next((kind for start, kind in _TYPES.items() if data.startswith(start)), "application/octet-stream")


def _must_mask(picture: Image.Image, field: str) -> None:
    if not picture.has_transparency_data and picture.mode not in _ONE_CHANNEL:
        raise invalid(field, "must have an alpha channel, or a single channel of 1 or 8 bits")


@contextlib.contextmanager
def _opened(data: bytes, field: str) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if max(picture.size) > MAX_SIDE:
                raise invalid(field, f"at most {MAX_SIDE} x {MAX_SIDE} pixels")
            if getattr(picture, "n_frames", 1) != 1:
                raise invalid(field, "moving pictures are not taken")
            yield picture
    except Fault:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise invalid(field, f"at most {MAX_SIDE} x {MAX_SIDE} pixels") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise invalid(field, "not a readable PNG, JPEG or WebP picture") from error
