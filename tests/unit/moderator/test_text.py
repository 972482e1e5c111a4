"""Windows cover every word, the worst one counts, and the named words are the ones that did it."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.moderator.ngrams import BUCKETS, buckets
from services.moderator.text import WINDOW_CHARACTERS, WINDOW_WORDS, Head, PromptModel, split

WORDS = st.lists(st.text(alphabet="abcé'", min_size=1, max_size=12), max_size=300)


class SilentEncoder:
    """Every sentence is the zero vector, so that only the n-grams speak."""

    def encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.zeros((len(texts), 512), np.float32)


def head_that_minds(word: str) -> Head:
    """One category, driven by the n-grams of one word."""
    grams = np.zeros((BUCKETS, 1), np.float32)
    grams[buckets(word)] = 40.0
    zero = np.zeros((512, 1), np.float32)
    return Head(("violence",), zero[:, 0], zero, grams, np.array([-6.0], np.float32))


MODEL = PromptModel(head_that_minds("tintamarre"), SilentEncoder())


@given(WORDS)
def test_windows_cover_all_words_in_order(words: list[str]) -> None:
    windows = split(" ".join(words))
    assert all(len(w.split()) <= WINDOW_WORDS and len(w) <= WINDOW_CHARACTERS for w in windows)
    position = 0
    for window in windows:
        part = window.split()
        start = next(i for i in range(position + 1) if words[i : i + len(part)] == part)
        position = max(position, start + len(part))
    assert position == len(words)


def test_windows_of_a_hostile_length_stay_few() -> None:
    assert len(split("b" * 32_000)) == -(-32_000 // WINDOW_CHARACTERS)
    assert len(split("ab " * 10_666)) <= 10_666 / (WINDOW_WORDS // 2) + 1


def test_a_long_harmless_text_does_not_dilute_a_bad_line() -> None:
    alone = MODEL.read("un tintamarre").scores["violence"]
    buried = MODEL.read("un crabe sur la plage " * 60 + "un tintamarre " + "un bateau rouge " * 60)
    assert alone > 0.5
    assert buried.scores["violence"] > 0.5
    assert "tintamarre" in buried.windows[buried.worst["violence"]]
    assert MODEL.read("un crabe sur la plage " * 120).scores["violence"] < 0.1


def test_the_word_that_did_it_is_named_first() -> None:
    reading = MODEL.read("Un CRABE, un T1ntamarre et un bateau")
    assert MODEL.driving_words(reading, "violence") == ("tintamarre",)


def test_a_single_word_drives_alone() -> None:
    assert MODEL.driving_words(MODEL.read("tintamarre"), "violence") == ("tintamarre",)


def test_no_words_is_a_harmless_text() -> None:
    reading = MODEL.read(" \u200b\n")
    assert reading.scores["violence"] < 0.01
    assert MODEL.driving_words(reading, "violence") == ()


def test_misspelling_shares_most_groups() -> None:
    right, wrong, other = buckets("tintamarre"), buckets("tintammarre"), buckets("aquarelle")
    assert len(np.intersect1d(right, wrong)) > len(right) / 2
    assert len(np.intersect1d(right, other)) < len(right) / 10


@given(st.text(max_size=80))
def test_buckets_are_sorted_distinct_and_in_range(text: str) -> None:
    found = buckets(text)
    assert np.all(np.diff(found) > 0)
    assert np.all((found >= 0) & (found < BUCKETS))
