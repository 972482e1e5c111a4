"""Classifier-free guidance."""

from __future__ import annotations

import numpy as np

from services.generator.schedules.levels import Array


def guide(without: Array, asked: Array, guidance: float) -> Array:
    """Classifier-free guidance (Ho and Salimans 2022): 0 ignores the prompt, 1 is the plain answer to it."""
    return without + np.float32(guidance) * (asked - without)
