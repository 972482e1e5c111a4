"""Masks from outside: what may be one, what of it is drawn anew, cut as its picture is."""

import io

import numpy as np
import pytest
from PIL import Image

from services.runtime.errors import Fault, Reason
from services.runtime.pictures import MAX_SIDE, check_mask, read_fitted, read_mask

SIZE = (40, 20)
HOLE = (4, 6, 20, 14)
"""Left, upper, right, lower."""


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def holed(mode: str, around: object, hole: object) -> Image.Image:
    image = Image.new(mode, SIZE, around)  # type: ignore[arg-type]
    image.paste(hole, HOLE)  # type: ignore[arg-type]
    return image


def palette(transparent: bool) -> bytes:
    image = holed("P", 0, 1)
    image.putpalette([0, 0, 0, 255, 255, 255])
    return encoded(image, **({"transparency": 1} if transparent else {}))


def anew(data: bytes, width: int = SIZE[0], height: int = SIZE[1]) -> np.ndarray:
    levels = np.asarray(read_mask(data, "mask", width, height))
    assert set(np.unique(levels)) <= {0, 255}
    return levels > 0


def refused(data: bytes) -> str:
    with pytest.raises(Fault) as fault:
        check_mask(data, "mask", SIZE)
    assert (fault.value.reason, fault.value.metadata["field"]) == (Reason.INVALID_ARGUMENT, "mask")
    return fault.value.metadata["detail"]


@pytest.mark.parametrize(
    "data",
    [
        encoded(holed("RGBA", (200, 30, 30, 255), (9, 9, 9, 0))),
        encoded(holed("RGBA", (0, 0, 0, 1), (255, 255, 255, 0))),
        encoded(holed("RGBA", (200, 30, 30, 255), (9, 9, 9, 0)), "WEBP", lossless=True),
        encoded(holed("LA", (0, 255), (255, 0))),
        palette(transparent=True),
        encoded(holed("L", 7, 3), transparency=3),
        encoded(holed("L", 0, 255)),
        encoded(holed("L", 127, 128)),
        encoded(holed("1", 0, 1)),
    ],
    ids=["RGBA", "hardly there", "WebP", "LA", "palette", "L with a level left out", "L", "L, half", "1"],
)
def test_the_hole_is_drawn_anew(data: bytes) -> None:
    check_mask(data, "mask", SIZE)
    wanted = np.zeros(SIZE[::-1], bool)
    wanted[HOLE[1] : HOLE[3], HOLE[0] : HOLE[2]] = True
    assert np.array_equal(anew(data), wanted)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (encoded(Image.new("RGB", SIZE)), "must have an alpha channel"),
        (encoded(Image.new("L", SIZE), "WEBP"), "must have an alpha channel"),
        (encoded(Image.new("I;16", SIZE)), "must have an alpha channel"),
        (palette(transparent=False), "must have an alpha channel"),
        (encoded(Image.new("L", (SIZE[1], SIZE[0]))), "must have the size of the picture, 40x20"),
        (encoded(Image.new("L", (MAX_SIDE + 1, 1))), "at most 4096 x 4096 pixels"),
        (encoded(Image.new("L", SIZE), "GIF"), "not a readable"),
        (b"\x89PNG", "not a readable"),
        (b"", "not a readable"),
    ],
)
def test_what_can_be_no_mask_of_the_picture_is_refused(data: bytes, detail: str) -> None:
    assert refused(data).startswith(detail)


def test_one_that_breaks_off_is_refused_when_it_is_read() -> None:
    noisy = Image.fromarray(np.random.RandomState(1).randint(0, 256, SIZE[::-1], np.uint8))
    cut = encoded(noisy)[:-200]
    check_mask(cut, "mask", SIZE)
    with pytest.raises(Fault, match="not a readable"):
        read_mask(cut, "mask", *SIZE)


@pytest.mark.parametrize(("width", "height"), [(20, 20), (64, 16), (80, 40)])
def test_it_is_cut_as_its_picture_is(width: int, height: int) -> None:
    """Red where the mask is white: so it stays, whatever is cut off."""
    picture = read_fitted(encoded(holed("RGB", "blue", "red")), "source", width, height)
    red = np.asarray(picture)[:, :, 0].astype(int)
    mask = anew(encoded(holed("L", 0, 255)), width, height)
    assert mask.any() and not mask.all()
    assert (red[mask] > 20).all() and (red[~mask] < 130).all()
    assert red[mask].mean() > 200 and red[~mask].mean() < 10


def test_a_pixel_of_which_little_is_drawn_anew_is_drawn_anew() -> None:
    image = Image.new("L", (256, 256))
    image.putpixel((100, 37), 255)
    assert np.argwhere(anew(encoded(image), 64, 64)).tolist() == [[9, 25]]
