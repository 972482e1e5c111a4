"""Noise levels and steps of flow matching.

A noisy picture is x = (1 - t) · picture + t · noise; the model answers with the velocity noise - picture. The
levels are those that FLUX's pipeline gives `FlowMatchEulerDiscreteScheduler`: even from 1 to 1/steps, then 0,
bent by `shift` (Esser et al. 2024, "Scaling Rectified Flow Transformers", eq. 23).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def flow_match_levels(steps: int, shift: float = 1.0) -> NDArray[np.float64]:
    """float64[steps + 1], falling from 1 to 0; a `shift` above 1 spends more steps near 1."""
    if steps < 1 or not shift > 0:
        raise ValueError(f"steps must be at least 1 and shift above 0, got {steps} and {shift}")
    even = np.linspace(1.0, 0.0, steps + 1)
    # shift · t / (1 + (shift - 1) · t), in a form whose ends are exact.
    return even / (even + (1.0 - even) / shift)


def euler_step(x: Array, velocity: Array, now: float, after: float) -> Array:
    """x at level `after`, from x and its velocity at level `now`. Any shape; element by element."""
    return x + np.float32(after - now) * velocity


def clean_estimate(x: Array, velocity: Array, level: float) -> Array:
    """The picture that x at `level` is heading for."""
    return x - np.float32(level) * velocity


def guide(without: Array, asked: Array, guidance: float) -> Array:
    """Classifier-free guidance (Ho and Salimans 2022): 0 ignores the prompt, 1 is the plain answer to it."""
    return without + np.float32(guidance) * (asked - without)
