"""How likely a prompt belongs to each category, and which of its words say so.

    readings (normalise, then guess at disguised words) -> windows of at most 48 words -> CarefulReader

A prompt scores as its worst window, so an ugly line cannot be diluted by a long harmless text, and a word with
stars as the worst that it may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from services.moderator.careful import CarefulReader
from services.moderator.language import little
from services.moderator.lexicon import Lexicon

WINDOW_WORDS, WINDOW_OVERLAP = 48, 8
WINDOW_CHARACTERS = 480
REREAD = 16
"""Windows above which only the likeliest reading of a prompt counts: its stars must not make it cost thrice."""
BATCH = 8
"""Windows scored together: bounds the memory of a call (8 x 64 tokens)."""
AROUND = ".,;:!?\"'()[]«»"
"""What may stand around a word and is no part of it."""
MAX_EXPLAINED = 24
"""Words tried one by one for an explanation, about 5 ms each."""


class Judge(Protocol):
    """The part of the reader that moderation needs."""

    @property
    def categories(self) -> tuple[str, ...]:
        """K names."""
        ...

    def scores(self, texts: Sequence[str], like: str | None = None) -> NDArray[np.float32]:
        """Probabilities [B,K] of texts in their own languages, or in that of `like`."""
        ...


class Plain(Protocol):
    """The part of the lexicon that moderation needs."""

    def readings(self, prompt: str) -> Sequence[str]:
        """What the prompt may say in normal form, disguised words read; at least one."""
        ...


@dataclass(frozen=True)
class Reading:
    """A prompt as the model sees it: its worst window and the scores over all of them."""

    scores: Mapping[str, float]
    """Category to calibrated score, 0 to 1: the maximum over the windows."""
    windows: tuple[str, ...]
    worst: Mapping[str, int]
    """Category to the index of the window that gave its score."""


class PromptModel:
    """Safe to call from several threads: it holds only a judge and a lexicon that are safe too."""

    def __init__(self, judge: Judge, lexicon: Plain) -> None:
        self._judge, self._lexicon = judge, lexicon

    @classmethod
    def load(cls, folder: Path) -> Self:
        """From the shipped `prompt-moderator` folder. Raises FileNotFoundError if a file is absent."""
        return cls(CarefulReader(folder), Lexicon.load(folder / "words.npz"))

    @property
    def categories(self) -> tuple[str, ...]:
        """What it tells apart."""
        return self._judge.categories

    def read(self, prompt: str) -> Reading:
        """Score a prompt of any length; one without words scores as an empty text."""
        windows = windows_of(self._lexicon.readings(prompt))
        scores = self._scores(windows)
        best = scores.argmax(axis=0)
        names = self._judge.categories
        return Reading(
            {name: float(scores[best[k], k]) for k, name in enumerate(names)},
            tuple(windows),
            {name: int(best[k]) for k, name in enumerate(names)},
        )

    def driving_words(self, reading: Reading, category: str, limit: int = 5) -> tuple[str, ...]:
        """The words whose removal lowers the category's score most, strongest first, in normalised form.

        Each of the first MAX_EXPLAINED different words of the worst window is left out in turn, little words only
        where there are no others. Words that give less than a fifth of what the strongest one gives are not named.
        """
        window = reading.windows[reading.worst[category]]
        words = window.split()
        distinct = list(dict.fromkeys(words))
        distinct = [word for word in distinct if not little(word.strip(AROUND))] or distinct
        if len(distinct) < 2:
            return tuple(word.strip(AROUND) for word in distinct)
        # Long words first, for short ones say little; then back in their order.
        longest = set(sorted(distinct, key=len, reverse=True)[:MAX_EXPLAINED])
        tried = [word for word in distinct if word in longest]
        without = [" ".join(w for w in words if w != left_out) for left_out in tried]
        column = self._judge.categories.index(category)
        scores = self._scores([window, *without], like=window)[:, column].astype(np.float64).clip(1e-6, 1 - 1e-6)
        evidence = np.log(scores / (1 - scores))
        drops = evidence[0] - evidence[1:]
        order = [int(i) for i in np.argsort(-drops)[:limit] if drops[i] > max(0.0, 0.2 * float(drops.max()))]
        named = (tried[i].strip(AROUND) for i in order)
        return tuple(word for word in named if word)

    def _scores(self, texts: Sequence[str], like: str | None = None) -> NDArray[np.float32]:
        parts = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        return np.concatenate([self._judge.scores(part, like) for part in parts])


def windows_of(readings: Sequence[str]) -> list[str]:
    """The different windows of all readings of a prompt, those of the first one first."""
    first = split(readings[0])
    if len(first) > REREAD:
        return first
    return list(dict.fromkeys([*first, *(window for reading in readings[1:] for window in split(reading))]))


def split(words: str) -> list[str]:
    """Windows of at most WINDOW_WORDS words and WINDOW_CHARACTERS characters that overlap; at least one."""
    pieces: list[str] = []
    for word in words.split():
        pieces.extend(word[i : i + WINDOW_CHARACTERS] for i in range(0, len(word), WINDOW_CHARACTERS))
    windows: list[str] = []
    start = 0
    while True:
        end, size = start, 0
        while end < len(pieces) and end - start < WINDOW_WORDS:
            size += len(pieces[end]) + 1
            if size > WINDOW_CHARACTERS + 1 and end > start:
                break
            end += 1
        windows.append(" ".join(pieces[start:end]))
        if end >= len(pieces):
            return windows
        # Overlap, so that a phrase is whole in one window or the other, and always move on.
        start = end - min(WINDOW_OVERLAP, (end - start) // 2)
