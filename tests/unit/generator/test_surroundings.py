"""What was sent comes back around what was drawn, to the bit, and the seam lies outside of the mask."""

import io

import numpy as np
import pytest
from PIL import Image

from services.generator.picture import Format, encode
from services.generator.surroundings import FEATHER, Surroundings

EDGE = 64
HOLE = slice(20, 40)
SEAM = slice(20 - 2 * FEATHER, 40 + 2 * FEATHER)


def encoded(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def sent(edge: int = EDGE) -> tuple[np.ndarray, bytes]:
    levels = np.random.RandomState(2).randint(0, 256, (edge, edge, 3), np.uint8)
    return levels, encoded(Image.fromarray(levels))


def mask_of(anew: np.ndarray) -> bytes:
    return encoded(Image.fromarray(anew.astype(np.uint8) * 255))


def hole() -> np.ndarray:
    anew = np.zeros((EDGE, EDGE), bool)
    anew[HOLE, HOLE] = True
    return anew


def handed_out(around: Surroundings | None, edge: int = EDGE, drawn: int = EDGE) -> np.ndarray:
    """A picture drawn all white at `drawn` pixels an edge."""
    data = encode(np.ones((3, drawn, drawn), np.float32), edge, edge, Format.PNG, around=around).data
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("drawn", [EDGE, EDGE // 4], ids=["as drawn", "enlarged"])
def test_the_seam_is_a_few_pixels_outside_of_the_mask(drawn: int) -> None:
    levels, source = sent()
    out = handed_out(Surroundings.read(source, mask_of(hole()), EDGE, EDGE), drawn=drawn)
    assert (out[HOLE, HOLE] == 255).all(), "all of the mask was drawn anew"
    far = np.ones((EDGE, EDGE), bool)
    far[SEAM, SEAM] = False
    assert np.array_equal(out[far], levels[far]), "beyond the seam not a bit has changed"
    near = ~far & ~hole()
    between = out[near].astype(int)
    assert (between >= levels[near]).all() and (out[near] != levels[near]).any(axis=1).mean() > 0.9
    shares = np.asarray(Surroundings.read(source, mask_of(hole()), EDGE, EDGE).drawn)
    row = shares[30, SEAM.start - 1 : HOLE.start + 1]
    assert row.tolist() == sorted(row.tolist()) and row[0] == 0 and row[-1] == 255 and len(set(row.tolist())) > 3


def test_a_mask_that_leaves_nothing_or_all() -> None:
    levels, source = sent()
    whole, none = (mask_of(np.full((EDGE, EDGE), anew)) for anew in (True, False))
    assert np.array_equal(handed_out(Surroundings.read(source, whole, EDGE, EDGE)), handed_out(None))
    assert np.array_equal(handed_out(Surroundings.read(source, none, EDGE, EDGE)), levels)


def test_a_mask_at_the_rim_has_its_seam_inside() -> None:
    levels, source = sent()
    anew = np.zeros((EDGE, EDGE), bool)
    anew[:10, :] = True
    out = handed_out(Surroundings.read(source, mask_of(anew), EDGE, EDGE))
    assert (out[:10] == 255).all()
    assert np.array_equal(out[10 + 2 * FEATHER :], levels[10 + 2 * FEATHER :])


def test_at_another_size_what_was_sent_is_resampled_alone() -> None:
    _, source = sent(2 * EDGE)
    anew = np.zeros((2 * EDGE, 2 * EDGE), bool)
    anew[40:80, 40:80] = True
    around = Surroundings.read(source, mask_of(anew), EDGE, EDGE)
    out = handed_out(around)
    wanted = np.asarray(Image.open(io.BytesIO(source)).resize((EDGE, EDGE), Image.Resampling.LANCZOS))
    far = np.ones((EDGE, EDGE), bool)
    far[SEAM, SEAM] = False
    assert np.array_equal(out[far], wanted[far])
