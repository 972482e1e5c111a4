"""PNDM without its Runge-Kutta steps (PLMS), what Stable Diffusion 1 folders ship.

Liu et al. 2022, "Pseudo Numerical Methods for Diffusion Models on Manifolds": DDIM's step, with an answer
extrapolated from up to four by Adams-Bashforth. With one answer it would be first-order, so the first step is made
twice: to the next level, and once more from the start with the mean of both ends' answers. Hence one call of the
model more than steps.

Answers are extrapolated as they come. That is right for noise; v changes from level to level even where the model
knows the picture, so v_prediction misses at few steps. diffusers does the same.

A row that starts in the middle (img2img) has no doubled step; its first step is first-order. diffusers counts
calls from the row's start instead, and there doubles a step that its list of time steps does not double.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.generator.schedules.betas import TRAINED, alpha_bars
from services.generator.schedules.levels import (
    Array,
    Levels,
    clean_in,
    mix,
    noise_in,
    of_alpha_bars,
    prediction_of,
)
from services.generator.schedules.schedule import Memory, Noise, Schedule, checked, within
from services.generator.schedules.settings import Settings
from services.generator.schedules.spacing import spaced

SECOND_TRY = 1
"""The call that makes the first step again."""
ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)
"""Weights of the answers, newest first, for one to four of them."""


@dataclass(frozen=True, eq=False)
class Plms(Schedule):
    """Remembers answers, newest first; after the first call also the x it started from, in front."""

    def step(self, x: Array, answer: Array, i: int, memory: Memory, noise: Noise) -> tuple[Array, Memory]:
        if i == 0:
            return self._go(x, answer, 0), (x, answer)
        if i == SECOND_TRY:
            if memory is None:
                raise ValueError(f"a row cannot start at call {SECOND_TRY}, which makes the first step again")
            start, first = memory
            return self._go(start, mix(0.5, first, 0.5, answer), 0), (first,)
        answers = (answer, *(memory or ()))[: len(ADAMS_BASHFORTH)]
        newest, *others = ADAMS_BASHFORTH[len(answers) - 1]
        combined = np.float32(newest) * answer
        for weight, older in zip(others, answers[1:], strict=True):
            combined = combined + np.float32(weight) * older
        return self._go(x, combined, i), answers

    def _go(self, x: Array, answer: Array, i: int) -> Array:
        """DDIM's step of call `i`."""
        kind, now, after = self.levels.prediction, self.levels.now[i], self.levels.after[i]
        return mix(after.signal, clean_in(kind, now, x, answer), after.noise, noise_in(kind, now, x, answer))

    def start_index(self, strength: float) -> int:
        steps = max(1, self.steps - 1)
        skipped = steps - int(steps * checked(strength))
        return within(self.steps, strength, skipped + 1 if skipped else 0)


def plms(settings: Settings, steps: int) -> Schedule:
    """PNDMScheduler with skip_prk_steps. Raises ValueError."""
    if not settings.flag("skip_prk_steps"):
        raise settings.wrong("skip_prk_steps", "must be true")
    # With the others, diffusers' first step does not lead where its time steps say: nothing right to agree with.
    settings.choice("timestep_spacing", ("leading",), "leading")
    bars = alpha_bars(settings)
    times = spaced(settings, steps, "leading").astype(int)
    after = times - TRAINED // steps
    # Which step each call sees the start of, and which it makes: the second one the first step again.
    rest = list(range(1, steps))
    times, after = times[[0, *rest[:1], *rest]], after[[0, *(0 for _ in rest[:1]), *rest]]
    last = 1.0 if settings.flag("set_alpha_to_one") else bars[0]
    return Plms(
        Levels(
            times.astype(np.float32),
            of_alpha_bars(bars[times]),
            of_alpha_bars(np.where(after >= 0, bars[after], last)),
            prediction_of(settings),
        )
    )
