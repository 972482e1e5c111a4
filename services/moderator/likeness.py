"""Whether a prompt is a close paraphrase of an exemplar: the same things said, nothing added, nothing left out.

A sentence vector alone cannot tell: "a knife stabbing a man" lies as near to "a knife stabbing a watermelon" as
most paraphrases do. So besides the cosine of the sentences, words are held against words. Content words that only
one of the two has need a counterpart among the words that only the other has: a word that means the same in either
language (cosine of the words' own vectors). Numbers, negations, minors, youth, and what makes a thing pretence or
real must agree outright.

All of it is bounded: sentences of at most MOST_WORDS words are compared, longer prompts match by equality alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.moderator.exemplars import WORD
from services.moderator.normalise import fold, normalise
from services.moderator.policy import mentions_minor
from services.moderator.rules import ExemplarRules

MOST_WORDS = 40
"""Words of a prompt that is compared with exemplars. Well below what the encoder reads, so none is unseen."""
REMEMBERED = 4_096
"""Prompts whose words' vectors are kept."""

_NUMBER = re.compile(r"\d+")
_STOP = frozenset(
    {
        "a", "an", "the", "of", "in", "on", "at", "to", "with", "and", "or", "by", "for", "from", "into", "is",
        "are", "be", "it", "its", "his", "her", "their", "this", "that", "there", "who", "which", "as", "up",
        "out", "over", "under", "while", "some", "one", "un", "une", "le", "la", "les", "l", "de", "des", "du",
        "d", "en", "dans", "sur", "au", "aux", "avec", "et", "ou", "par", "pour", "est", "sont", "se", "s",
        "ce", "cette", "ces", "qui", "que", "son", "sa", "ses", "leur", "leurs", "il", "elle", "ils", "elles",
        "y", "sous", "chez", "plus", "tres", "picture", "image", "illustration", "tableau",
    }
)  # fmt: skip
"""Words that say nothing about what is shown. Not among them: what makes a thing another thing."""
_NEGATIONS = frozenset(
    {
        "no", "not", "without", "none", "never", "nothing", "n", "sans", "pas", "aucun", "aucune", "jamais",
        "rien", "non", "ni", "neither", "nor",
    }
)  # fmt: skip
_REAL = frozenset(
    {
        "real", "really", "realistic", "photo", "photos", "photograph", "photorealistic", "photographie",
        "actual", "genuine", "official", "exact", "true", "vrai", "vraie", "vrais", "vraies", "reel", "reelle",
        "reels", "reelles", "realiste", "officiel", "officielle", "exacte", "veritable",
    }
)  # fmt: skip
"""Words that make pretence real; a paraphrase does not add them."""
_PRETENCE = frozenset(
    {
        "toy", "toys", "fake", "plastic", "rubber", "statue", "statues", "sculpture", "marble", "drawing",
        "drawn",
        "painting", "cartoon", "comic", "makeup", "costume", "costumes", "doll", "dolls", "prop", "props", "game",
        "museum", "paintball", "chocolate", "gingerbread", "jouet", "jouets", "faux", "fausse", "fausses",
        "plastique", "marbre", "dessin", "dessine", "dessinee", "peinture", "maquillage", "poupee", "poupees",
        "accessoire", "jeu", "musee", "chocolat",
    }
)  # fmt: skip
"""Words that make a thing pretence; a paraphrase of what has one has one too."""
_YOUNG = frozenset(
    {
        "girl", "girls", "boy", "boys", "young", "younger", "youth", "student", "students", "schoolgirl",
        "schoolboy", "virgin", "petite", "little", "fille", "filles", "garcon", "garcons", "jeune", "jeunes",
        "eleve", "eleves", "etudiante", "etudiantes", "vierge", "petit", "petits",
    }
)  # fmt: skip
"""Words that make somebody younger, besides those that speak of minors outright; a paraphrase adds none."""


class WordVectors(Protocol):
    """The part of the sentence encoder that likeness needs."""

    def encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [B,512]."""
        ...


@dataclass(frozen=True)
class Words:
    """A prompt taken apart. Sets are of folded words but for `content`, stem to the word as written."""

    count: int
    content: dict[str, str]
    numbers: frozenset[str]
    negations: frozenset[str]
    real: frozenset[str]
    young: frozenset[str]
    pretence: frozenset[str]
    minor: bool


def words_of(prompt: str) -> Words:
    """A prompt's words, of any length."""
    plain = normalise(prompt)
    written = WORD.findall(plain)
    folded = [fold(word) for word in written]
    content = {
        stem(short): word
        for word, short in zip(written, folded, strict=True)
        if short not in _STOP and short not in _NEGATIONS and not (len(short) == 1 and short.isascii())
    }
    return Words(
        count=len(written),
        content=content,
        numbers=frozenset(_NUMBER.findall(" ".join(folded))),
        negations=frozenset(folded) & _NEGATIONS,
        real=frozenset(folded) & _REAL,
        young=frozenset(folded) & _YOUNG,
        pretence=frozenset(folded) & _PRETENCE,
        minor=mentions_minor(fold(plain)),
    )


def stem(word: str) -> str:
    """A folded word without the ending of its plural or verb: both languages share these few."""
    for ending in ("ings", "ing", "ees", "ed", "es", "ee", "s", "x", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


class Likeness:
    """Compares prompts. Safe to call from several threads."""

    def __init__(self, encoder: WordVectors) -> None:
        self._encoder = encoder
        self._vectors = lru_cache(REMEMBERED)(self._encode)

    def vector(self, prompt: str) -> NDArray[np.float32]:
        """Unit vector [512] of a prompt."""
        vector: NDArray[np.float32] = self._encoder.encode_sentences([normalise(prompt)])[0]
        return vector

    def paraphrase(self, prompt: str, exemplar: str, rules: ExemplarRules) -> bool:
        """Whether `prompt`, whose sentence vector is near enough already, says what `exemplar` says."""
        said, settled = words_of(prompt), words_of(exemplar)
        if max(said.count, settled.count) > MOST_WORDS:
            return False
        same = (
            said.numbers == settled.numbers
            and bool(said.negations) == bool(settled.negations)
            and said.real <= settled.real
            and bool(said.young) <= bool(settled.young)
            and bool(settled.pretence) <= bool(said.pretence)
            and said.minor <= settled.minor
        )
        return same and self._covered(said, settled, rules.word_likeness)

    def _covered(self, said: Words, settled: Words, least: float) -> bool:
        """Whether what either says in words of its own has a counterpart among the other's own. Words that both
        have are no counterpart: they stand for themselves, and a word more is something more."""
        added = tuple(sorted(said.content[one] for one in said.content.keys() - settled.content.keys()))
        dropped = tuple(sorted(settled.content[one] for one in settled.content.keys() - said.content.keys()))
        if not added or not dropped:
            return not added and not dropped
        cosines = self._vectors(added) @ self._vectors(dropped).T
        return bool(cosines.max(axis=1).min() >= least and cosines.max(axis=0).min() >= least)

    def _encode(self, words: tuple[str, ...]) -> NDArray[np.float32]:
        """Unit vectors [W,512]."""
        return self._encoder.encode_sentences(words)
