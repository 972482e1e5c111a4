"""What the oven may ask of any model, whoever made it.

    conditioning = model.encode(prompt, negative)            encode thread
    canvas = model.start(wish, index, conditioning)          or, over a picture: with model.read(picture, mask)
    while not canvas.finished:
        model.step([canvas, others whose key is the same])   step thread
        model.rough(canvas)                                  a preview, cheap
    model.picture(canvas)                                    finish thread

`encode`, `step` and `picture` may run in three threads; each runs in one at a time.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.generator.families.kept import Cells
from services.generator.warmth import Warmth

Array = NDArray[np.float32]

SEEDS = 2**32
MOST_STEPS = 100
MOST_GUIDANCE = 20.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a caller may ask of a model, and what a list of models tells. Sizes are pixels of an edge."""

    name: str
    family: str
    """`_class_name` of the folder, without ORT before it."""
    width: int
    height: int
    """What it draws when nothing is asked."""
    output_width: int
    output_height: int
    """What is handed out when nothing is asked: the same, unless the model's pictures are enlarged."""
    unit: int
    """Edges that are asked for must be whole multiples of this, from `smallest` to `largest`."""
    smallest: int
    largest: int
    most_pixels: int
    """Width times height, at most."""
    square: bool
    """Whether it draws at the native size only, a square; what is handed out is resampled to the square asked."""
    default_steps: int
    default_guidance: float
    takes_negative: bool
    """Whether a negative prompt has an effect; where it has none, `encode` ignores it."""
    takes_guidance: bool
    takes_source: bool
    """Whether it can start from a picture (`read`)."""
    provider: str
    """The execution provider that the denoiser's session really uses."""
    sha256: str
    """Of the denoiser's graph with its weights."""
    most_rows: int
    """Rows a call of the denoiser."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Pictures to draw. Picture i has the seed `seed + i`, round the corner of 2**32; sizes are pixels.

    Guidance 0 ignores the prompt, 1 is the plain answer to it (diffusers takes 0 for that too, with SDXL Turbo).
    `strength`, above 0 and at most 1, is how much of a picture that it starts from is drawn anew.
    """

    seed: int
    steps: int
    guidance: float
    width: int
    height: int
    strength: float = 1.0

    def seed_of(self, index: int) -> int:
        """The seed of picture `index`."""
        return (self.seed + index) % SEEDS


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A picture, read: each number of its latent is normal about a mean. Nobody writes to it."""

    mean: Array  # [C,h,w]
    deviation: Array  # [C,h,w]
    anew: Cells | None = None  # [h,w]: where it is drawn anew; None for everywhere


class Canvas(Protocol):
    """A picture on its way from noise."""

    @property
    def key(self) -> Hashable:
        """Only canvases of one model whose keys are equal may share a call."""

    @property
    def rows(self) -> int:
        """Rows it takes of a call: 1 or 2."""

    @property
    def done(self) -> int:
        """Calls of the model that lie behind it."""

    @property
    def steps(self) -> int:
        """Calls it takes in all."""

    @property
    def finished(self) -> bool:
        """Whether there is nothing left but `picture`."""


ConditioningT = TypeVar("ConditioningT")
CanvasT = TypeVar("CanvasT", bound=Canvas)


class Model(Protocol[ConditioningT, CanvasT]):
    """One model, loaded. A canvas's numbers do not depend on its company, but for what a provider rounds."""

    @property
    def facts(self) -> Facts:
        """What it can do."""

    def unload(self) -> None:
        """Gives its graphs' memory back; until `load`, ask only `facts`, `calls` and `rows`. Idempotent."""

    def load(self) -> None:
        """Brings the graphs back; a model is loaded when it is made. Idempotent. Raises FolderError, then it is
        not loaded."""

    def calls(self, steps: int, strength: float | None = None) -> int:
        """Calls of the denoiser that `steps` asked for take, from noise or over a picture with that strength.
        Raises ValueError, with one line, for a number of steps that the model's schedule does not have, and for a
        strength that leaves none."""

    def rows(self, guidance: float) -> int:
        """Rows a canvas of that guidance takes of a call: 1 or 2."""

    def encode(self, prompt: str, negative: str | None) -> ConditioningT:
        """What the denoiser reads of the two texts. Immutable; the same texts give the same object for a while.
        None is no negative prompt, which some models tell from an empty one."""

    def read(self, picture: Array, anew: Cells | None = None) -> Reading:
        """Reads float32[3,H,W], -1 to 1, of a size that `start` takes, to be drawn anew where bool[H,W] says, or
        everywhere. Raises ValueError where it cannot."""

    def start(self, wish: Wish, index: int, conditioning: ConditioningT, base: Reading | None = None) -> CanvasT:
        """Picture `index` as noise, or `base` noised as far as `strength` says; then `done` may be above 0. What
        of `base` is not to be drawn anew stays as it was read. Raises ValueError for a size, a number of steps or
        a strength that cannot be."""

    def step(self, canvases: Sequence[CanvasT]) -> None:
        """Takes each of them one step further, in one call of the denoiser. All have the same key; else ValueError
        is raised. When it raises, no canvas has changed."""

    def rough(self, canvas: CanvasT) -> Array:
        """float32[3,h,w], about -1 to 1: what the canvas is heading for, perhaps smaller than the picture."""

    def picture(self, canvas: CanvasT) -> Array:
        """float32[3,H,W], -1 to 1: the finished picture."""

    def warm_up(self) -> Warmth:
        """Runs calls of every size of batch at the native size. Raises FolderError if the model does not
        run, or answers with numbers that are not finite."""
