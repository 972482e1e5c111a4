"""Makes `words.npz`, the words that `services.moderator.lexicon` knows, as hashes with how common each is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from models.moderation.e5 import E5
from services.moderator.lexicon import digest
from services.moderator.normalise import fold, normalise

SEEN = 2
"""Times that a word must stand in the texts, so that slips of the pen are no words."""
HIDDEN = 40

_WORD = re.compile(r"[^\W\d_]+")


def count(texts: Iterable[str]) -> Counter[str]:
    """Words without accents and how often they stand there; elided ones apart: "l'eau" is l and eau."""
    words = Counter[str]()
    for text in texts:
        words.update(_WORD.findall(fold(normalise(text))))
    return words


def _forms(word: str) -> Iterator[str]:
    """Likely inflections of a word in either language; some are no words, which does no harm."""
    if len(word) > 3:
        stem = word[:-1] if word.endswith("e") else word
        yield from (word + "s", stem + "ed", stem + "ing")
        if word.endswith("er"):
            yield from (word[:-2] + end for end in ("e", "es", "ee", "ees", "ant", "ent", "ait", "ons", "ez"))


def write(harmless: Iterable[str], harmful: Iterable[str], listed: Iterable[str], e5: E5, path: Path) -> int:
    """Words of the texts, words to know in any case, and whole words among the tokeniser's pieces; how many.

    A word that is mostly harmful counts as more common than it is: nobody puts stars into harmless ones.
    """
    bad, all_ = count(harmful), count(harmless)
    bias = bad.total() / all_.total()
    common = {}
    for word, times in (all_ + bad).items():
        hidden = HIDDEN if bad[word] > 4 * bias * (all_[word] + 1) else 0
        if times >= SEEN:
            common[word] = min(255, 9 + round(8 * math.log2(times)) + hidden)
    common = {w: n for w, n in common.items() if len(w) > 1 or w in "aiyolds"}
    for word in list(common):
        for form in _forms(word):
            common.setdefault(form, 20)
    for word in count(listed):
        common.setdefault(word, 8)
    for piece in e5.pieces:
        word = fold(piece.removeprefix("▁").lower())
        if piece.startswith("▁") and len(word) > 3 and word.isascii() and word.isalpha():
            common.setdefault(word, 1)
    hashes = {digest(w): n for w, n in sorted(common.items(), key=lambda item: item[1])}
    ordered = sorted(hashes)
    np.savez_compressed(
        path, hashes=np.array(ordered, np.uint32), common=np.array([hashes[h] for h in ordered], np.uint8)
    )
    return len(ordered)
