"""How likely a prompt belongs to each category, and which of its words say so.

    normalise -> windows of at most 48 words -> [sentence vector, n-grams] -> one logistic unit a category

The sentence vector carries the meaning over both languages, the n-grams catch single words that a short
vector blurs. A prompt scores as its worst window, so an ugly line cannot be diluted by a long harmless text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.moderator.ngrams import BUCKETS, buckets
from services.moderator.normalise import fold, normalise

WINDOW_WORDS, WINDOW_OVERLAP = 48, 8
WINDOW_CHARACTERS = 480
BATCH = 32
"""Rows scored together: bounds the memory of token vectors (32 x 128 x 1280 floats, 21 MB)."""


class SentenceVectors(Protocol):
    """The part of the sentence encoder that moderation needs."""

    def encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [B,512]."""
        ...


@dataclass(frozen=True)
class Reading:
    """A prompt as the model sees it: its worst window and the scores over all of them."""

    scores: Mapping[str, float]
    """Category to calibrated score, 0 to 1: the maximum over the windows."""
    windows: tuple[str, ...]
    worst: Mapping[str, int]
    """Category to the index of the window that gave its score."""


@dataclass(frozen=True)
class Head:
    """The trained weights, K categories wide."""

    categories: tuple[str, ...]
    mean: NDArray[np.float32]  # [512] what an ordinary prompt's vector looks like
    dense: NDArray[np.float32]  # [512, K]
    grams: NDArray[np.float32]  # [BUCKETS, K]
    bias: NDArray[np.float32]  # [K]

    @staticmethod
    def load(path: Path) -> Head:
        """Read `head.npz`. Raises FileNotFoundError, or ValueError if the shapes do not fit together."""
        with np.load(path, allow_pickle=False) as archive:
            arrays = {k: archive[k].astype(np.float32) for k in archive.files if k != "categories"}
            head = Head(categories=tuple(str(c) for c in archive["categories"]), **arrays)
        width = len(head.categories)
        if head.grams.shape != (BUCKETS, width) or head.bias.shape != (width,):
            raise ValueError(f"{path}: weights do not fit {width} categories")
        return head

    def logits(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
        """[B,K] from sentence vectors [B,512] and the same B normalised texts."""
        logits = (vectors - self.mean) @ self.dense + self.bias
        for row, text in enumerate(texts):
            found = buckets(fold(text))
            if len(found):
                logits[row] += self.grams[found].sum(axis=0) / np.sqrt(len(found))
        return logits.astype(np.float32)


class PromptModel:
    """Safe to call from several threads: it holds only arrays and an encoder that is safe too."""

    def __init__(self, head: Head, encoder: SentenceVectors) -> None:
        self._head, self._encoder = head, encoder

    def read(self, prompt: str) -> Reading:
        """Score a prompt of any length; one without words scores as an empty text."""
        windows = split(normalise(prompt))
        scores = self._scores(windows)
        best = scores.argmax(axis=0)
        names = self._head.categories
        return Reading(
            {name: float(scores[best[k], k]) for k, name in enumerate(names)},
            tuple(windows),
            {name: int(best[k]) for k, name in enumerate(names)},
        )

    def driving_words(self, reading: Reading, category: str, limit: int = 5) -> tuple[str, ...]:
        """The words whose removal lowers the category's score most, strongest first, in normalised form.

        Each word of the worst window is left out in turn. Words that give less than a fifth of what the
        strongest one gives are not named.
        """
        window = reading.windows[reading.worst[category]]
        words = window.split()
        distinct = list(dict.fromkeys(words))
        if len(distinct) < 2:
            return tuple(distinct[:limit])
        without = [" ".join(w for w in words if w != left_out) for left_out in distinct]
        column = self._head.categories.index(category)
        logits = self._logits([window, *without])[:, column]
        drops = logits[0] - logits[1:]
        order = [int(i) for i in np.argsort(-drops)[:limit] if drops[i] > max(0.0, 0.2 * float(drops.max()))]
        named = (distinct[i].strip(".,;:!?\"'()[]«»") for i in order)
        return tuple(word for word in named if word)

    def _scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return (1 / (1 + np.exp(-self._logits(texts)))).astype(np.float32)

    def _logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        parts = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        rows = [self._head.logits(self._encoder.encode_sentences(part), part) for part in parts]
        return np.concatenate(rows).clip(-30, 30)


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
