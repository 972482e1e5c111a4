"""How fast work usually comes to each class of the line, from a counter that only grows. Pure.

A median of windows and not a mean: a burst that fills less than half of what is remembered is taken for a burst,
while it lasts and afterwards, and not for what will go on.
"""

from collections import deque
from collections.abc import Iterable
from statistics import median

from services.quota.wait import ClassState

WIDTH = 10.0
"""Seconds of a window, at least."""
WINDOWS = 30
"""That are remembered."""


class Inflows:
    """Every class's `joined_work`, as one replica saw it grow."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._joined: dict[tuple[str, str], int] = {}
        self._rates: dict[tuple[str, str], deque[float]] = {}
        self._windows = 0

    def see(self, classes: Iterable[ClassState], now: float) -> None:
        """The line at a time, in seconds of any clock that does not go back."""
        passed = WIDTH if self._began is None else now - self._began
        if passed < WIDTH:
            return
        joined = {(one.model, one.tier): one.joined_work for one in classes}
        if self._began is not None:
            for key, work in joined.items():
                # A class that is new here was empty before; a store that began anew brings nothing.
                grown = max(work - self._joined.get(key, 0), 0)
                rates = self._rates.setdefault(key, deque([0.0] * self._windows, maxlen=WINDOWS))
                rates.append(grown / 1000 / passed)
            self._windows = min(self._windows + 1, WINDOWS)
        self._began, self._joined = now, joined

    def of(self, model: str, tier: str) -> float:
        """Default pictures a second that join a class; 0 before the first window has ended."""
        rates = self._rates.get((model, tier))
        return median(rates) if rates else 0.0
