"""Windows cover every word, the worst one counts, and the named words are the ones that did it."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.moderator.lexicon import Lexicon, digest
from services.moderator.text import (
    MAX_EXPLAINED,
    REREAD,
    WINDOW_CHARACTERS,
    WINDOW_WORDS,
    PromptModel,
    split,
    windows_of,
)

WORDS = st.lists(st.text(alphabet="abcé'", min_size=1, max_size=12), max_size=300)


class Minding:
    """A judge that minds one word."""

    categories = ("violence", "hate")

    def __init__(self, word: str) -> None:
        self.word, self.asked = word, 0

    def scores(self, texts: Sequence[str], like: str | None = None) -> NDArray[np.float32]:
        self.asked += len(texts)
        return np.array([[0.95 if self.word in t.split() else 0.02, 0.01] for t in texts], np.float32)


MODEL = PromptModel(Minding("tintamarre"), Lexicon.of(["tintamarre", "un", "crabe", "et", "bateau"]))


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
    buried = MODEL.read("un crabe sur la plage " * 60 + "un tintamarre " + "un bateau rouge " * 60)
    assert buried.scores["violence"] > 0.5 > buried.scores["hate"]
    assert "tintamarre" in buried.windows[buried.worst["violence"]]
    assert MODEL.read("un crabe sur la plage " * 120).scores["violence"] < 0.1


def test_a_starred_word_counts_as_the_worst_that_it_may_be() -> None:
    model = PromptModel(Minding("cut"), Lexicon({digest("cat"): 90, digest("cut"): 40}))
    assert model.read("a c*t").scores["violence"] > 0.9
    assert model.read("a cat").scores["violence"] < 0.1


def test_stars_do_not_make_a_long_prompt_cost_more() -> None:
    long = "un crabe " * (REREAD * WINDOW_WORDS)
    assert windows_of((long, long.replace("crabe", "crabs"))) == split(long)
    assert windows_of(("un crabe", "un crabs", "un crabe")) == ["un crabe", "un crabs"]


def test_the_word_that_did_it_is_named_first() -> None:
    reading = MODEL.read("Un CRABE, un T1ntamarre et un bateau")
    assert MODEL.driving_words(reading, "violence") == ("tintamarre",)
    assert MODEL.driving_words(reading, "hate") == ()


def test_a_single_word_drives_alone() -> None:
    assert MODEL.driving_words(MODEL.read("tintamarre"), "violence") == ("tintamarre",)


@pytest.mark.parametrize("minded", ["une", "with"])
def test_little_words_are_named_only_where_there_are_no_others(minded: str) -> None:
    model = PromptModel(Minding(minded), Lexicon.of([]))
    assert model.driving_words(model.read(f"{minded} gros tintamarre, à deux"), "violence") == ()
    assert model.driving_words(model.read(f"la {minded} et"), "violence") == (minded,)


def test_no_words_is_a_harmless_text() -> None:
    reading = MODEL.read(" \u200b\n")
    assert reading.scores["violence"] < 0.1
    assert MODEL.driving_words(reading, "violence") == ()


def test_an_explanation_has_a_bound() -> None:
    judge = Minding("nothing")
    model = PromptModel(judge, Lexicon.of([]))
    reading = model.read(" ".join(f"{chr(97 + i % 26)}{chr(97 + i // 26)}{i}" for i in range(47)))
    judge.asked = 0
    model.driving_words(reading, "violence")
    assert judge.asked == MAX_EXPLAINED + 1
