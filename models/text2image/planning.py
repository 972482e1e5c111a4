"""What the model's plan is taught to say: which concept each cell of the picture holds, and in which colour.

Names are numbered in table order from 1; 0 is "none": no thing, or a thing in its own colours.
"""

from collections.abc import Sequence

import numpy as np

from models.text2image.concepts import CONCEPTS
from models.text2image.layout import Place
from models.text2image.scenes import COLOURS

THINGS = {concept.key: number for number, concept in enumerate(CONCEPTS, start=1)}
TINTS = {colour: number for number, colour in enumerate(COLOURS, start=1)}
NAMES = (len(THINGS) + 1, len(TINTS) + 1)
"""Lengths of the lists of names, as `ModelConfig.names` takes them."""
CORE = 0.8
"""Share of a sprite's edge within which it holds a cell: its square's corners mostly show the ground."""


def plan_of(standing: Sequence[Place], edge: int) -> np.ndarray:
    """int64[2, edge²], row by row: the thing and the tint that hold the centre of each cell; the nearest wins."""
    cells = np.zeros((2, edge, edge), np.int64)
    centres = (np.arange(edge) + 0.5) / edge
    for place in standing:
        reach = place.side * CORE / 2
        rows, columns = (np.abs(centres - middle) < reach for middle in (place.y, place.x))
        held = rows[:, None] & columns[None, :]
        cells[:, held] = np.array([[THINGS[place.thing.key]], [TINTS.get(place.thing.colour, 0)]])
    return cells.reshape(2, -1)
