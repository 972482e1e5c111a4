"""DPM-Solver++ of second order, known as "DPM++ 2M": the picture is extrapolated from two answers in a row.

Lu et al. 2022, "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models", algorithm 2.
With lambda = log(signal / noise) and h its growth in a step, the exact solution for a picture D that stays is
x' = noise' / noise · x + signal' · (1 - exp(-h)) · D (proposition 4.1). The second order lets D change in lambda
as it did between the last two answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.generator.schedules.betas import alpha_bars, ending_in_noise, sigmas_of
from services.generator.schedules.levels import Array, Level, Levels, mix, prediction_of
from services.generator.schedules.schedule import Memory, Noise, Schedule
from services.generator.schedules.settings import Settings
from services.generator.schedules.spacing import karras, karras_bounds, spaced, times_at

FEW = 15
"""Below this many steps `lower_order_final` makes the last one first-order, which is steadier there."""


@dataclass(frozen=True, eq=False)
class DpmSolver(Schedule):
    """Remembers the picture of the step before. A row that starts anywhere starts with a first-order step."""

    order: int = 2
    heun: bool = False
    plain_end: bool = True
    """Whether the last step is first-order; it has to be where it ends without noise."""

    def step(self, x: Array, answer: Array, i: int, memory: Memory, noise: Noise) -> tuple[Array, Memory]:
        now, after = self.levels.now[i], self.levels.after[i]
        clean = self.estimate(x, answer, i)
        h = _lambda(after) - _lambda(now)
        gain = -math.expm1(-h)
        next_x = mix(after.noise / now.noise, x, after.signal * gain, clean)
        last = i == self.steps - 1
        if memory is not None and self.order == 2 and h != 0 and not (last and self.plain_end):
            before = _lambda(now) - _lambda(self.levels.now[i - 1])
            # How much D's change counts, over the whole step or as it grows through it.
            weight = after.signal * (1.0 - gain / h if self.heun else gain / 2) * h / before
            next_x = next_x + np.float32(weight) * (clean - memory[0])
        return next_x, (clean,)


def _lambda(level: Level) -> float:
    """Half the logarithm of the signal-to-noise ratio; infinite without noise."""
    return math.log(level.signal / level.noise) if level.noise > 0 else math.inf


def dpm_solver(settings: Settings, steps: int) -> Schedule:
    """DPMSolverMultistepScheduler: algorithm dpmsolver++ of order 1 or 2. Raises ValueError."""
    settings.must_be("algorithm_type", "dpmsolver++")
    settings.must_be("solver_order", 2, 1)
    settings.must_be("variance_type", None, "fixed_small", "fixed_large")
    settings.must_be("lambda_min_clipped", -math.inf, None)
    settings.must_be_off("thresholding", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas")
    settings.must_be_off("use_flow_sigmas", "use_dynamic_shifting")
    trained = sigmas_of(ending_in_noise(settings, alpha_bars(settings)))
    if settings.flag("use_karras_sigmas"):
        # diffusers cuts the time steps of cosine betas to whole numbers instead of rounding them: the last bit of
        # a logarithm decides between two of them, so there is nothing sure to agree with.
        settings.must_be("beta_schedule", "linear", "scaled_linear")
        sigmas = karras(*karras_bounds(settings, trained[-1], trained[0]), steps)
        times = times_at(sigmas, trained).round()
    else:
        times = spaced(settings, steps, "linspace", left_out=1).round()
        sigmas = trained[times.astype(int)]
    last = settings.choice("final_sigmas_type", ("zero", "sigma_min"), "zero")
    few = settings.flag("lower_order_final", True) and steps < FEW
    places = tuple(_at(sigma) for sigma in [*sigmas, 0.0 if last == "zero" else trained[0]])
    return DpmSolver(
        Levels(times.astype(np.float32), places[:-1], places[1:], prediction_of(settings)),
        order=settings.whole("solver_order", 2, 1, 2),
        heun=settings.choice("solver_type", ("midpoint", "heun"), "midpoint") == "heun",
        plain_end=last == "zero" or few or settings.flag("euler_at_final"),
    )


def _at(sigma: float) -> Level:
    """The level of this noise over signal at which x has size 1."""
    size = math.hypot(1.0, sigma)
    return Level(1.0 / size, float(sigma) / size)
