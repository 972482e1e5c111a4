"""What the evaluation asks for: combinations and pairs that were never drawn or captioned in training."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from models.text2image.captions import LANGUAGES, colour_phrase, plain_prompt, things_phrase
from models.text2image.scenes import (
    COLOURS,
    STYLES,
    Ground,
    Scene,
    Thing,
    held_out_combinations,
    held_out_pairs,
)

PLACED = ("left", "right", "above", "below")
"""Relations whose truth can be read off a picture."""
UNPLACED = ("beside", "and")
"""Relations that leave it open; `layout` puts the first named left."""


@dataclass(frozen=True)
class Asked:
    """One prompt, its language and seed, and the scene that it asks for."""

    text: str
    language: str
    seed: int
    scene: Scene


def singles(count: int, seed: int = 2025) -> list[Asked]:
    """`count` held-out combinations, each in both languages with one seed; the first language alternates."""
    rng = random.Random(seed)
    return [
        Asked(
            plain_prompt(concept, colour, style, language, rng),
            language,
            number,
            Scene((Thing(concept),), style, Ground(colour=colour)),
        )
        for number, (concept, colour, style) in enumerate(rng.sample(held_out_combinations(), count))
        for language in (LANGUAGES[::-1] if number % 2 else LANGUAGES)
    ]


def pairs(count: int, seed: int = 2026, said: Sequence[str] = PLACED) -> list[Asked]:
    """`count` held-out pairs on a plain ground in the relations `said`, each in both languages with one seed."""
    rng, asked = random.Random(seed), []
    for number, keys in enumerate(rng.sample(held_out_pairs(), count)):
        things = tuple(Thing(key) for key in (keys if rng.random() < 0.5 else keys[::-1]))
        scene = Scene(
            things, rng.choice(STYLES), Ground(colour=rng.choice(tuple(COLOURS))), said[number % len(said)]
        )
        for language in LANGUAGES[::-1] if number % 2 else LANGUAGES:
            text = things_phrase(scene, language, rng) + colour_phrase(scene.ground.colour, language, rng)
            asked.append(Asked(text, language, number, scene))
    return asked
