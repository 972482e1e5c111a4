"""A call of several rows as calls of one thread each, a core each.

The threads of one call wait for each other at every node of the graph; calls that run side by side wait once, at
their end, and the rows of a denoiser do not see each other. On two cores a step of fournil-mini costs about a
seventh less CPU time that way. Rows that do not fill every lane go in a call of all threads, so a picture that is
alone has every core. On the CPU provider no bit of an answer changes (tests/unit/generator/test_lanes.py). The
price is a second session, with weights of its own: for small graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Feeds = Mapping[str, Array]
"""Inputs by name, each [B, ...]."""
Call = Callable[[Feeds], Array]
"""[B, ...] of inputs."""


class Lanes:
    """`whole` runs a call on all threads; `single` on one, and may run in `count` threads at once."""

    def __init__(self, whole: Call, single: Call, count: int) -> None:
        self._whole = whole
        self._single = single
        self._count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="lane")

    def __call__(self, feeds: Feeds) -> Array:
        """The answers to all rows, in order."""
        rows = len(next(iter(feeds.values())))
        each = rows // self._count
        answers = list(
            self._pool.map(
                self._single,
                [_part(feeds, lane * each, (lane + 1) * each) for lane in range(self._count) if each],
            )
        )
        if rest := rows - each * self._count:
            answers.append(self._whole(_part(feeds, rows - rest, rows)))
        return np.concatenate(answers)


def _part(feeds: Feeds, first: int, end: int) -> Feeds:
    return {name: values[first:end] for name, values in feeds.items()}
