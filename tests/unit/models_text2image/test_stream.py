"""Training batches depend on their number alone, so that a killed run can go on to the same weights."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.text2image.concepts import CONCEPTS
from models.text2image.render import SpriteBook
from models.text2image.scenes import STYLES
from models.text2image.stream import (
    MOST_TOKENS,
    POOL_PICTURES,
    Captions,
    Drawn,
    SceneStream,
    Words,
    open_encoder,
    order,
)
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


def same(first: Drawn | Words, second: Drawn | Words) -> bool:
    return all(
        np.array_equal(one, other) for one, other in zip(vars(first).values(), vars(second).values(), strict=True)
    )


def test_a_batch_is_the_same_whatever_came_before(sprites: SpriteBook, encoder: SentenceEncoder) -> None:
    straight, resumed = (SceneStream(sprites, 32, 8, seed=3) for _ in range(2))
    batches = [straight.draw(number, 4) for number in range(6)]
    again = resumed.draw(5, 4)
    assert same(batches[5], again)
    assert not same(batches[4], batches[5])
    captions = Captions(encoder, seed=3)
    before = captions.of(batches[4])
    assert same(captions.of(batches[5]), Captions(encoder, seed=3).of(again))
    assert not same(before, captions.of(batches[5]))


def test_shapes_and_padding(sprites: SpriteBook, encoder: SentenceEncoder) -> None:
    drawn = SceneStream(sprites, 32, 8, seed=4).draw(POOL_PICTURES // 48 + 1, 48)
    assert drawn.pictures.shape == (48, 32, 32, 3) and drawn.pictures.dtype == np.uint8
    assert drawn.plans.shape == (48, 2, 64) and drawn.plans.any(axis=(1, 2)).all()
    assert drawn.pool == 1
    words = Captions(encoder, seed=4).of(drawn)
    assert words.tokens.shape[:2] == words.mask.shape and (words.mask.sum(axis=1) >= 1).all()
    assert not words.tokens[words.mask == 0].any()
    silent = np.array(drawn.rows) < 0
    assert silent.any() and (words.mask[silent].sum(axis=1) == 1).all()
    assert not words.tokens[silent].any() and not words.pooled[silent].any()
    assert words.pooled[~silent].any(axis=1).all()


def test_words_can_be_padded_to_one_length(sprites: SpriteBook, encoder: SentenceEncoder) -> None:
    drawn = SceneStream(sprites, 32, 8, seed=4).draw(0, 5)
    short, padded = (Captions(encoder, seed=4, pad=pad).of(drawn) for pad in (False, True))
    length = short.mask.shape[1]
    assert padded.mask.shape == (5, MOST_TOKENS) and length < MOST_TOKENS
    assert np.array_equal(padded.tokens[:, :length], short.tokens) and not padded.mask[:, length:].any()


def test_pools_hold_different_scenes_in_both_languages() -> None:
    first, second = ([order(1, pool, place) for place in range(50)] for pool in (0, 1))
    assert first != second and first == [order(1, 0, place) for place in range(50)]
    french = sum(
        text.lower().startswith(("un", "une", "le ", "la ", "l'", "image", "dessin")) for _, text in first
    )
    assert 10 < french < 40
