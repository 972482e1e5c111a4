"""Training batches depend on their number alone, so that a killed run can go on to the same weights."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.text2image.concepts import CONCEPTS
from models.text2image.render import SpriteBook
from models.text2image.scenes import STYLES
from models.text2image.stream import POOL_BATCHES, Batch, SceneStream, open_encoder, order
from services.runtime.sentence_encoder import SentenceEncoder

ENCODER = Path(__file__).parents[3] / "models" / "weights" / "use-multilingual"


@pytest.fixture(scope="module")
def sprites() -> SpriteBook:
    """A square of its own shade for every concept."""
    return {
        (concept.key, style): Image.new("RGBA", (16, 16), (number * 3, 90, 200, 255))
        for number, concept in enumerate(CONCEPTS)
        for style in STYLES
    }


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return open_encoder(ENCODER)


def same(first: Batch, second: Batch) -> bool:
    return all(
        np.array_equal(one, other) for one, other in zip(vars(first).values(), vars(second).values(), strict=True)
    )


def test_a_batch_is_the_same_whatever_came_before(sprites: SpriteBook, encoder: SentenceEncoder) -> None:
    straight, resumed = (SceneStream(sprites, encoder, 32, seed=3) for _ in range(2))
    batches = [straight.batch(number, 4) for number in range(6)]
    again = resumed.batch(5, 4)
    assert same(batches[5], again)
    assert not same(batches[4], batches[5])


def test_shapes_and_padding(sprites: SpriteBook, encoder: SentenceEncoder) -> None:
    batch = SceneStream(sprites, encoder, 32, seed=4).batch(POOL_BATCHES, 24)
    assert batch.pictures.shape == (24, 3, 32, 32) and batch.pictures.dtype == np.float32
    assert batch.pictures.min() >= -1.0 and batch.pictures.max() <= 1.0
    assert batch.tokens.shape[:2] == batch.mask.shape and (batch.mask.sum(axis=1) >= 1).all()
    assert not batch.tokens[batch.mask == 0].any()
    silent = ~batch.pooled.any(axis=1)
    assert (batch.mask[silent].sum(axis=1) == 1).all() and not batch.tokens[silent].any()


def test_pools_hold_different_scenes_in_both_languages() -> None:
    first, second = ([order(1, pool, place) for place in range(50)] for pool in (0, 1))
    assert first != second and first == [order(1, 0, place) for place in range(50)]
    french = sum(
        text.lower().startswith(("un", "une", "le ", "la ", "l'", "image", "dessin")) for _, text in first
    )
    assert 10 < french < 40
