"""How many rows a call of a model should hold, and what a row of it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

NEARLY = 0.95
"""Share of the best rows a second from which on a call is large enough: larger ones only make newcomers wait."""
NEWEST = 0.1
"""Weight of the last measure in the running mean of a row's cost."""
SPARE = 1.5
"""Pictures that the desk may send for each that a call holds: those that wait in the oven fill a call whose
pictures have left, and no more of them is of use (docs/decisions/0013)."""
FEWEST_SLOTS = 4


def smallest_efficient(seconds: Mapping[int, float]) -> int:
    """The fewest rows of a call at which rows a second are NEARLY the best; `seconds` of a call by its rows."""
    rates = {rows: rows / spent for rows, spent in seconds.items()}
    return min(rows for rows, rate in rates.items() if rate >= NEARLY * max(rates.values()))


def usual_slots(pictures: int) -> int:
    """Pictures that the desk may send at once to an oven whose calls hold so many."""
    return max(FEWEST_SLOTS, math.ceil(SPARE * pictures))


@dataclass(slots=True)
class Capacity:
    """One model's calls: at most `rows`. `row_seconds` is the cost of a row in a well filled call, `calls` what
    calls of other sizes took in warming up, in seconds by rows. A paid picture is to be baked within `promise`
    seconds, if smaller calls can do it: their steps are shorter, at the price of the calls' efficiency."""

    rows: int
    row_seconds: float = 0.0
    calls: Mapping[int, float] = field(default_factory=dict)
    promise: float = math.inf

    def __post_init__(self) -> None:
        if self.rows < 1 or self.row_seconds < 0 or not self.promise > 0 or any(rows < 1 for rows in self.calls):
            raise ValueError(f"a capacity needs rows of 1 or more and no negative time, got {self}")

    @classmethod
    def found(cls, seconds: Mapping[int, float], rows: int | None = None, promise: float = math.inf) -> Capacity:
        """Of a model whose calls take so many seconds, by rows; `rows` are found if not given."""
        rows = rows or smallest_efficient(seconds)
        return cls(rows, seconds[rows] / rows, seconds, promise)

    @property
    def step_seconds(self) -> float:
        """Of a full call."""
        return self.rows * self.row_seconds

    def tight(self, steps: int) -> bool:
        """Whether smaller calls keep the promise to a picture of so many steps, and full ones do not."""
        return steps * self.step_seconds > self.promise and bool(self._kept(steps))

    def room(self, paid: int, steps: int) -> int:
        """Rows of the next call when so many paid ones are ready, of so many steps in all at most: the most that
        keep the promise, or the fewest that hold them all; `rows` where it is not in question or beyond reach."""
        if not paid or not self.tight(steps):
            return self.rows
        if (most := max(self._kept(steps))) >= paid:
            return most
        return min((few for few in self.calls if paid <= few < self.rows), default=self.rows)

    def _kept(self, steps: int) -> list[int]:
        """Smaller calls in which a picture of so many steps is baked as promised."""
        return [few for few, spent in self.calls.items() if few < self.rows and steps * spent <= self.promise]

    def measured(self, rows: int, seconds: float) -> None:
        """A call of `rows` took `seconds`. One that was not half full says little about full ones."""
        if 2 * rows >= self.rows:
            share = NEWEST if self.row_seconds else 1.0
            self.row_seconds += share * (seconds / rows - self.row_seconds)

    def halve(self, failed: int) -> bool:
        """The device ran out of memory over a call of `failed` rows: from now on half of those at most, rounded
        up. False if that is no less than a call may hold already."""
        rows = -(-failed // 2)
        if rows >= self.rows:
            return False
        self.rows = rows
        return True
