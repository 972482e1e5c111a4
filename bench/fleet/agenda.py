"""The simulated clock: what happens when, in order of time and then of planning."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Agenda:
    """`now` is in seconds since the run began. Nothing waits: the clock jumps to the next event."""

    def __init__(self) -> None:
        self.now = 0.0
        self._planned = 0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """`what` happens so long from now."""
        self.at(self.now + seconds, what)

    def at(self, time: float, what: Callable[[], None]) -> None:
        """`what` happens then. Raises ValueError for a time that has passed."""
        if time < self.now:
            raise ValueError(f"{time} has passed, it is {self.now}")
        self._planned += 1
        heapq.heappush(self._heap, (time, self._planned, what))

    def run(self, until: float) -> None:
        """Everything up to and including `until`; what is later is dropped."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, what = heapq.heappop(self._heap)
            what()
        self.now = until
        self._heap.clear()
