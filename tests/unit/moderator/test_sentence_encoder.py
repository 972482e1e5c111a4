"""The shipped encoder: rows are independent, lengths are bounded, the two languages meet."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from services.runtime.sentence_encoder import SENTENCE_DIM, TOKEN_DIM, SentenceEncoder

FOLDER = Path(__file__).parents[3] / "models" / "weights" / "use-multilingual"
PAIRS = [
    ("a crab next to a boat on a beach", "un crabe à côté d'une barque sur une plage"),
    ("a red apple on a green background", "une pomme rouge sur fond vert"),
    ("a robot reading a book under a tree", "un robot qui lit un livre sous un arbre"),
    ("a castle in the snow at night", "un château dans la neige la nuit"),
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(FOLDER)


def test_shapes_units_and_mask(encoder: SentenceEncoder) -> None:
    encoded = encoder.encode([PAIRS[0][0], "crabe"])
    tokens = encoded.mask.sum(axis=1)
    assert encoded.sentence.shape == (2, SENTENCE_DIM)
    assert encoded.tokens.shape == (2, tokens.max(), TOKEN_DIM)
    assert encoded.sentence.dtype == encoded.tokens.dtype == np.float32
    assert tokens[0] > tokens[1] >= 3
    np.testing.assert_allclose(np.linalg.norm(encoded.sentence, axis=1), 1, atol=1e-5)
    assert not encoded.tokens[~encoded.mask].any()
    assert not encoder.encode([]).mask.size


def test_a_row_does_not_depend_on_its_batch(encoder: SentenceEncoder) -> None:
    texts = ["", "crabe", *(text for pair in PAIRS for text in pair), "mot " * 80]
    together = encoder.encode(texts)
    for row, text in enumerate(texts):
        alone = encoder.encode([text])
        length = alone.mask.sum()
        assert together.mask[row].sum() == length
        np.testing.assert_allclose(alone.sentence[0], together.sentence[row], atol=2e-6)
        np.testing.assert_allclose(alone.tokens[0], together.tokens[row, :length], atol=1e-4)
    np.testing.assert_allclose(encoder.encode_sentences(texts), together.sentence, atol=2e-6)


def test_translations_are_nearest(encoder: SentenceEncoder) -> None:
    english = encoder.encode_sentences([en for en, _ in PAIRS])
    french = encoder.encode_sentences([fr for _, fr in PAIRS])
    cosine = english @ french.T
    assert (cosine.argmax(axis=1) == np.arange(len(PAIRS))).all()
    assert np.diag(cosine).mean() > 0.75


def test_length_is_bounded_and_white_space_costs_nothing(encoder: SentenceEncoder) -> None:
    assert encoder.encode(["crabe " * 10_000]).mask.shape == (1, 128)
    assert encoder.encode(["x" * 40_000]).mask.shape[1] <= 128
    padded = encoder.encode([" " * 5_000 + "un crabe" + "\n" * 5_000])
    np.testing.assert_array_equal(padded.sentence, encoder.encode(["un crabe"]).sentence)


@pytest.mark.parametrize("text", ["", " \n", "\ud800", "\x00", "\u200b", "🦀⛵"])
def test_odd_texts_have_a_vector(encoder: SentenceEncoder, text: str) -> None:
    encoded = encoder.encode([text])
    assert encoded.mask.shape[1] >= 3
    assert np.isfinite(encoded.sentence).all()


def test_threads_share_one_encoder(encoder: SentenceEncoder) -> None:
    texts = [text for pair in PAIRS for text in pair]
    expected = [encoder.encode([text]).sentence for text in texts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: encoder.encode([text]).sentence, texts * 8))
    for index, vector in enumerate(found):
        np.testing.assert_array_equal(vector, expected[index % len(texts)])


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        SentenceEncoder(tmp_path)
