"""Which prompts the careful reader learns from, and how much each counts.

A source with labels of one kind only teaches its style as much as its subject, so every harmful source is cut to
a number; twins and scenes from the grammar, harmful and harmless in the same frames, are the largest part.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
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

TRUST = {
    "i2p_hard": 0.0, "coprov2_train": 0.5, "diffusiondb_ir": 0.7, "nibbler_r1": 0.4, "xsafety_fr": 0.3,
    "mlma_fr": 0.3, "hatecheck_en": 0.5, "hatecheck_fr": 0.5, "advbench": 0.6, "openai_moderation": 0.6,
    "ailuminate": 0.7, "listed_words": 0.5, "contrast_hand": 2.0, "obfuscation_hand": 2.0,
}  # fmt: skip
SCENES = 8_000
DISGUISED = 0.04


def gather(data: Path, emoji: Path, words: Path) -> list[Example]:
    """Deterministic: the same folders give the same lessons."""
    captions = corpus.captions(emoji, 6_000, 1)
    pool = [*corpus.labelled(data), *captions, *corpus.bare_words(emoji), *corpus.listed_words(words, captions, 2)]
    chosen = [*_cut(pool, 5), *scenes(SCENES, 7), *twins(framed=True)]
    chosen += list(corpus.disguised(chosen, DISGUISED, 3))
    return [replace(e, weight=TRUST.get(e.source, 1.0)) for e in chosen]


def _cut(pool: Sequence[Example], seed: int) -> list[Example]:
    rng = random.Random(seed)
    by: dict[tuple[str, bool], list[Example]] = defaultdict(list)
    for example in pool:
        if TRUST.get(example.source, 1.0) > 0:
            by[example.source, example.category != "none"].append(example)
    kept = []
    for key, examples in sorted(by.items()):
        kept += rng.sample(examples, min(len(examples), MOST.get(key, len(examples))))
    return kept
