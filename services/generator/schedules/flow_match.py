"""Flow matching: straight lines from noise to picture.

A noisy picture is x = (1 - t) · picture + t · noise; the model answers with the velocity noise - picture. The
levels are those that FLUX's pipeline gives `FlowMatchEulerDiscreteScheduler`: even from 1 to 1/steps, then 0,
bent by `shift` (Esser et al. 2024, "Scaling Rectified Flow Transformers", eq. 23).

Two things are not in the scheduler's file. With `use_dynamic_shifting` the shift grows with the picture, so its
size is needed. And Stable Diffusion 3's pipeline leaves the levels to the scheduler, which ends at the smallest
trained level instead of 1/steps and bends that end twice: `to_smallest`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.generator.schedules.betas import TRAINED, Table
from services.generator.schedules.levels import Array, Level, Levels, mix
from services.generator.schedules.schedule import Memory, Noise, Schedule, checked, within
from services.generator.schedules.settings import Settings


def flow_match_levels(steps: int, shift: float = 1.0) -> Table:
    """float64[steps + 1], falling from 1 to 0; a `shift` above 1 spends more steps near 1."""
    if steps < 1 or not shift > 0:
        raise ValueError(f"steps must be at least 1 and shift above 0, got {steps} and {shift}")
    return _bent(np.linspace(1.0, 0.0, steps + 1), shift)


def _bent(even: Table, shift: float) -> Table:
    # shift · t / (1 + (shift - 1) · t), in a form whose ends are exact.
    return even / (even + (1.0 - even) / shift)


def euler_step(x: Array, velocity: Array, now: float, after: float) -> Array:
    """x at level `after`, from x and its velocity at level `now`. Any shape; element by element."""
    return x + np.float32(after - now) * velocity


def clean_estimate(x: Array, velocity: Array, level: float) -> Array:
    """The picture that x at `level` is heading for."""
    return x - np.float32(level) * velocity


def flow_match_start(steps: int, strength: float) -> int:
    """`Schedule.start_index`: these pipelines round the steps that are skipped down, the older ones those that are
    kept. Raises ValueError."""
    return within(steps, strength, int(steps - steps * checked(strength)))


def noised(picture: Array, noise: Array, level: float) -> Array:
    """A picture, noised to a level."""
    return mix(1.0 - level, picture, level, noise)


@dataclass(frozen=True, eq=False)
class FlowMatch(Schedule):
    """Euler's method on the velocity."""

    def step(self, x: Array, answer: Array, i: int, memory: Memory, noise: Noise) -> tuple[Array, Memory]:
        return euler_step(x, answer, self.levels.now[i].noise, self.levels.after[i].noise), None

    def estimate(self, x: Array, answer: Array, i: int) -> Array:
        return clean_estimate(x, answer, self.levels.now[i].noise)

    def start_index(self, strength: float) -> int:
        return flow_match_start(self.steps, strength)


def flow_match(settings: Settings, steps: int, sequence_length: int | None, to_smallest: bool) -> Schedule:
    """FlowMatchEulerDiscreteScheduler. Raises ValueError."""
    settings.must_be("num_train_timesteps", TRAINED)
    settings.must_be("time_shift_type", "exponential")
    settings.must_be_off("invert_sigmas", "shift_terminal", "stochastic_sampling")
    settings.must_be_off("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
    dynamic = settings.flag("use_dynamic_shifting")
    shift = _dynamic_shift(settings, sequence_length) if dynamic else settings.number("shift", 1.0, 0.01, 100.0)
    levels = flow_match_levels(steps, shift)
    if to_smallest:
        smallest = np.array(1.0 / TRAINED)
        end = smallest if dynamic else _bent(smallest, shift)
        levels = np.append(_bent(np.linspace(1.0, float(end), steps), shift), 0.0)
    places = tuple(Level(1.0 - level, level) for level in levels.tolist())
    return FlowMatch(Levels((levels[:-1] * TRAINED).astype(np.float32), places[:-1], places[1:], "velocity"))


def _dynamic_shift(settings: Settings, sequence_length: int | None) -> float:
    """e**mu, where mu grows evenly with the tokens of the picture (FLUX's pipeline)."""
    if sequence_length is None or sequence_length < 1:
        raise settings.wrong(
            "use_dynamic_shifting", "needs the picture's sequence length; without one it must be false"
        )
    base = settings.whole("base_image_seq_len", 256, 1, 2**24)
    most = settings.whole("max_image_seq_len", 4096, base + 1, 2**24)
    low = settings.number("base_shift", 0.5, -10.0, 10.0)
    high = settings.number("max_shift", 1.15, -10.0, 10.0)
    return math.exp(low + (high - low) * (sequence_length - base) / (most - base))
