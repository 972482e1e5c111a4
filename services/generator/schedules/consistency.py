"""LCM: each answer names the picture outright; between calls it is noised again to the next level.

Song et al. 2023, "Consistency Models", algorithm 1, with the time steps and scalings of Luo et al. 2023, "Latent
Consistency Models": the picture is c_skip · x + c_out · (the picture in the answer), so that at time step 0 it is
x itself. The time steps are some of those the model was distilled on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.generator.schedules.betas import TRAINED, alpha_bars, ending_in_noise
from services.generator.schedules.levels import CLEAN, Array, Levels, clean_in, mix, of_alpha_bars, prediction_of
from services.generator.schedules.schedule import Memory, Noise, Schedule
from services.generator.schedules.settings import Settings

DATA_SIZE = 0.5
"""The standard deviation of pictures that the scalings suppose."""


@dataclass(frozen=True, eq=False)
class Consistency(Schedule):
    """Stirs before every level but the last. `clip` bounds the picture in the answer."""

    scaling: float = 10.0
    """What the time step counts in the boundary scalings."""
    clip: float | None = None

    def step(self, x: Array, answer: Array, i: int, memory: Memory, noise: Noise) -> tuple[Array, Memory]:
        after, clean = self.levels.after[i], self.estimate(x, answer, i)
        return mix(after.signal, clean, after.noise, noise()) if after.noise > 0 else clean, None

    def estimate(self, x: Array, answer: Array, i: int) -> Array:
        clean = clean_in(self.levels.prediction, self.levels.now[i], x, answer)
        if self.clip is not None:
            clean = np.clip(clean, -self.clip, self.clip)
        time = float(self.levels.timesteps[i]) * self.scaling
        size = math.hypot(time, DATA_SIZE)
        return mix((DATA_SIZE / size) ** 2, x, time / size, clean)


def consistency(settings: Settings, steps: int) -> Schedule:
    """LCMScheduler. Raises ValueError."""
    settings.must_be_off("thresholding")
    distilled = settings.whole("original_inference_steps", 50, 1, TRAINED)
    if steps > distilled:
        raise settings.wrong("original_inference_steps", f"must be at least the {steps} steps asked for")
    bars = ending_in_noise(settings, alpha_bars(settings, 0.00085, 0.012, "scaled_linear"))
    candidates = np.arange(distilled, 0, -1) * (TRAINED // distilled) - 1
    times = candidates[np.linspace(0, distilled, steps, endpoint=False).astype(int)]
    now = of_alpha_bars(bars[times])
    return Consistency(
        Levels(times.astype(np.float32), now, (*now[1:], CLEAN), prediction_of(settings)),
        scaling=settings.number("timestep_scaling", 10.0, 1e-3, 1e6),
        clip=settings.number("clip_sample_range", 1.0, 1e-3, 1e6) if settings.flag("clip_sample") else None,
    )
