"""Disguised words are read where they are words, all else stays, and no prompt costs more than its bound."""

import base64
import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.moderator.lexicon import LOOKUPS, USUAL, Lexicon, digest
from services.moderator.normalise import normalise
from services.moderator.screening import MAX_PROMPT

REPO = Path(__file__).resolve().parents[3]
SHIPPED = Lexicon.load(REPO / "models" / "weights" / "prompt-moderator" / "words.npz")
PLAIN = "a knight fighting a dragon in the forest"
TRICKY = st.text(alphabet="aàеb014@$*_. -'|\u200b\u202eÉ3xｘ\u0301i🅰&;#", max_size=60)


@pytest.mark.parametrize(
    "written",
    [
        "a kn*ght f*ghting a dr*gon in the f*rest",
        "a knight fi9h71n9 a dr4g0n in the f0r357",
        "a k n i g h t fighting a d r a g o n in the forest",
        "a k.n.i.g.h.t fighting a dra-gon in the fo re st",
        "a thgink gnithgif a nogard in the tserof",
        "a knihgt fighting a draggon in the foreest",
        "a кпіght fighting a dгаgоп in the fогеѕt",
        "a knight fighting a dra🔥gon in the for🌲est",
        "a &#107;night fighting a dragon in the forest",
        "á kñight fĩghting a dragon in thẽ forest",
        PLAIN[::-1],
        " ".join(word[::-1] for word in PLAIN.split()),
        codecs.encode(PLAIN, "rot13"),
        base64.b64encode(PLAIN.encode()).decode(),
        PLAIN.replace(" ", ""),
        PLAIN.upper(),
    ],
)
def test_disguises_are_read(written: str) -> None:
    assert SHIPPED.reveal(written) == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "un crabe à côté d'une barque, l'été",
        "r2-d2 and c-3po, 4k, 35mm, f/1.8, iso100",
        "the year 1984, 10:30 am, 50% off, 12 apples",
        "портрет кота в саду",
        "招き猫の絵",
        "a chihuahua named xolotl in tlaxcala",
        "www.example.org/page?id=12",
    ],
)
def test_what_is_no_word_is_left_alone(text: str) -> None:
    assert SHIPPED.reveal(text) == normalise(text)


def test_stars_are_read_only_where_a_word_fits() -> None:
    lexicon = Lexicon.of(["crab", "boat"])
    assert lexicon.reveal("a cr*b on a b**t") == "a crab on a boat"
    assert lexicon.reveal("m*a*s*h tents") == "mash tents"


@settings(max_examples=200)
@given(TRICKY | st.text(max_size=80))
def test_never_raises_and_stays_small(text: str) -> None:
    assert len(SHIPPED.reveal(text)) <= 4 * len(text) + 16


class Counting(dict[int, int]):
    """Words that count how often they are looked up."""

    asked = 0

    def get(self, key: int, default: int = 0) -> int:  # type: ignore[override]
        self.asked += 1
        return super().get(key, default)


@pytest.mark.parametrize(
    "unit", ["x*q*z* ", "q4z7 ", "qzxvwk", "\u0301", "a\u202eb\u202c ", "\ud800", "zz xx ", "kqjx🔥", "q*****q "]
)
def test_a_hostile_text_buys_a_bounded_number_of_guesses(unit: str) -> None:
    words = Counting()
    text = (unit * MAX_PROMPT)[:MAX_PROMPT]
    Lexicon(words).reveal(text)
    assert words.asked <= LOOKUPS + 3 * MAX_PROMPT


def test_a_starred_word_has_several_readings_and_a_plain_one_has_one() -> None:
    lexicon = Lexicon(
        {digest(word): common for word, common in {"cat": 90, "cut": 40, "cot": 30, "a": 90}.items()}
    )
    assert lexicon.readings("a c*t") == ("a cat", "a cut", "a cot")
    assert lexicon.reveal("a c*t") == "a cat"
    assert lexicon.readings("a cat") == ("a cat",)


def test_words_that_nobody_uses_are_no_further_reading() -> None:
    lexicon = Lexicon({digest("cat"): 90, digest("cyt"): USUAL - 1})
    assert lexicon.readings("c*t") == ("cat",)
