"""Scenes: what a picture shows, before any word or pixel. No imports beyond the standard library.

A scene is one or two objects in one style on one ground. Combinations concept × colour × style whose
hash falls in the held-out tenth are never drawn nor captioned in training, in either language: they
are what `evaluate` asks for.
"""

import hashlib
import random
from dataclasses import dataclass

from models.text2image.concepts import CONCEPTS, STORY, STORY_PAIR

STYLES = ("3d", "flat", "drawn")

# sRGB, 0..255. Chosen far apart, so that a person and a scorer can name each.
COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (250, 250, 250),
    "black": (16, 16, 18),
    "grey": (140, 142, 146),
    "red": (206, 40, 48),
    "orange": (246, 140, 34),
    "yellow": (250, 220, 70),
    "green": (66, 166, 82),
    "blue": (48, 104, 214),
    "purple": (126, 62, 178),
    "pink": (246, 156, 196),
}
PLACES = ("beach", "sea", "snow", "meadow", "forest")
SKIES = ("day", "night", "sunset")
RELATIONS = ("beside", "left", "right", "and")
SIZES = ("", "small", "big")


@dataclass(frozen=True)
class Ground:
    """A plain `colour`, or a landscape: `place` ("" for open country) under `sky`."""

    colour: str = ""
    place: str = ""
    sky: str = ""


@dataclass(frozen=True)
class Scene:
    """`objects` holds one or two concept keys; `relation` says where the first stands to the second."""

    objects: tuple[str, ...]
    style: str
    ground: Ground
    relation: str = ""
    size: str = ""


def held_out(concept: str, colour: str, style: str) -> bool:
    """Whether this combination is kept from training (about one in ten, the same on every machine)."""
    digest = hashlib.sha256(f"fournil-mini/{concept}/{colour}/{style}".encode()).digest()
    return digest[0] < 26


def held_out_combinations() -> list[tuple[str, str, str]]:
    """All (concept, colour, style) kept from training, in table order."""
    return [
        (concept.key, colour, style)
        for concept in CONCEPTS
        for colour in COLOURS
        for style in STYLES
        if held_out(concept.key, colour, style)
    ]


_KEYS = [concept.key for concept in CONCEPTS]
_WEIGHTS = [STORY.get(key, 1.0) for key in _KEYS]


def _ground(rng: random.Random) -> Ground:
    if rng.random() < 0.68:
        return Ground(colour=rng.choice(tuple(COLOURS)))
    place = rng.choice((*PLACES, "beach", ""))
    skies = ("night", "sunset") if place == "" else ("day", "day", "day", "night", "sunset")
    return Ground(place=place, sky=rng.choice(skies))


def sample_scene(rng: random.Random) -> Scene:
    """Draw a training scene; it holds no held-out combination."""
    while True:
        count = 1 if rng.random() < 0.7 else 2
        objects = tuple(rng.choices(_KEYS, _WEIGHTS, k=count))
        if count == 2 and rng.random() < 0.35:
            objects = STORY_PAIR if rng.random() < 0.5 else STORY_PAIR[::-1]
        if count == 2 and objects[0] == objects[1]:
            continue
        style, ground = rng.choice(STYLES), _ground(rng)
        if any(held_out(key, ground.colour, style) for key in objects if ground.colour):
            continue
        if count == 2:
            return Scene(objects, style, ground, relation=rng.choice(("beside", *RELATIONS)))
        return Scene(objects, style, ground, size=rng.choices(SIZES, (0.8, 0.1, 0.1))[0])
