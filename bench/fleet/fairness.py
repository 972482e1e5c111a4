"""Who was served while everyone waited: classes against their weights, accounts against each other.

Counted from `since` on. A class or an account counts as backlogged if it had a ticket waiting from then to the end
without a break: to those the desk promises shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.fleet.desk import FREE
from bench.fleet.workload import Request

Account = tuple[str, str, str]
"""Class, model, account: shares are kept within one model's class."""


@dataclass(slots=True)
class Fairness:
    """`waits` when a ticket takes a place, `served` when it gets its turn, `gone` when it leaves the line."""

    since: float
    served_work: Counter[Account] = field(default_factory=Counter)
    free_turns: list[float] = field(default_factory=list)
    """When a free ticket got its turn, since `since`."""
    _waiting: Counter[Account] = field(default_factory=Counter)
    _classes: Counter[str] = field(default_factory=Counter)
    _ran_dry: set[Account] = field(default_factory=set)
    _classes_dry: set[str] = field(default_factory=set)
    _begun: bool = False

    def begin(self) -> None:
        """It is `since`: who does not wait now is not backlogged."""
        self._begun = True
        self._ran_dry.clear()
        self._waiting = +self._waiting
        self._classes = +self._classes

    def waits(self, request: Request, again: bool = False) -> None:
        """A place was taken; `again` after a turn that came back, whose pictures were then not served."""
        key = _key(request)
        if self._begun and not self._waiting[key] and not again:
            self._ran_dry.add(key)
        if self._begun and not self._classes[request.tier]:
            self._classes_dry.add(request.tier)
        self._waiting[key] += 1
        self._classes[request.tier] += 1
        if again and self._begun:
            self.served_work[key] -= request.work

    def served(self, request: Request, now: float) -> None:
        """A turn was handed out."""
        self.gone(request)
        if self._begun:
            self.served_work[_key(request)] += request.work
            if request.tier == FREE:
                self.free_turns.append(now)

    def gone(self, request: Request) -> None:
        """A place was given up."""
        key = _key(request)
        self._waiting[key] -= 1
        self._classes[request.tier] -= 1
        if self._begun and not self._waiting[key]:
            self._ran_dry.add(key)
        if self._begun and not self._classes[request.tier]:
            self._classes_dry.add(request.tier)

    def backlogged(self, tier: str) -> dict[Account, int]:
        """Work of the accounts of a class that always waited."""
        waited = {key for key, count in self._waiting.items() if count > 0 and key not in self._ran_dry}
        return {key: self.served_work[key] for key in waited if key[0] == tier}

    def waited(self, tier: str) -> bool:
        """Whether this class had a ticket waiting without a break."""
        return self._classes[tier] > 0 and tier not in self._classes_dry

    def all_waited(self, tiers: Iterable[str]) -> bool:
        """Whether each of these classes did."""
        return all(self.waited(tier) for tier in tiers)

    def class_pictures(self) -> Counter[str]:
        """Pictures by class, backlogged or not."""
        found: Counter[str] = Counter()
        for (tier, _, _), count in self.served_work.items():
            found[tier] += count
        return found


def _key(request: Request) -> Account:
    return request.tier, request.recipe.model, request.account


def jain(shares: Sequence[int]) -> float:
    """Jain's index of fairness: 1 when all are equal, 1/n when one has all; not a number of nobody. Jain, Chiu and
    Hawe 1984, "A Quantitative Measure of Fairness and Discrimination"."""
    squares = len(shares) * sum(share * share for share in shares)
    return sum(shares) ** 2 / squares if squares else float("nan")
