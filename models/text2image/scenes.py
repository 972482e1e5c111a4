"""Scenes: what a picture shows, before any word or pixel. No imports beyond the standard library.

A scene is one to three things in one style on one ground. Kept from training, in either language, by hash:
a tenth of concept × ground colour × style, a tenth of concept × colour of its own, and a tenth of the pairs
of concepts. They are what `evaluate` asks for.
"""

import hashlib
import random
from dataclasses import dataclass
from itertools import combinations

from models.text2image.concepts import BY_KEY, CONCEPTS, STORY, STORY_PAIR

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
RELATIONS = ("beside", "and", "left", "right", "above", "below", "on", "front", "behind")
_RELATION_WEIGHTS = (4.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0)
SIZES = ("", "small", "big")
MOST_OF_A_KIND = 4


@dataclass(frozen=True)
class Ground:
    """A plain `colour`, or a landscape: `place` ("" for open country) under `sky`."""

    colour: str = ""
    place: str = ""
    sky: str = ""


@dataclass(frozen=True)
class Thing:
    """`count` of one concept, in its own colours or tinted in `colour`."""

    key: str
    colour: str = ""
    count: int = 1
    size: str = ""


@dataclass(frozen=True)
class Scene:
    """One to three things; `relation` says where the first of two stands to the second."""

    things: tuple[Thing, ...]
    style: str
    ground: Ground
    relation: str = ""


def _kept(*parts: str) -> bool:
    """About one in ten, the same on every machine."""
    return hashlib.sha256("/".join(("fournil-mini", *parts)).encode()).digest()[0] < 26


def held_out(concept: str, colour: str, style: str) -> bool:
    """Whether this concept on a ground of this colour in this style is kept from training."""
    return _kept(concept, colour, style)


def tint_held_out(concept: str, colour: str) -> bool:
    """Whether this concept in this colour of its own is kept from training."""
    return _kept("tint", concept, colour)


def pair_held_out(first: str, second: str) -> bool:
    """Whether these two concepts never share a training scene. The story's pair does: all ask for it."""
    return {first, second} != set(STORY_PAIR) and _kept("pair", *sorted((first, second)))


def held_out_combinations() -> list[tuple[str, str, str]]:
    """All (concept, ground colour, style) kept from training, in table order."""
    return [
        (concept.key, colour, style)
        for concept in CONCEPTS
        for colour in COLOURS
        for style in STYLES
        if held_out(concept.key, colour, style)
    ]


def held_out_tints() -> list[tuple[str, str]]:
    """All (concept, own colour) kept from training."""
    return [(one.key, colour) for one in CONCEPTS for colour in COLOURS if tint_held_out(one.key, colour)]


def held_out_pairs() -> list[tuple[str, str]]:
    """All pairs of concepts kept from training."""
    return [(a.key, b.key) for a, b in combinations(CONCEPTS, 2) if pair_held_out(a.key, b.key)]


_KEYS = [concept.key for concept in CONCEPTS]
_WEIGHTS = [STORY.get(key, 1.0) for key in _KEYS]


def countable(key: str) -> bool:
    """Whether "two of it" can be said: not of what is plural by its first name, as cherries are."""
    return not (BY_KEY[key].en[0].plural or BY_KEY[key].fr[0].plural)


def _ground(rng: random.Random) -> Ground:
    if rng.random() < 0.68:
        return Ground(colour=rng.choice(tuple(COLOURS)))
    place = rng.choice((*PLACES, "beach", ""))
    skies = ("night", "sunset") if place == "" else ("day", "day", "day", "night", "sunset")
    return Ground(place=place, sky=rng.choice(skies))


def _keys(rng: random.Random) -> tuple[str, ...]:
    count = rng.choices((1, 2, 3), (0.46, 0.48, 0.06))[0]
    keys = tuple(rng.choices(_KEYS, _WEIGHTS, k=count))
    if count == 2 and rng.random() < 0.12:
        return STORY_PAIR if rng.random() < 0.5 else STORY_PAIR[::-1]
    return keys


def _things(keys: tuple[str, ...], rng: random.Random) -> tuple[Thing, ...]:
    if len(keys) > 1:
        return tuple(Thing(key, colour=rng.choice(tuple(COLOURS)) if rng.random() < 0.12 else "") for key in keys)
    key, kind = keys[0], rng.random()
    tint = rng.choice(tuple(COLOURS)) if rng.random() < 0.25 else ""
    if kind < 0.15 and countable(key):
        return (Thing(key, tint, count=rng.randint(2, MOST_OF_A_KIND)),)
    return (Thing(key, tint, size=rng.choices(SIZES, (0.8, 0.1, 0.1))[0]),)


def may_be_trained(scene: Scene) -> bool:
    """Whether nothing that is held out shows in the scene, nor anything tinted like its plain ground."""
    ground, keys = scene.ground.colour, [thing.key for thing in scene.things]
    for thing in scene.things:
        if ground and (held_out(thing.key, ground, scene.style) or thing.colour == ground):
            return False
        if thing.colour and tint_held_out(thing.key, thing.colour):
            return False
    return len(set(keys)) == len(keys) and not any(pair_held_out(a, b) for a, b in combinations(keys, 2))


def sample_scene(rng: random.Random) -> Scene:
    """Draw a training scene; it shows nothing that is held out."""
    while True:
        things = _things(_keys(rng), rng)
        relation = rng.choices(RELATIONS, _RELATION_WEIGHTS)[0] if len(things) == 2 else ""
        scene = Scene(things, rng.choice(STYLES), _ground(rng), relation)
        if may_be_trained(scene):
            return scene
