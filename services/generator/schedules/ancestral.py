"""Euler's method with fresh noise at each step: part of the way by the answer, the rest stirred in anew.

The step goes down to sigma_down without noise and back up with new noise of sigma_up, so that both together have
the next level's sigma: sigma_down**2 + sigma_up**2 = sigma_next**2. The split is that of ancestral sampling
(Song et al. 2021, "Score-Based Generative Modeling through Stochastic Differential Equations", appendix F).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.generator.schedules.betas import TRAINED, alpha_bars, ending_in_noise, sigmas_of
from services.generator.schedules.first_order import euler_levels
from services.generator.schedules.levels import Array, mix, noise_in
from services.generator.schedules.schedule import Memory, Noise, Schedule
from services.generator.schedules.settings import Settings
from services.generator.schedules.spacing import spaced


@dataclass(frozen=True, eq=False)
class Ancestral(Schedule):
    """Stirs before every level but the last, which has no noise."""

    def step(self, x: Array, answer: Array, i: int, memory: Memory, noise: Noise) -> tuple[Array, Memory]:
        now, after = self.levels.now[i].noise, self.levels.after[i].noise
        down = after**2 / now
        up = after * math.sqrt(max(0.0, 1.0 - (after / now) ** 2))
        left = noise_in(self.levels.prediction, self.levels.now[i], x, answer)
        x = mix(1.0, self.estimate(x, answer, i), down, left)
        return mix(1.0, x, up, noise()) if up > 0 else x, None


def ancestral(settings: Settings, steps: int) -> Schedule:
    """EulerAncestralDiscreteScheduler. Raises ValueError."""
    times = spaced(settings, steps, "linspace")
    trained = sigmas_of(ending_in_noise(settings, alpha_bars(settings)))
    sigmas = np.interp(times, np.arange(TRAINED), trained)
    return Ancestral(euler_levels(settings, times, [*sigmas, 0.0]))
