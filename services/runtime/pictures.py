"""Pictures that come from outside: one still PNG, JPEG or WebP of a sane size, or a `Fault`.

The size in the header is checked before a single pixel is unpacked, so a small file cannot claim much memory.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

from PIL import Image

from services.runtime.errors import Fault, invalid

MAX_SIDE = 4096
"""Pixels of an edge."""
_FORMATS = ("PNG", "JPEG", "WEBP")
_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8": "image/jpeg", b"RIFF": "image/webp"}


def check_still(data: bytes, field: str) -> None:
    """Looks at the header only. Raises Fault INVALID_ARGUMENT that names the field."""
    with _opened(data, field):
        pass


def read_still(data: bytes, field: str, *, least: int) -> Image.Image:
    """The picture as RGB, transparency on white; one larger than `least` pixels may come smaller, but not smaller
    than that. Raises Fault INVALID_ARGUMENT that names the field."""
    with _opened(data, field) as picture:
        picture.draft("RGB", (least, least))
        if picture.mode == "RGB":
            return picture.copy()
        colour = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colour.size, "white"), colour).convert("RGB")


def media_type(data: bytes) -> str:
    """Of a picture in one of the three formats, by its first bytes."""
    return next((kind for start, kind in _TYPES.items() if data.startswith(start)), "application/octet-stream")


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
