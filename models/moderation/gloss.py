"""Word-by-word French of English prompts, so that what is learned in English is learned in French too.

Open collections of unsafe *picture* prompts are English. The sentence encoder places a word and its
translation close together, so the nearest French word of an English one is mostly its translation. The
result is clumsy French, but it carries French words with English labels, for harmless and unsafe prompts
alike; without it the n-grams learn that French captions are always harmless.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.moderation.corpus import Example
from services.moderator.normalise import normalise
from services.moderator.text import SentenceVectors

SOURCES = (
    "overt", "coprov2_train", "contrast_hand", "obfuscation_hand", "ring_a_bell", "partiprompts", "tifa", "dsg1k",
)  # fmt: skip
CLOSE = 0.55
"""Cosine below which a word is left in English: rather no translation than a wrong one."""

_WORD = re.compile(r"[^\W\d_]+")
_SMALL = dict(
    pair.split(":")
    for pair in [
        "a:un",
        "an:une",
        "the:le",
        "of:de",
        "in:dans",
        "on:sur",
        "and:et",
        "with:avec",
        "is:est",
        "are:sont",
        "to:à",
        "at:à",
        "for:pour",
        "by:par",
        "from:de",
        "his:son",
        "her:sa",
        "their:leurs",
        "its:son",
        "no:pas",
        "not:pas",
        "or:ou",
        "as:comme",
        "that:qui",
        "who:qui",
        "while:pendant",
        "into:dans",
        "under:sous",
        "over:sur",
        "near:près",
        "between:entre",
        "behind:derrière",
        "he:il",
        "she:elle",
        "they:ils",
        "it:il",
        "this:ce",
        "these:ces",
        "there:il",
        "has:a",
        "have:ont",
        "being:étant",
        "while:tandis",
        "all:tous",
        "some:des",
        "two:deux",
        "three:trois",
        "next:à",
    ]
)


class Glosser:
    """A French word for each English one, learned from the words of the examples themselves."""

    def __init__(self, examples: Sequence[Example], french_names: Sequence[str], encoder: SentenceVectors) -> None:
        english, french = Counter[str](), Counter[str]()
        for example in examples:
            words = set(_WORD.findall(normalise(example.prompt)))
            (french if example.language == "fr" else english).update(words)
        french.update(word for name in french_names for word in _WORD.findall(normalise(name)) * 2)
        sources = [w for w, n in english.items() if n >= 2 and len(w) > 2 and w not in _SMALL]
        # A word as common in the English texts as in the French ones is no French word.
        targets = [w for w, n in french.items() if n >= 2 and len(w) > 2 and english[w] < 3 * n]
        self._french = dict(_SMALL)
        theirs = _encode(encoder, targets)
        for start in range(0, len(sources), 1024):
            part = sources[start : start + 1024]
            cosine = _encode(encoder, part) @ theirs.T
            best = cosine.argmax(axis=1)
            for row, word in enumerate(part):
                if cosine[row, best[row]] >= CLOSE:
                    self._french[word] = targets[best[row]]

    def __call__(self, prompt: str) -> str:
        """The prompt with every known word replaced."""
        return _WORD.sub(lambda match: self._french.get(match[0], match[0]), normalise(prompt))


def glossed(examples: Sequence[Example], gloss: Glosser, most: int, seed: int) -> list[Example]:
    """French copies of up to `most` unsafe and as many harmless English picture prompts."""
    rng = random.Random(seed)
    made: list[Example] = []
    for unsafe in (True, False):
        pool = [
            e for e in examples
            if e.source in SOURCES and e.language == "en" and (e.category != "none") == unsafe
        ]  # fmt: skip
        chosen = rng.sample(pool, min(most, len(pool)))
        made += [replace(e, prompt=gloss(e.prompt), language="fr", id="") for e in chosen]
    return made


def _encode(encoder: SentenceVectors, words: Sequence[str]) -> np.ndarray:
    parts = [encoder.encode_sentences(words[i : i + 256]) for i in range(0, len(words), 256)]
    return np.concatenate(parts)
