"""The energy of pictures, by the accelerator's own counter, shared among those who were in its steps.

The counter moves about ten times a second, so it is read over windows of at least `WINDOW` seconds of steps; a
window's energy goes to the pictures by the rows they had in its steps. Rows of a window that was too short, and
those of the window that is still open when a picture is done, are charged at the mean of earlier windows. What the
device draws while nothing is baked belongs to no picture. Where there is no counter, or no window yet, the energy
is unknown (None), which is not 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from services.generator import measures

Meter = Callable[[], float]
"""Joules that the device has drawn since some moment in the past."""
Label: TypeAlias = tuple[str, str]
"""Model and priority, for the metrics."""
WINDOW = 1.0
"""Seconds."""
NEWEST = 0.2
"""Weight of the last window in the mean joules a row-step."""


@dataclass(slots=True)
class Account:
    """What a job is known to have drawn, and its row-steps that are not charged yet."""

    label: Label
    joules: float = 0.0
    open_rows: int = 0
    known: bool = True


@dataclass(slots=True)
class EnergyBook:
    """Used on one thread at a time. Without a meter every answer is None."""

    meter: Meter | None
    clock: Callable[[], float] = time.monotonic
    _accounts: dict[int, Account] = field(default_factory=dict)
    _gone_rows: int = 0
    _mean: float | None = None
    _began: tuple[float, float] | None = None

    def step_begins(self) -> None:
        """Opens a window if none is open."""
        if self.meter is not None and self._began is None:
            self._began = self.clock(), self.meter()

    def ran(self, job: int | None, label: Label, rows: int) -> None:
        """A step of `rows` of this job was run; None for one that has left meanwhile."""
        if self.meter is None:
            return
        if job is None:
            self._gone_rows += rows
        else:
            self._accounts.setdefault(job, Account(label)).open_rows += rows

    def step_ended(self) -> None:
        """Closes a window that is long enough."""
        if self.meter is None or self._began is None:
            return
        began, at_first = self._began
        if self.clock() - began >= WINDOW:
            drawn = self.meter() - at_first
            rows = self._gone_rows + sum(account.open_rows for account in self._accounts.values())
            if rows and drawn >= 0:
                rate = drawn / rows
                self._mean = rate if self._mean is None else self._mean + NEWEST * (rate - self._mean)
                self._charge(rate)
            self._began, self._gone_rows = None, 0

    def idle(self) -> None:
        """Nothing is baked: what the device draws from now on is nobody's."""
        if self._began is not None:
            self._charge(self._mean)
        self._began, self._gone_rows = None, 0

    def take(self, job: int) -> float | None:
        """Joules of a job that is done or gone; it is forgotten. None if unknown."""
        account = self._accounts.pop(job, None)
        if account is None:
            return None
        self._gone_rows += account.open_rows
        if not account.known or (account.open_rows and self._mean is None):
            return None
        if self._mean is None or not account.open_rows:
            return account.joules
        measures.JOULES.labels(*account.label).inc(self._mean * account.open_rows)
        return account.joules + self._mean * account.open_rows

    def _charge(self, rate: float | None) -> None:
        for account in self._accounts.values():
            account.known = account.known and (rate is not None or not account.open_rows)
            drawn = (rate or 0.0) * account.open_rows
            measures.JOULES.labels(*account.label).inc(drawn)
            account.joules += drawn
            account.open_rows = 0
