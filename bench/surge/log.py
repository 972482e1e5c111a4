"""What a run writes down, on a simulated clock or a real one. Times are seconds from the start of the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sight:
    """A waiting ticket as it was told: its place, the range of its wait from then on (None when unknown), and why
    the place rose since the sight before, if it did."""

    at: float
    place: int
    low: float | None
    high: float | None
    reason: str | None = None

    @property
    def middle(self) -> float | None:
        """Expected seconds."""
        return None if self.low is None or self.high is None else (self.low + self.high) / 2


@dataclass(slots=True)
class Ticket:
    """One job that was let in; `started` is its first turn, `sights` begin with the one at joining."""

    id: str
    account: str
    tier: str
    cost: int
    work: int
    joined: float
    started: float | None = None
    ended: str = ""
    sights: list[Sight] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """The surge level from a time on."""

    at: float
    level: str
    cause: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was handed out, and by tier how much work still waited just before."""

    at: float
    tier: str
    account: str
    work: int
    waiting: dict[str, int]


@dataclass(slots=True)
class Log:
    """One run."""

    order: str
    tickets: dict[str, Ticket] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    levels: list[Change] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    """Places that rose with no reason, or with one that did not happen."""
    wrong: list[str] = field(default_factory=list)
    """What the recount of the store found off, at the end and on the way."""
    backlog: list[tuple[float, float]] = field(default_factory=list)
    """Time, seconds of work that wait."""
    greedy: frozenset[str] = frozenset()
    """Accounts that ask far more often than others."""
    ended: float = 0.0
