"""An accelerator that only takes time: one call at a time, as long as the curve says.

A call sleeps to an absolute deadline, so lateness of the sleep is not added up over the steps of a run. Its length
depends on the rows alone: no randomness, no state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from bench.oven.curve import call_seconds
from bench.traffic.meter import Meter


class Device:
    """`call` and `run` block; threads that call at once wait for each other. Seconds of `clock` and `sleep`."""

    def __init__(
        self,
        meter: Meter,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Lock()

    def call(self, rows: int) -> None:
        """One step of `rows` rows."""
        self.run([rows])

    def run(self, calls: Iterable[int]) -> None:
        """Calls of these rows back to back, as a loop of steps that never returns to its server does."""
        with self._turn:
            deadline = self._clock()
            for rows in calls:
                deadline += call_seconds(rows)
                if not self._meter.read("hurry"):
                    self._sleep_until(deadline)
                self._meter.add("row_steps", rows)
                self._meter.add("calls", 1)

    def _sleep_until(self, deadline: float) -> None:
        while (left := deadline - self._clock()) > 0:
            self._sleep(left)
