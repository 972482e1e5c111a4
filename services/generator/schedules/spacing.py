"""Which of the trained time steps a schedule visits.

The three spacings are table 2 of Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed".
Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", eq. 5, space noise levels
instead, and the time steps follow.
"""

from __future__ import annotations

import numpy as np

from services.generator.schedules.betas import TRAINED, Table
from services.generator.schedules.settings import Settings

RHO = 7.0
"""How much denser small noise levels lie, as the paper has it."""


def spaced(settings: Settings, steps: int, default: str, left_out: int = 0) -> Table:
    """float64[steps], falling: time steps. linspace gives fractions. Raises ValueError.

    `left_out` more are placed at the small end, for schedules that go from their last time step to no noise at
    once, and are not visited. `default` is the class's spacing. trailing needs none: it never visits 0.
    """
    spacing = settings.choice("timestep_spacing", ("linspace", "leading", "trailing"), default)
    offset = settings.whole("steps_offset", 0, 0, TRAINED - 1)
    places = steps + left_out
    if spacing == "linspace":
        return np.linspace(0, TRAINED - 1, places)[::-1][:steps]
    if spacing == "trailing":
        # arange, because its rounding decides which way a half goes, and diffusers uses it. For some numbers of
        # steps (61 is the first) it gives one too many, a time step of -1, which diffusers keeps.
        return np.arange(TRAINED, 0, -TRAINED / steps)[:steps].round() - 1.0
    times: Table = np.arange(places, dtype=np.float64)[::-1][:steps] * (TRAINED // places) + offset
    if times[0] >= TRAINED:
        raise settings.wrong("steps_offset", f"must leave time steps below {TRAINED} at {steps} steps")
    return times


def karras(largest: float, smallest: float, steps: int) -> Table:
    """float64[steps], falling from `largest` to `smallest`: sigmas, dense at the small end."""
    ramp: Table = np.linspace(0, 1, steps)
    top, bottom = largest ** (1 / RHO), smallest ** (1 / RHO)
    sigmas: Table = (top + ramp * (bottom - top)) ** RHO
    return sigmas


def karras_bounds(settings: Settings, largest: float, smallest: float) -> tuple[float, float]:
    """The same two sigmas, unless the configuration says others. Raises ValueError."""
    high = settings.number_or_null("sigma_max", 1e-6, 1e6)
    low = settings.number_or_null("sigma_min", 1e-6, 1e6)
    bounds = largest if high is None else high, smallest if low is None else low
    if bounds != (largest, smallest) and bounds[0] <= bounds[1]:
        key = "sigma_max" if low is None else "sigma_min"
        raise settings.wrong(
            key, f"must leave sigmas room to fall (from {bounds[0]:g} to {bounds[1]:g} they cannot)"
        )
    return bounds


def times_at(sigmas: Table, trained: Table) -> Table:
    """The time steps, fractions too, at which the `trained` sigmas (float64[1000]) pass these, in logarithms."""
    return np.interp(np.log(sigmas), np.log(trained), np.arange(TRAINED))
