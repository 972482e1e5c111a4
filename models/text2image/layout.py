"""Where the things of a scene stand, farthest first. Lengths are shares of the picture's edge."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from models.text2image.scenes import Scene, Thing


@dataclass(frozen=True)
class Place:
    """One sprite: its centre, and the edge of its square."""

    thing: Thing
    x: float
    y: float
    side: float


_SIDE = {"": (0.6, 0.84), "small": (0.34, 0.46), "big": (0.9, 0.98)}
_SEVERAL = {  # centres and side of two, three, four of a kind
    2: (((0.27, 0.5), (0.73, 0.5)), 0.44),
    3: (((0.5, 0.28), (0.27, 0.72), (0.73, 0.72)), 0.4),
    4: (((0.28, 0.28), (0.72, 0.28), (0.28, 0.72), (0.72, 0.72)), 0.4),
}
_SWAPPED = {"right": "left", "below": "above", "behind": "front"}
"""Relations that are another one seen from the second thing. Of things beside each other the first named stands
left: were it open, the plan of a picture could only say "either" for both places, and one in six drew one thing
twice."""


def places(scene: Scene, rng: random.Random) -> list[Place]:
    """The scene's sprites in the order they are pasted."""
    if len(scene.things) == 3:
        return _row(scene.things, rng)
    if len(scene.things) == 1:
        return _one_kind(scene.things[0], not scene.ground.colour, rng)
    first, second = scene.things
    relation = scene.relation
    if relation in _SWAPPED:
        first, second, relation = second, first, _SWAPPED[relation]
    if relation == "above":
        return [_near(first, 0.5, 0.26, 0.44, rng), _near(second, 0.5, 0.74, 0.44, rng)]
    if relation == "on":
        return _stacked(first, second, rng)
    if relation == "front":
        side = rng.choice((-1, 1))
        behind = _near(second, 0.5 - 0.09 * side, 0.38, rng.uniform(0.58, 0.66), rng)
        return [behind, _near(first, 0.5 + 0.13 * side, 0.7, rng.uniform(0.42, 0.48), rng)]
    base = rng.uniform(0.6, 0.72) if not scene.ground.colour else rng.uniform(0.44, 0.56)
    sides = (rng.uniform(0.42, 0.5), rng.uniform(0.42, 0.5))
    return [_near(first, 0.27, base, sides[0], rng), _near(second, 0.73, base, sides[1], rng)]


def _near(thing: Thing, x: float, y: float, side: float, rng: random.Random) -> Place:
    return Place(thing, x + rng.uniform(-0.02, 0.02), y + rng.uniform(-0.03, 0.03), side)


def _stacked(first: Thing, second: Thing, rng: random.Random) -> list[Place]:
    """`first` with its foot in the upper part of `second`."""
    low, high = rng.uniform(0.48, 0.56), rng.uniform(0.36, 0.42)
    x, y = 0.5 + rng.uniform(-0.05, 0.05), 0.97 - low / 2
    top = y - low / 2 - high / 2 + 0.08
    return [Place(second, x, y, low), Place(first, x + rng.uniform(-0.03, 0.03), top, high)]


def _one_kind(thing: Thing, landscape: bool, rng: random.Random) -> list[Place]:
    if thing.count > 1:
        centres, side = _SEVERAL[thing.count]
        return [_near(thing, x, y, side * rng.uniform(0.9, 1.0), rng) for x, y in centres]
    side = rng.uniform(*_SIDE[thing.size])
    room = (1 - side) / 2 * 0.6
    x = 0.5 + rng.uniform(-room, room)
    y = 0.5 + (room * rng.uniform(0.2, 1.0) if landscape else rng.uniform(-room, room))
    return [Place(thing, x, y, side)]


def _row(things: Sequence[Thing], rng: random.Random) -> list[Place]:
    base = rng.uniform(0.5, 0.68)
    columns = zip(things, (0.18, 0.5, 0.82), strict=True)
    return [_near(thing, x, base, rng.uniform(0.29, 0.33), rng) for thing, x in columns]
