"""What a disguised word might be: signs left out, digits or stars for letters, letters doubled, swapped, reversed.

Each function gives guesses without accents, all as likely; which of them is a word, `lexicon` knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from services.moderator.normalise import fold

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_VOWELS = "aeiouy"
_ALIKE = {
    "v": "u", "u": "v", "k": "c", "c": "k", "z": "s", "s": "z", "y": "i", "i": "yl", "l": "i", "j": "g", "q": "k",
}  # fmt: skip
_MASK = re.compile(r"[*#•¤●■]")
_STARRED = re.compile(r"\w[*#•¤●■]|[*#•¤●■]\w")
_LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "g", "@": "a",
    "$": "s", "!": "i", "€": "e", "£": "l", "|": "il", "+": "t", "(": "c", "<": "c", "¥": "y", "¢": "c",
}  # fmt: skip
_FOREIGN_TO_LETTERS = re.compile(r"[^a-z]")


def starred(text: str) -> bool:
    """Whether a sign stands where a letter of a word may have been."""
    return bool(_STARRED.search(text))


def disguised(part: str) -> bool:
    """Whether there are stars, or digits among letters."""
    return bool(_MASK.search(part)) or (any(c.isdigit() for c in part) and any(c.isalpha() for c in part))


def bare(word: str) -> Iterator[str]:
    """Signs inside a word left out."""
    plain = fold(word)
    stripped = _FOREIGN_TO_LETTERS.sub("", plain)
    if stripped != plain and len(stripped) > 2 and not any(c.isdigit() for c in plain):
        yield stripped


def leet(word: str) -> Iterator[str]:
    """Digits and signs as letters; a letter must be there, or most signs must be letters in disguise."""
    if not any(c in _LEET for c in word) or not 2 < len(word) < 25:
        return
    choices = [_LEET.get(c, c) for c in fold(word)]
    ambiguous = sum(len(c) > 1 for c in choices)
    if ambiguous <= 6:
        yield from ("".join(letters) for letters in product(*choices))


def vowels(word: str) -> Iterator[str]:
    """Vowels in place of up to five stars: what people leave out first."""
    return _stars(word, _VOWELS, 5)


def filled(word: str) -> Iterator[str]:
    """Any letters in place of up to two stars."""
    return _stars(word, _LETTERS, 2)


def _stars(word: str, letters: str, most: int) -> Iterator[str]:
    pieces = _MASK.split(fold(word))
    holes = len(pieces) - 1
    if 0 < holes <= most and len(word) > holes:
        for filling in product(letters, repeat=holes):
            yield pieces[0] + "".join(a + b for a, b in zip(filling, pieces[1:], strict=True))


def single(word: str) -> Iterator[str]:
    """One of two equal letters left out."""
    plain = word
    if plain.isascii() and plain.isalpha():
        doubles = [i for i in range(len(plain) - 1) if plain[i] == plain[i + 1]]
        for index in doubles[:6]:
            yield plain[:index] + plain[index + 1 :]
        if len(doubles) > 1:
            yield re.sub(r"(.)\1", r"\1", plain)


def swapped(word: str) -> Iterator[str]:
    """Two neighbours changed, or a letter for one that sounds or looks alike; long words only."""
    plain = fold(word)
    if plain.isalpha() and 5 < len(plain) < 20:
        yield from (plain[:i] + plain[i + 1] + plain[i] + plain[i + 2 :] for i in range(len(plain) - 1))
        for i, letter in enumerate(plain):
            yield from (plain[:i] + other + plain[i + 1 :] for other in _ALIKE.get(letter, ""))


def backwards(word: str) -> Iterator[str]:
    plain = fold(word)
    if len(plain) > 3 and plain.isalpha():
        yield plain[::-1]
