"""Exemplars: single prompts whose verdict people have settled, against the model if need be.

An ALLOW exemplar comes from an appeal that was granted, a BLOCK exemplar from an operator. Each speaks for its own
prompt and for close paraphrases (`likeness`), in one category, and for nothing beyond. The book holds them all in
memory, so that a verdict asks no store: one dictionary for equal texts, one matrix of sentence vectors a kind.

Readers take a snapshot and never wait for a writer; one thread writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.moderator.normalise import fold, normalise

DIMENSIONS = 512
NEAREST = 8
"""Exemplars that a verdict looks at closely, at most."""

WORD = re.compile(r"[^\W_]+|[\u2190-\u2bff\U0001f000-\U0001faff]")
"""A word, or a sign that stands for one: an emoji may say what the words do not."""


class Kind(StrEnum):
    """What an exemplar does."""

    ALLOW = "allow"
    BLOCK = "block"


@dataclass(frozen=True)
class Exemplar:
    """One settled prompt."""

    id: str
    kind: Kind
    category: str
    """That it was refused for, or is to be refused for."""
    prompt: str
    account_id: str = ""
    """Whose appeal it comes from; empty for an operator's."""
    created: float = 0.0
    """Unix time in seconds."""


def plain(prompt: str) -> str:
    """The text by which prompts are equal: normalised words without accents and punctuation."""
    return " ".join(WORD.findall(fold(normalise(prompt))))


@dataclass(frozen=True)
class Shelf:
    """The exemplars of a kind, as a reader sees them. Row i of `vectors` [n,512] is of `items[i]`."""

    items: tuple[Exemplar, ...] = ()
    vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, DIMENSIONS), np.float32))
    equal: Mapping[str, Exemplar] = field(default_factory=dict)

    def nearest(self, vector: NDArray[np.float32], least: float) -> Sequence[Exemplar]:
        """At most NEAREST exemplars by cosine with a unit vector [512], nearest first, none below `least`."""
        if not self.items:
            return []
        # Row by row on this thread: a product over several threads of BLAS waits for the slowest, some 8 ms here.
        cosines: NDArray[np.float32] = np.vecdot(self.vectors, vector)
        close = np.flatnonzero(cosines >= least)
        order = np.argsort(-cosines[close], kind="stable")[:NEAREST]
        return [self.items[row] for row in close[order]]


class Book:
    """All exemplars. `take` and `drop` are called from one thread, `shelf` from any."""

    def __init__(self) -> None:
        self._shelves = {kind: Shelf() for kind in Kind}
        self._room = {kind: np.zeros((64, DIMENSIONS), np.float32) for kind in Kind}
        self._kinds: dict[str, Kind] = {}

    def __len__(self) -> int:
        return len(self._kinds)

    def __contains__(self, exemplar_id: str) -> bool:
        return exemplar_id in self._kinds

    def shelf(self, kind: Kind) -> Shelf:
        """The exemplars of a kind now."""
        return self._shelves[kind]

    def take(self, exemplars: Sequence[Exemplar], vectors: NDArray[np.float32]) -> None:
        """Adds exemplars with their unit vectors [n,512]; those that are there already are left alone."""
        for kind in Kind:
            rows = [i for i, one in enumerate(exemplars) if one.kind is kind and one.id not in self._kinds]
            if not rows:
                continue
            shelf, new = self._shelves[kind], [exemplars[i] for i in rows]
            held, size = len(shelf.items), len(shelf.items) + len(new)
            if size > len(self._room[kind]):
                room = np.zeros((2 * size, DIMENSIONS), np.float32)
                room[:held] = shelf.vectors
                self._room[kind] = room
            # Rows beyond those of a snapshot are not seen through it.
            self._room[kind][held:size] = vectors[rows]
            equal = {**shelf.equal, **{plain(one.prompt): one for one in new}}
            self._shelves[kind] = Shelf((*shelf.items, *new), self._room[kind][:size], equal)
            self._kinds.update((one.id, kind) for one in new)

    def drop(self, exemplar_ids: Iterable[str]) -> None:
        """Removes exemplars; those that are not there are nothing."""
        gone = {one for one in exemplar_ids if one in self._kinds}
        for kind in {self._kinds[one] for one in gone}:
            shelf = self._shelves[kind]
            kept = [i for i, one in enumerate(shelf.items) if one.id not in gone]
            items = tuple(shelf.items[i] for i in kept)
            room = np.zeros((max(64, 2 * len(kept)), DIMENSIONS), np.float32)
            room[: len(kept)] = shelf.vectors[kept]
            self._room[kind] = room
            equal = {plain(one.prompt): one for one in items}
            self._shelves[kind] = Shelf(items, room[: len(kept)], equal)
        for one in gone:
            del self._kinds[one]

    def ids(self) -> set[str]:
        """Of all exemplars."""
        return set(self._kinds)
