"""Warming up: what a call of each size takes, and whether company changes a row's answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.generator.buckets import sizes

RUNS = 2
"""Of each size, after one that does not count; the best does."""


@dataclass(frozen=True, slots=True)
class Warmth:
    """Best time of a call, in seconds, by its rows; and the largest difference between the answers to a row alone
    and in company (0 where the provider is batch-invariant, as the CPU's is)."""

    seconds: dict[int, float]
    difference: float


def warm_up(run: Callable[[int], NDArray[np.float32]], most_rows: int) -> Warmth:
    """`run` calls the model with the first so many rows of an example and returns its answers, [B, ...]."""
    alone = run(1)
    seconds: dict[int, float] = {}
    for count in sizes(most_rows):
        together = run(count)
        seconds[count] = float("inf")
        for _ in range(RUNS):
            started = time.perf_counter()
            run(count)
            seconds[count] = min(seconds[count], time.perf_counter() - started)
    return Warmth(seconds, float(np.abs(together[0] - alone[0]).max()))
