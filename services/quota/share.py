"""What one replica may hand out while the store is away: its part of the last known ovens, and of what accounts
had left.

Pure: plain values and a time in. With n replicas each hands out turns of an oven at an n-th of its pace, and an
account gets from each an n-th of what it had left when this replica last heard of it. So all of them together stay
within what was known, and none needs to hear of the others.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.quota.limits import Unit, Verdict
from services.quota.wait import Oven

MOST_ACCOUNTS = 10_000
OVEN_SILENCE = 30.0
"""Seconds for which an oven is counted on after it was last heard of."""
_COUNTED = {Unit.PICTURES, Unit.WORK}


@dataclass(slots=True)
class _Known:
    """An account: the tier it was judged by and what its windows had left, in their units."""

    tier: str
    left: dict[str, tuple[Unit, int]]


@dataclass(slots=True)
class _Oven:
    """An oven and the generic cell rate of its turns: `busy` is when it has done what was handed out, seconds."""

    oven: Oven
    heard: float
    busy: float = 0.0


class Share:
    """One replica's. Times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, _Known] = OrderedDict()
        self._ovens: dict[str, _Oven] = {}
        self.replicas = 1

    def saw(self, account_id: str, tier: str, verdicts: Sequence[Verdict], cost: int, work: int) -> None:
        """The store has granted so much to an account, as its verdicts stood before."""
        amounts = {Unit.PICTURES: cost, Unit.WORK: work}
        left = {
            one.policy: (one.unit, one.limit - one.used - one.held - amounts[one.unit])
            for one in verdicts
            if one.unit in _COUNTED and not one.shadow
        }
        self._accounts[account_id] = _Known(tier, left)
        self._accounts.move_to_end(account_id)
        if len(self._accounts) > MOST_ACCOUNTS:
            self._accounts.popitem(last=False)

    def heard(self, ovens: Iterable[Oven], now: float) -> None:
        """Ovens that are alive, as they report."""
        for oven in ovens:
            known = self._ovens.setdefault(oven.generator_id, _Oven(oven, now))
            known.oven, known.heard = oven, now
        silent = [id for id, one in self._ovens.items() if one.heard < now - OVEN_SILENCE]
        for id in silent:
            del self._ovens[id]

    def tier(self, account_id: str) -> str | None:
        """By which the account was last judged; None if it was not heard of."""
        known = self._accounts.get(account_id)
        return known.tier if known else None

    def take(self, account_id: str, model: str, cost: int, work: int, now: float) -> Oven | None:
        """A turn for so many pictures and so much work, on the oven that is free soonest; None, and nothing is
        taken, if no oven or the account has no room."""
        known = self._accounts.get(account_id)
        if known is None:
            return None
        amounts = {Unit.PICTURES: cost, Unit.WORK: work}
        if any(amounts[unit] * self.replicas > left for unit, left in known.left.values()):
            return None
        able = [one for one in self._ovens.values() if self._room(one, model, cost, now)]
        chosen = min(able, key=lambda one: (max(one.busy, now), one.oven.generator_id), default=None)
        if chosen is None:
            return None
        chosen.busy = max(chosen.busy, now) + self._seconds(chosen.oven, work)
        for policy, (unit, left) in known.left.items():
            known.left[policy] = unit, left - amounts[unit] * self.replicas
        return chosen.oven

    def _room(self, one: _Oven, model: str, cost: int, now: float) -> bool:
        """It serves the model and has slots besides those of what this replica handed out; one job always finds a
        free oven."""
        oven = one.oven
        if model not in oven.models or not oven.picture_time or one.heard < now - OVEN_SILENCE:
            return False
        backlog = max(one.busy - now, 0.0)
        return cost <= oven.slots and (backlog == 0.0 or backlog <= oven.picture_time * (oven.slots - cost))

    def _seconds(self, oven: Oven, work: int) -> float:
        """Between two turns of so much work, at this replica's part of the oven's pace."""
        return (oven.picture_time or 0.0) * work / 1000 * self.replicas
