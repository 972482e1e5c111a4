"""A call of several rows as calls of one thread each, a core each.

The threads of one call wait for each other at every node of the graph; calls that run side by side wait once, at
their end, and the rows of a denoiser do not see each other. On two cores a step of fournil-mini costs about a
seventh less CPU time that way. Rows that do not fill every lane go in a call of all threads, so a picture that is
alone has every core. On the CPU provider no bit of an answer changes (tests/unit/generator/test_lanes.py). The
price is a second session, with weights of its own: for small graphs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Feed = Mapping[str, NDArray[Any]]


class Runs(Protocol):
    """As `calls.Calls`."""

    def run(self, outputs: Sequence[str], feed: Feed) -> list[NDArray[Any]]:
        """Answers to the rows of a call."""
        ...


class Lanes:
    """`whole` runs a call on all threads; `single` on one, and may run in `count` threads at once. Inputs `by_row`
    and all answers are [B, ...]."""

    def __init__(self, whole: Runs, single: Runs, count: int, by_row: Collection[str]) -> None:
        self._whole = whole
        self._single = single
        self._count = count
        self._by_row = by_row
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="lane")

    def run(self, outputs: Sequence[str], feed: Feed) -> list[NDArray[Any]]:
        """The answers to all rows, in order."""
        rows = next(len(feed[name]) for name in feed if name in self._by_row)
        each = rows // self._count
        if not each:
            return self._whole.run(outputs, feed)
        lanes = [self._part(feed, lane * each, (lane + 1) * each) for lane in range(self._count)]
        parts = list(self._pool.map(lambda part: self._single.run(outputs, part), lanes))
        if rest := rows - each * self._count:
            parts.append(self._whole.run(outputs, self._part(feed, rows - rest, rows)))
        return [np.concatenate(answers) for answers in zip(*parts, strict=True)]

    def _part(self, feed: Feed, first: int, end: int) -> Feed:
        return {name: values[first:end] if name in self._by_row else values for name, values in feed.items()}
