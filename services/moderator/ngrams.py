"""A normalised text as the set of hashed words, word pairs and letter groups it holds.

The hash trick keeps the model a plain array and the words it learned from out of the repository.
"""

from __future__ import annotations

import re
import zlib
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 17

_WORD = re.compile(r"[^\W_]+")


def buckets(folded: str) -> NDArray[np.int64]:
    """The distinct buckets of `folded` (lower case, no accents), sorted; empty for a text without words.

    Words, pairs of neighbouring words, and groups of 3 to 5 letters with the word's ends marked: a word
    written with one wrong letter still shares most of its groups with the right one.
    """
    words: list[str] = _WORD.findall(folded)
    grams = {f"w {word}" for word in words}
    grams.update(f"p {left} {right}" for left, right in pairwise(words))
    for word in set(words):
        marked = f"<{word}>"
        for size in (3, 4, 5):
            grams.update(f"c {marked[i : i + size]}" for i in range(len(marked) - size + 1))
    return np.unique(np.fromiter((zlib.crc32(gram.encode()) % BUCKETS for gram in grams), np.int64, len(grams)))
