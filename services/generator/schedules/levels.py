"""Signal and noise at every call of the model, and what an answer of the model says about them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.generator.schedules.settings import Settings

Array = NDArray[np.float32]

PREDICTIONS = ("epsilon", "v_prediction")


@dataclass(frozen=True, slots=True)
class Level:
    """x = signal · picture + noise · normal noise."""

    signal: float
    noise: float

    @property
    def size(self) -> float:
        """The standard deviation of x, if the picture's is 1."""
        return math.hypot(self.signal, self.noise)


CLEAN = Level(1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The road of a picture through `steps` calls of the model.

    `timesteps` is float32[steps], read-only. Call i sees x at `now[i]` and takes it to `after[i]`, which is
    `now[i + 1]` up to the rounding of time steps that some families do.
    """

    timesteps: Array
    now: tuple[Level, ...]
    after: tuple[Level, ...]
    prediction: str
    """What the model answers with: the noise ("epsilon"); v = signal · (the noise) - noise · (the picture), as in
    Salimans and Ho 2022, "Progressive Distillation for Fast Sampling of Diffusion Models", section 4
    ("v_prediction"); or the velocity of `flow_match`, which reads it itself ("velocity")."""
    init_scale: float = 1.0
    unit_input: bool = False
    """Whether the model wants x divided by its size."""

    def __post_init__(self) -> None:
        self.timesteps.setflags(write=False)


def prediction_of(settings: Settings) -> str:
    """Raises ValueError for other answers than noise and v."""
    return settings.choice("prediction_type", PREDICTIONS, PREDICTIONS[0])


def of_sigmas(sigmas: Iterable[float]) -> tuple[Level, ...]:
    """Levels that leave the picture as large as it is (Karras et al. 2022): x = picture + sigma · noise."""
    return tuple(Level(1.0, float(sigma)) for sigma in sigmas)


def of_alpha_bars(bars: Iterable[float]) -> tuple[Level, ...]:
    """Levels that keep the size of x at 1 (Ho et al. 2020)."""
    return tuple(Level(math.sqrt(bar), math.sqrt(1.0 - bar)) for bar in bars)


def mix(a: float, x: Array, b: float, y: Array) -> Array:
    """a · x + b · y, element by element, in float32."""
    return np.float32(a) * x + np.float32(b) * y


def clean_in(prediction: str, level: Level, x: Array, answer: Array) -> Array:
    """The picture that x at `level` and the model's answer to it speak of."""
    if prediction == "epsilon":
        return mix(1.0 / level.signal, x, -level.noise / level.signal, answer)
    return mix(level.signal / level.size**2, x, -level.noise / level.size, answer)


def noise_in(prediction: str, level: Level, x: Array, answer: Array) -> Array:
    """The noise that they speak of; with the picture from `clean_in` it makes x again."""
    if prediction == "epsilon":
        return answer
    return mix(level.noise / level.size**2, x, level.signal / level.size, answer)
