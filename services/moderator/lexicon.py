"""Reads disguised words by knowing which words there are: "c*t", "80a7", "taob", "bo at", "tac a" or rot13.

`normalise` undoes what can be undone character by character. What is left is guessed here, and a guess counts
only if it turns something that is no word into a word; so "R2-D2", "4k" and names stay as they are, and nothing
is refused for odd characters alone. Words are kept as hashes with how common they are.

A word with stars was hidden on purpose and may be one of several ("c*t": cat, cut), so such a prompt has several
readings, and the worst one counts.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from services.moderator.guesses import backwards, bare, disguised, filled, leet, single, starred, swapped, vowels
from services.moderator.normalise import fold, normalise

LOOKUPS = 60_000
"""Guesses a prompt may cost, 30 ms; the words after that stay as written."""
ODD = 0.6
"""Share of letters in known words below which the whole text may be backwards or in code."""
READ = 0.75
"""Share that a reading of the whole text must reach to be believed."""
LONGEST_WORD = 60
USUAL = 25
"""How common a word must be to be trusted as a part of a run-together text; pieces of the tokeniser are 1."""
LONG_PAIR, RUN_TOGETHER = 10, 16
"""Letters from which an unknown word may be two, and above which it may be many."""
READINGS = 3
"""Of a prompt with stars."""

_ARTICLES = ("a", "an", "the", "un", "une", "le", "la", "les", "des")
_WORD = re.compile(r"[^\W\d_]+")
_INNER = re.compile(r"[^\s\"'(),;:«»!?]+(?:[!:;,][^\s\"'(),;:«»!?]+)*")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")


@dataclass
class _Effort:
    """Guesses left for a prompt, and which of the words that a starred one may be is taken (0: the commonest)."""

    left: int = LOOKUPS
    choice: int = 0


class Lexicon:
    """Immutable, safe to share between threads."""

    def __init__(self, words: dict[int, int]) -> None:
        self._words = words

    @staticmethod
    def load(path: Path) -> Lexicon:
        """Read `words.npz`. Raises FileNotFoundError."""
        with np.load(path, allow_pickle=False) as archive:
            return Lexicon(dict(zip(archive["hashes"].tolist(), archive["common"].tolist(), strict=True)))

    @staticmethod
    def of(words: Iterable[str]) -> Lexicon:
        """Of words written out, all equally common."""
        return Lexicon({digest(fold(word)): 1 for word in words})

    def known(self, word: str) -> int:
        """How common the word is, accents or not: 0 for no word, else 1 to 255."""
        return self._words.get(digest(fold(word)), 0)

    def readings(self, prompt: str) -> tuple[str, ...]:
        """What the prompt may say in normal form, disguised words in plain, likeliest first.

        One reading, or up to READINGS if a word has stars: in the n-th, each is the n-th commonest usual word that
        it may be, or the last. Takes at most LOOKUPS guesses, never raises.
        """
        effort, text = _Effort(), normalise(prompt)
        found = []
        for choice in range(READINGS if starred(text) else 1):
            effort.choice = choice
            found.append(self._reading(prompt, text, effort))
        return tuple(dict.fromkeys(found))

    def reveal(self, prompt: str) -> str:
        """The likeliest reading."""
        return self.readings(prompt)[0]

    def _reading(self, prompt: str, text: str, effort: _Effort) -> str:
        """Of a prompt and its normal form."""
        if self._share(text) < ODD:
            text = self._whole(prompt, text)
        words = text.split(" ")
        if all(len(w) <= LONGEST_WORD and self.known(w) for w in words):
            return text
        text = " ".join(self._rejoined(words, effort))
        text = _INNER.sub(lambda m: self._word(m[0], effort, text[m.end() : m.end() + 1] == "'"), text)
        return normalise(text.replace("*", ""))

    def _share(self, text: str) -> float:
        words = [w for w in _WORD.findall(text[:4000]) if len(w) > 1]
        letters = sum(map(len, words))
        return sum(len(w) for w in words if self.known(w)) / letters if letters else 1.0

    def _whole(self, prompt: str, text: str) -> str:
        """The best of the text as it is, backwards, in rot13, in base64."""

        def decoded(match: re.Match[str]) -> str:
            try:
                return base64.b64decode(match[0] + "=" * (-len(match[0]) % 4), validate=True).decode("utf-8")
            except (binascii.Error, ValueError):
                return match[0]

        reversed_words = " ".join(word[::-1] for word in text.split(" "))
        odd_reversed = " ".join(word if self.known(word) else word[::-1] for word in text.split(" "))
        in_code = codecs.encode(text, "rot13")
        readings = [text[::-1], reversed_words, odd_reversed, in_code, normalise(_ENCODED.sub(decoded, prompt))]
        best = max(readings, key=lambda reading: self._share(reading) + self._flows(reading))
        return normalise(best) if self._share(best) >= max(READ, self._share(text) + 0.2) else text

    def _flows(self, reading: str) -> float:
        """Breaks ties: articles stand in front, not at the end, and the commoner words are the right ones."""
        words = reading[:4000].split(" ")
        common = sum(map(self.known, words)) / len(words)
        return 0.01 * ((words[0] in _ARTICLES) - (words[-1] in _ARTICLES)) + common / 1e5

    def _word(self, token: str, effort: _Effort, elided: bool = False) -> str:
        """One token between blanks and quotes, read if it can be."""
        core = token.strip(".-_~/\\")
        if len(core) < 2 or len(core) > LONGEST_WORD or (core.isdigit() and len(core) < 5) or self.known(core):
            return token
        if elided and self.known(core[:-1]) >= USUAL:
            return token.replace(core, f"{core[:-1]} {core[-1]}", 1)
        for guesses in (leet, vowels, filled, single, swapped, backwards):
            found = self._best(guesses(core), effort, effort.choice if guesses in (vowels, filled) else 0)
            if found:
                return token.replace(core, found, 1)
        parts = re.split(r"[-_/.]", core)
        if not all(self.known(part) >= USUAL for part in parts) and (found := self._best(bare(core), effort)):
            return token.replace(core, found, 1)
        if len(parts) > 1:
            return token if not any(map(disguised, parts)) else re.sub(
                r"[^-_/.]+", lambda m: self._word(m[0], effort) if disguised(m[0]) else m[0], token
            )  # fmt: skip
        return token.replace(core, self._divided(core, effort), 1) if core.isalpha() else token

    def _best(self, guesses: Iterator[str], effort: _Effort, choice: int = 0) -> str:
        """The commonest word among the guesses, or of those that are usual the next ones; empty if none is one."""
        known: dict[str, int] = {}
        for guess in guesses:
            if effort.left <= 0:
                break
            effort.left -= 1
            if common := self._words.get(digest(guess), 0):
                known.setdefault(guess, common)
        ranked = sorted(known, key=lambda word: -known[word])
        usual = [word for word in ranked[1:] if known[word] >= USUAL]
        return ([*ranked[:1], *usual][: choice + 1] or [""])[-1]

    def _divided(self, word: str, effort: _Effort) -> str:
        """Two words written as one: an article before ("aboat"), or two long ones."""
        plain = fold(word)
        size = len(plain)
        if size > RUN_TOGETHER:
            return self._separated(plain, effort) or word
        cuts = [1] if plain[0] == "a" and size > 3 else []
        cuts += range(4, size - 3) if size >= LONG_PAIR else []
        best, most = word, USUAL - 1
        for at in cuts:
            effort.left -= 2
            short = min(at, size - at) < 4
            parts = (plain[at:] if at < 4 else plain[:at],) if short else (plain[:at], plain[at:])
            common = min(self._words.get(digest(part), 0) for part in parts)
            if common > most and effort.left > 0:
                best, most = f"{plain[:at]} {plain[at:]}", common
        return best

    def _separated(self, plain: str, effort: _Effort) -> str:
        """A text without blanks as its likeliest words; empty if it has no such reading."""
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(plain) + 1):
            found = (-math.inf, 0)
            for start in range(max(0, end - 16), end):
                common = self._words.get(digest(plain[start:end]), 0)
                effort.left -= 1
                if common >= USUAL or (end - start == 1 and plain[start] in "aiy"):
                    # Long words are rarer by chance than common ones by use.
                    gain = best[start][0] + (end - start) ** 1.5 + common / 32 - 4
                    found = max(found, (gain, start))
            best.append(found)
        cuts, at = [len(plain)], len(plain)
        while at > 0 and best[at][0] > -math.inf:
            at = best[at][1]
            cuts.append(at)
        pieces = [plain[a:b] for a, b in pairwise(reversed(cuts))]
        return " ".join(pieces) if at == 0 and effort.left > 0 else ""

    def _rejoined(self, words: list[str], effort: _Effort) -> list[str]:
        """Pieces of a word with blanks between them put together, where at least one piece is no word."""
        made: list[str] = []
        at = 0
        while at < len(words):
            size = 1
            for n in (2, 3, 4):
                pieces = words[at : at + n]
                joined = "".join(pieces)
                if len(pieces) < n or not joined.isalpha() or len(joined) > LONGEST_WORD or effort.left <= 0:
                    break
                effort.left -= n
                odd = sum(self.known(piece) < USUAL for piece in pieces)
                if odd and len(joined) > 3 and self.known(joined) >= USUAL:
                    size = n
            made.append("".join(words[at : at + size]))
            at += size
        return made


def digest(folded: str) -> int:
    """32 bits of a word without accents."""
    return zlib.crc32(folded.encode("utf-8", "replace"))
