"""The shipped reader: its scores add up, a long text hides nothing, and all text models stay small."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.moderator.careful import MAX_TOKENS, OVERLAP, CarefulReader, Scale, combined, evenly
from services.moderator.policy import Policy
from services.moderator.text import PromptModel

WEIGHTS = Path(__file__).resolve().parents[3] / "models" / "weights"
FOLDER = WEIGHTS / "prompt-moderator"
MOST_BYTES = 80_000_000
"""Of the prompt moderator and the sentence encoder together."""
SHIFT = json.loads((FOLDER / "careful.json").read_text(encoding="utf-8"))["french"]
HARMLESS = "a crab beside a boat at sunset"
HARMFUL = "a man stabbing a woman, blood everywhere"


@pytest.fixture(scope="module")
def reader() -> CarefulReader:
    return CarefulReader(FOLDER)


def test_every_category_with_a_threshold_has_a_score(reader: CarefulReader) -> None:
    assert set(Policy.load(FOLDER / "policy.json").prompt) == set(reader.categories)
    assert reader.scores([HARMLESS, HARMFUL]).shape == (2, len(reader.categories))


def test_the_likeliest_category_has_the_probability_of_harm() -> None:
    logits = np.array([[1.0, -1.0, 0.5], [-3.0, 2.0, -2.0]], np.float32)
    scores = combined(logits, Scale(1.0, 0.0), np.zeros(2, np.bool_))
    assert scores.max(axis=1) == pytest.approx(1 / (1 + np.exp(-logits[:, -1])), rel=1e-5)
    assert scores.argmax(axis=1).tolist() == [0, 1]


def test_a_french_text_is_moved_in_log_odds() -> None:
    logits = np.array([[1.0, -1.0, 0.5], [1.0, -1.0, 0.5]], np.float32)
    english, french = combined(logits, Scale(1.0, 0.0, french=0.7), np.array([False, True])).max(axis=1)
    assert np.log(french / (1 - french)) - np.log(english / (1 - english)) == pytest.approx(0.7, abs=1e-4)


def test_a_word_left_out_does_not_change_the_language(reader: CarefulReader) -> None:
    whole, bare = "le crabe et le bateau", "crabe bateau"
    own, alike = reader.scores([bare])[0], reader.scores([bare], like=whole)[0]
    moved = np.log(alike / (1 - alike)) - np.log(own / (1 - own))
    assert moved[own.argmax()] == pytest.approx(SHIFT, abs=1e-3)
    assert np.array_equal(reader.scores([whole]), reader.scores([whole], like=whole))


def test_the_same_text_scores_the_same(reader: CarefulReader) -> None:
    assert np.array_equal(reader.scores([HARMFUL]), reader.scores([HARMFUL]))
    assert np.array_equal(reader.scores([HARMFUL]), CarefulReader(FOLDER).scores([HARMFUL]))


def test_harm_beyond_the_first_pieces_counts(reader: CarefulReader) -> None:
    filler = "zqxj wkvy " * MAX_TOKENS
    alone, before, behind = (
        reader.scores([t]).max() for t in (HARMFUL, f"{HARMFUL} {filler}", f"{filler} {HARMFUL}")
    )
    assert reader.scores([HARMLESS]).max() < 0.1 < alone
    assert min(before, behind) > 0.5 * alone


def test_no_text_is_harmless() -> None:
    model = PromptModel.load(FOLDER)
    assert max(model.read("").scores.values()) < 0.5


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"careful\.onnx"):
        CarefulReader(tmp_path)


def test_all_text_models_together_stay_small() -> None:
    folders = (FOLDER, WEIGHTS / "use-multilingual")
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) <= MOST_BYTES


@given(st.integers(0, 700))
def test_parts_of_a_long_text_cover_it_evenly(length: int) -> None:
    pieces = list(range(length))
    parts = evenly(pieces, MAX_TOKENS - 2)
    assert parts[0][:1] == pieces[:1] and parts[-1][-1:] == pieces[-1:]
    assert all(len(part) <= MAX_TOKENS - 2 for part in parts)
    assert len(parts) == 1 or min(map(len, parts)) > MAX_TOKENS // 4
    for before, after in pairwise(parts):
        assert before[-OVERLAP:] == after[:OVERLAP]
