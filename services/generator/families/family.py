"""What differs between families, for the one class that draws with all of them (`drawing`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from services.generator.families.interface import Array
from services.generator.families.layout import Layout
from services.generator.families.part_graph import Shape
from services.generator.families.picture_coder import CoderFacts
from services.generator.families.text import Text, TextEncoder
from services.generator.graph import Axes
from services.generator.providers import Execution

Feed = Mapping[str, NDArray[Any]]

_FEWEST_CELLS = 4
"""Of an edge: noise is drawn in blocks of 16 numbers."""
MOST_EDGE = 1024
"""Pixels of a square picture's edge, where a model's own size is not larger."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of a call of the denoiser."""

    x: Array  # [C,h,w], as the schedule shows it to the model
    timestep: float  # 0 to 1000
    text: Text
    guidance: float


@dataclass(frozen=True, slots=True)
class Cells:
    """Edges of a latent: whole multiples of `unit`, up to `largest`; `native` when nothing is asked."""

    unit: int
    native: int
    largest: int

    @property
    def smallest(self) -> int:
        """A multiple of `unit`."""
        return -(-_FEWEST_CELLS // self.unit) * self.unit


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a family's makers advise."""

    steps: int
    guidance: float


class Family(ABC):
    """Loaded text encoders, and knowledge of the denoiser. Raises FolderError when made."""

    denoiser: ClassVar[str]
    """The folder of its graph."""
    answer: ClassVar[str]
    timestep_each: ClassVar[bool] = False
    """Whether the graph must be changed to take a time step for each row."""
    to_smallest: ClassVar[bool] = False
    """Which levels flow matching takes; see `schedules.flow_match`."""

    defaults: Defaults
    coder: CoderFacts
    cells: Cells
    guided_by_input: bool = False
    """Whether the denoiser takes the guidance itself; else a guided picture takes two rows."""
    takes_guidance: bool = True

    @abstractmethod
    def __init__(self, layout: Layout, coder: CoderFacts, *, execution: Execution) -> None: ...

    @property
    @abstractmethod
    def encoders(self) -> Sequence[TextEncoder]:
        """Those of texts."""

    @abstractmethod
    def encode(self, text: str) -> Text:
        """Always of the same shapes."""

    def nothing(self) -> Text:
        """What stands where no negative prompt is given."""
        return self.encode("")

    @abstractmethod
    def axes(self, text: Text) -> Mapping[str, Axes]:
        """The inputs that the denoiser must have; `text` is any."""

    @abstractmethod
    def feed(self, rows: Sequence[Row]) -> Feed:
        """The denoiser's inputs for rows whose x are of one shape."""

    def latents(self, answers: Array, height: int, width: int) -> Array:
        """[B,C,h,w] of the denoiser's answer."""
        return answers

    def sequence_length(self, height: int, width: int) -> int:
        """Tokens as which the denoiser sees a latent."""
        return height * width

    def by_row(self, text: Text) -> list[str]:
        """The denoiser's inputs that have a row for each picture; the others are the same for all of a size."""
        one, two = (self.shapes(rows, self.cells.native, text) for rows in (1, 2))
        return [name for name in one if one[name] != two[name]]

    def shapes(self, rows: int, edge: int, text: Text) -> dict[str, Shape]:
        """Shapes of a call's inputs, for a square latent."""
        blank = Row(np.zeros((self.coder.channels, edge, edge), np.float32), 0.0, text, 1.0)
        return {name: values.shape for name, values in self.feed([blank] * rows).items()}


def largest_cells(unit: int, native: int, scale: int) -> int:
    """The usual bound: 1024 pixels, or half as much again as the native size where that is more."""
    return max(native * 3 // 2, MOST_EDGE // scale) // unit * unit


def stacked(rows: Sequence[Row]) -> dict[str, Array]:
    """What most denoisers read, by names of our own: x [B,C,h,w], timestep [B], tokens [B,T,D], pooled [B,P]."""
    found = {
        "x": np.stack([row.x for row in rows]),
        "timestep": np.array([row.timestep for row in rows], np.float32),
        "tokens": np.stack([row.text.tokens for row in rows]),
    }
    pooled = [row.text.pooled for row in rows if row.text.pooled is not None]
    return {**found, "pooled": np.stack(pooled)} if pooled else found
