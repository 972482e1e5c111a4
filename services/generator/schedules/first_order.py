"""Straight to the next level: the Euler method, and DDIM without its noise, which is the same step.

The answer gives picture and noise; the next level mixes them anew (Song, Meng and Ermon 2021, "Denoising Diffusion
Implicit Models", eq. 12 with sigma 0). In x = picture + sigma · noise this is Euler's method for the ODE of Karras
et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", eq. 1. The two families differ in
their time steps, in how large they keep x, and in DDIM's clipping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.generator.schedules.betas import TRAINED, Table, alpha_bars, ending_in_noise, sigmas_of
from services.generator.schedules.levels import (
    Array,
    Levels,
    clean_in,
    mix,
    noise_in,
    of_alpha_bars,
    of_sigmas,
    prediction_of,
)
from services.generator.schedules.schedule import Memory, Noise, Schedule
from services.generator.schedules.settings import Settings
from services.generator.schedules.spacing import karras, karras_bounds, spaced, times_at


@dataclass(frozen=True, eq=False)
class FirstOrder(Schedule):
    """`clip` bounds the picture, not the noise; for models of pixels."""

    clip: float | None = None

    def step(self, x: Array, answer: Array, i: int, memory: Memory, noise: Noise) -> tuple[Array, Memory]:
        after = self.levels.after[i]
        left = noise_in(self.levels.prediction, self.levels.now[i], x, answer)
        return mix(after.signal, self.estimate(x, answer, i), after.noise, left), None

    def estimate(self, x: Array, answer: Array, i: int) -> Array:
        clean = clean_in(self.levels.prediction, self.levels.now[i], x, answer)
        return clean if self.clip is None else np.clip(clean, -self.clip, self.clip)


def euler(settings: Settings, steps: int) -> Schedule:
    """EulerDiscreteScheduler. Raises ValueError."""
    settings.must_be("interpolation_type", "linear")
    settings.must_be("timestep_type", "discrete")
    settings.must_be_off("use_exponential_sigmas", "use_beta_sigmas")
    trained = sigmas_of(ending_in_noise(settings, alpha_bars(settings)))
    times = spaced(settings, steps, "linspace")
    sigmas = np.interp(times, np.arange(TRAINED), trained)
    if settings.flag("use_karras_sigmas"):
        sigmas = karras(*karras_bounds(settings, sigmas[0], sigmas[-1]), steps)
        times = times_at(sigmas, trained)
    last = settings.choice("final_sigmas_type", ("zero", "sigma_min"), "zero")
    return FirstOrder(euler_levels(settings, times, [*sigmas, 0.0 if last == "zero" else trained[0]]))


def euler_levels(settings: Settings, times: Table, sigmas: Sequence[float]) -> Levels:
    """`sigmas` has one more than `times`. Raises ValueError."""
    largest = max(sigmas)
    # diffusers' convention: where the first time step has less than full noise, x starts at the size it has in
    # training; elsewhere as noise alone.
    leading = settings.choice("timestep_spacing", ("linspace", "leading", "trailing"), "linspace") == "leading"
    return Levels(
        times.astype(np.float32),
        of_sigmas(sigmas[:-1]),
        of_sigmas(sigmas[1:]),
        prediction_of(settings),
        init_scale=float(np.hypot(largest, 1.0)) if leading else float(largest),
        unit_input=True,
    )


def ddim(settings: Settings, steps: int) -> Schedule:
    """DDIMScheduler with eta 0. Raises ValueError."""
    settings.must_be_off("thresholding")
    bars = ending_in_noise(settings, alpha_bars(settings))
    times = spaced(settings, steps, "leading").round().astype(int)
    # As in diffusers, a step goes a fixed distance down, even where the next time step was rounded elsewhere.
    after = times - TRAINED // steps
    last = 1.0 if settings.flag("set_alpha_to_one", True) else bars[0]
    clip = settings.number("clip_sample_range", 1.0, 1e-3, 1e6) if settings.flag("clip_sample", True) else None
    return FirstOrder(
        Levels(
            times.astype(np.float32),
            of_alpha_bars(bars[times]),
            of_alpha_bars(np.where(after >= 0, bars[after], last)),
            prediction_of(settings),
        ),
        clip,
    )
