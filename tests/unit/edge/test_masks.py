"""A mask that leaves nothing to draw is refused, in both languages; one that leaves a pixel is not."""

import asyncio
import io
import threading
from dataclasses import replace

import pytest
from PIL import Image

from services.edge import masks
from services.edge.asking import Asked, to_spec
from services.edge.masks import MOST, MaskReader
from services.edge.messages import text
from services.runtime.errors import Fault, Reason
from tests.unit.edge.test_asking import WIDE

SQUARE = replace(WIDE, square=True, output_height=1024)
"""Draws 64 pixels an edge, whatever is handed out."""


def encoded(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def white_at(*pixels: tuple[int, int]) -> bytes:
    image = Image.new("L", (256, 128))
    for pixel in pixels:
        image.putpixel(pixel, 255)
    return encoded(image)


async def look(mask: bytes, square: bool) -> None:
    model = SQUARE if square else WIDE
    await MaskReader().look_into(mask, to_spec(Asked("a"), model), model)


@pytest.mark.parametrize(
    ("mask", "square"),
    [
        (white_at((128, 64)), False),
        (white_at((0, 0)), False),
        (white_at((128, 64)), True),
        (encoded(Image.new("RGBA", (256, 128))), False),
    ],
    ids=["a pixel", "a corner", "a pixel of many", "all"],
)
async def test_what_leaves_something_is_taken(mask: bytes, square: bool) -> None:
    await look(mask, square)


@pytest.mark.parametrize(
    ("mask", "square"),
    [
        (encoded(Image.new("RGBA", (256, 128), (9, 9, 9, 1))), False),
        (white_at(), False),
        (white_at((0, 0)), True),
    ],
    ids=["nothing transparent", "black", "cut off with the sides"],
)
async def test_what_leaves_nothing_is_refused_in_both_languages(mask: bytes, square: bool) -> None:
    with pytest.raises(Fault) as refused:
        await look(mask, square)
    assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_ARGUMENT, "mask")
    assert "something to draw" in text(refused.value, "en")
    assert "quelque chose à dessiner" in text(refused.value, "fr")


async def test_where_too_many_wait_the_next_is_told_so_and_the_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on, reader, spec = threading.Event(), MaskReader(), to_spec(Asked("a"), WIDE)
    read, threads = masks.read_mask, set()

    def slowly(*asked: object) -> Image.Image:
        threads.add(threading.current_thread().name)
        assert go_on.wait(20)
        return read(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(masks, "read_mask", slowly)
    waiting = [asyncio.create_task(reader.look_into(white_at((9, 9)), spec, WIDE)) for _ in range(MOST)]
    await asyncio.sleep(0.05)
    with pytest.raises(Fault) as refused:
        await reader.look_into(white_at((9, 9)), spec, WIDE)
    assert refused.value.reason is Reason.OVERLOADED
    go_on.set()
    await asyncio.gather(*waiting)
    assert len(threads) == 1, "one at a time"
    await reader.look_into(white_at((9, 9)), spec, WIDE)
