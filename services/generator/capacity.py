"""How many rows a call of a model should hold, and what a row of it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NEARLY = 0.95
"""Share of the best rows a second from which on a call is large enough: larger ones only make newcomers wait."""
NEWEST = 0.1
"""Weight of the last measure in the running mean of a row's cost."""


def smallest_efficient(seconds: Mapping[int, float]) -> int:
    """The fewest rows of a call at which rows a second are NEARLY the best; `seconds` of a call by its rows."""
    rates = {rows: rows / spent for rows, spent in seconds.items()}
    return min(rows for rows, rate in rates.items() if rate >= NEARLY * max(rates.values()))


@dataclass(slots=True)
class Capacity:
    """One model's calls: at most `rows`; at most `paid_rows` while the paid ones among them fit in that, so that
    their steps are short (at the price of the calls' efficiency). `row_seconds` is the cost of a row in a well
    filled call."""

    rows: int
    paid_rows: int
    row_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.paid_rows <= self.rows or self.row_seconds < 0:
            raise ValueError(f"a capacity needs 1 <= paid_rows <= rows and no negative time, got {self}")

    @classmethod
    def of(cls, rows: int, row_seconds: float = 0.0, paid_rows: int = 0) -> Capacity:
        """0 paid rows, or more than fit, are all."""
        return cls(rows, min(paid_rows or rows, rows), row_seconds)

    @property
    def step_seconds(self) -> float:
        """Of a full call."""
        return self.rows * self.row_seconds

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
        self.paid_rows = min(self.paid_rows, self.rows)
        return True
