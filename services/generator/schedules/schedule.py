"""What every schedule can do. A base class, since the families share all of it but `step`.

x = noise() * init_scale            or, over a picture, start = start_index(strength)
                                                        x = add_noise(picture, noise(), start)
for i in range(start, steps):
    answer = model(model_input(x, i), timesteps[i])     guided, if it is to be
    x, memory = step(x, answer, i, memory, noise)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from services.generator.schedules.levels import Array, Levels, clean_in, mix

Memory: TypeAlias = tuple[Array, ...] | None
"""What a solver of several steps carries from one to the next, in a form of its own; nobody writes to it."""
Noise: TypeAlias = Callable[[], Array]
"""Fresh normal noise of x's shape, from the row's own seed."""


@dataclass(frozen=True, eq=False)
class Schedule(ABC):
    """Immutable. x, answers and pictures are float32 of any one shape; all is done element by element."""

    levels: Levels

    @property
    def steps(self) -> int:
        """Calls of the model. One more than was asked for under PLMS, whose first step takes two."""
        return len(self.levels.timesteps)

    @property
    def timesteps(self) -> Array:
        """float32[steps], 0 to 1000: what the model takes as its time step. (FLUX's graphs take a thousandth.)"""
        return self.levels.timesteps

    @property
    def init_scale(self) -> float:
        """A picture made of nothing starts as normal noise times this."""
        return self.levels.init_scale

    def model_input(self, x: Array, i: int) -> Array:
        """What call `i` of the model sees of x."""
        return x / np.float32(self.levels.now[i].size) if self.levels.unit_input else x

    @abstractmethod
    def step(self, x: Array, answer: Array, i: int, memory: Memory, noise: Noise) -> tuple[Array, Memory]:
        """x after call `i`, and what the next step must be given as `memory`; the first is given None.

        `noise` is called at most once, and only by schedules that stir.
        """

    def estimate(self, x: Array, answer: Array, i: int) -> Array:
        """The picture that x before call `i` is heading for, judged by the answer: a preview."""
        return clean_in(self.levels.prediction, self.levels.now[i], x, answer)

    def start_index(self, strength: float) -> int:
        """The first call for a picture that is there already; `strength` 1 draws anew, near 0 leaves it as it is.

        Raises ValueError for a strength outside (0, 1] and for one that leaves no step.
        """
        return within(self.steps, strength, self.steps - int(self.steps * checked(strength)))

    def add_noise(self, picture: Array, noise: Array, i: int) -> Array:
        """A picture, noised to where call `i` expects it."""
        level = self.levels.now[i]
        return mix(level.signal, picture, level.noise, noise)


def within(steps: int, strength: float, index: int) -> int:
    """The index, if it is one of a step. Raises ValueError."""
    if index >= steps:
        raise ValueError(f"a strength of {strength:g} leaves none of {steps} steps")
    return index


def checked(strength: float) -> float:
    """The same. Raises ValueError outside (0, 1]."""
    if not 0.0 < strength <= 1.0:
        raise ValueError(f"strength must be above 0 and at most 1, not {strength:g}")
    return strength
