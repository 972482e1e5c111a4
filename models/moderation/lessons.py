"""Which prompts the careful reader learns from, and how much each counts.

A source with labels of one kind only teaches its style as much as its subject, so every harmful source is cut to
a number; twins and scenes from the grammar, harmful and harmless in the same frames, are the largest part. Two
courses teach a reader each; the shipped one is their mean.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.moderation import corpus
from models.moderation.example import Example
from models.moderation.scenes import scenes
from models.moderation.twins import twins

MOST = {
    ("coprov2_train", True): 1000, ("coprov2_train", False): 1000, ("overt", False): 1500, ("overt", True): 1200,
    ("diffusiondb_ir", False): 2600, ("hatecheck_en", True): 250, ("hatecheck_en", False): 200,
    ("hatecheck_fr", True): 350, ("hatecheck_fr", False): 250, ("advbench", True): 150, ("xsafety_fr", True): 150,
    ("mlma_fr", True): 80, ("mlma_fr", False): 120, ("ailuminate", True): 600, ("openai_moderation", False): 350,
    ("openai_moderation", True): 250, ("nibbler_r1", True): 250, ("grammar", False): 1000,
    ("bare_words", False): 300, ("listed_words", True): 150,
}  # fmt: skip
"""Of a source and label (harmful or not), the examples used; all where nothing is said."""
FEWER = MOST | {
    ("diffusiondb_ir", False): 1200, ("tifa", False): 900, ("partiprompts", False): 800,
    ("t2i_compbench", False): 900, ("geneval", False): 250, ("synthetic_fr", False): 900,
}  # fmt: skip

TRUST = {
    "i2p_hard": 0.0, "coprov2_train": 0.5, "diffusiondb_ir": 0.7, "nibbler_r1": 0.4, "xsafety_fr": 0.3,
    "mlma_fr": 0.3, "hatecheck_en": 0.5, "hatecheck_fr": 0.5, "advbench": 0.6, "openai_moderation": 0.6,
    "ailuminate": 0.7, "listed_words": 0.5, "contrast_hand": 2.0, "obfuscation_hand": 2.0,
}  # fmt: skip
DISGUISED = 0.04


@dataclass(frozen=True)
class Course:
    """One way of teaching."""

    name: str
    most: Mapping[tuple[str, bool], int]
    scenes: int
    framed: bool
    """Whether twins that name a scene are put into frames."""
    twins: tuple[str, ...]
    """Files; none stands for all."""
    passes: float
    rate: float
    by_pair: float
    """What the difference between twins counts beside what each of them says."""


EARLY = (
    "context", "deeds", "francais", "hate", "illicit", "ordinary", "persons", "plain", "privacy", "redteam",
    "rights", "selfharm", "sexual", "tags", "veiled", "violence",
)  # fmt: skip
COURSES = (
    Course("wide", MOST, scenes=8_000, framed=True, twins=EARLY, passes=3.5, rate=1.5e-4, by_pair=0.0),
    Course("pairs", FEWER, scenes=5_000, framed=False, twins=(), passes=3.0, rate=2e-4, by_pair=0.5),
)
"""The first has every plain caption and half of the twins, in frames; the second mostly twins, as they stand."""


@dataclass(frozen=True)
class Lessons:
    """All labelled prompts, whose order the predictions keep, and the ones to learn from."""

    labelled: list[Example]
    chosen: list[Example]


def gather(course: Course, data: Path, emoji: Path, words: Path) -> Lessons:
    """Deterministic: the same folders give the same lessons."""
    labelled = corpus.labelled(data)
    captions = corpus.captions(emoji, 6_000, 1)
    pool = [*labelled, *captions, *corpus.bare_words(emoji), *corpus.listed_words(words, captions, 2)]
    chosen = [*_cut(pool, course.most, 5), *scenes(course.scenes, 7)]
    chosen += twins(framed=course.framed, files=course.twins)
    chosen += list(corpus.disguised(chosen, DISGUISED, 3))
    return Lessons(labelled, [replace(e, weight=TRUST.get(e.source, 1.0)) for e in chosen])


def _cut(pool: Sequence[Example], most: Mapping[tuple[str, bool], int], seed: int) -> list[Example]:
    rng = random.Random(seed)
    by: dict[tuple[str, bool], list[Example]] = defaultdict(list)
    for example in pool:
        if TRUST.get(example.source, 1.0) > 0:
            by[example.source, example.category != "none"].append(example)
    kept = []
    for key, examples in sorted(by.items()):
        kept += rng.sample(examples, min(len(examples), most.get(key, len(examples))))
    return kept
