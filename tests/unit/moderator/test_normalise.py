"""Disguises come off, ordinary text stays, and doing it twice changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.moderator.normalise import fold, normalise

TRICKY = st.text(alphabet="aàеb01@$!*_. -|\u200b\u202e\u202cEÉſﬁƷ'\n3xｘ\u0301i\u0130œ🅰🇫", max_size=40)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("c r a b e", "crabe"),
        ("c.r.a.b", "crab"),
        ("c-r-a-b on a boat", "crab on a boat"),
        ("ＣＲＡＢ", "crab"),
        ("𝒸𝓇𝒶𝒷", "crab"),
        ("сrаb", "crab"),
        ("c\u200br\u200da\ufeffb", "crab"),
        ("c̶r̷a̴b̵", "crab"),
        ("b0at", "boat"),
        ("$and", "sand"),
        ("b@teau", "bateau"),
        ("\u202ebarc\u202c on a boat", "crab on a boat"),
        ("boaaaaat", "boaat"),
        ("  two\t\nlines ", "two lines"),
    ],
)
def test_disguises_come_off(written: str, plain: str) -> None:
    assert normalise(written) == plain


@pytest.mark.parametrize(
    "text",
    [
        "un crabe à côté d'une barque",
        "l'été, une forêt enneigée à noël",
        "a 3d render, 4k, mp3 player, 1st prize, 50% off, 10:30",
        "e-mail and t-shirt, wow!",
        "il y a un chat",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert normalise(text) == text


def test_accents_fold_for_matching_only() -> None:
    assert fold(normalise("Forêt Enneigée")) == "foret enneigee"


@given(TRICKY | st.text(max_size=60))
def test_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert fold(fold(once)) == fold(once)


@given(st.text(alphabet="\ufdfaﷺa", min_size=1, max_size=200))
def test_text_cannot_balloon(text: str) -> None:
    assert len(normalise(text)) <= 4 * len(text)


@given(st.text(alphabet="abcdefghij ", max_size=60), st.sampled_from("\u200b\u200d\ufeff\u00ad\u2060"))
def test_invisible_characters_change_nothing(text: str, invisible: str) -> None:
    assert normalise(invisible.join(text)) == normalise(text)
