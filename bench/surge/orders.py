"""The two orders that ours is held against: the same store and the same limits, only who goes next differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from services.quota.line import ClassLine, Shares, Size
from services.quota.memory_store import MemoryStore
from services.quota.policy import Policy
from services.quota.reservation import Reservation


class _Heaviest(Shares):
    """Strict priority: the heaviest class that waits goes next, whatever it had."""

    def next(self, waiting: Iterable[str], weights: Mapping[str, int]) -> str:
        return max(waiting, key=lambda name: weights.get(name, 1))


@dataclass(slots=True)
class _ByArrival(ClassLine):
    """First come, first served within the class."""

    def join(self, arrival: int, ticket: str, account: str, size: Size) -> int:
        self.joined_work += size.work
        self._put(arrival, arrival, ticket, account, size)
        return arrival

    def forget(self, account: str, tag: int, work: int) -> dict[str, int]:
        return {}


class StrictStore(MemoryStore):
    """Paid first, always; fair between accounts of a class."""

    def _wake(self, shown: Reservation) -> None:
        self._tiers.setdefault(shown.model, _Heaviest())


class FifoStore(MemoryStore):
    """First come, first served over all classes."""

    def _wake(self, shown: Reservation) -> None:
        self._tiers.setdefault(shown.model, _Oldest(self, shown.model))
        one = self._classes[shown.model, shown.tier]
        if not isinstance(one.line, _ByArrival):
            one.line = _ByArrival()

    def head(self, model: str, tier: str) -> tuple[int, int, str]:
        """The first ticket of a class, by arrival."""
        return self._classes[model, tier].line.tickets[0]


class _Oldest(Shares):
    """The class whose first ticket came first goes next."""

    def __init__(self, store: FifoStore, model: str) -> None:
        super().__init__()
        self._store, self._model = store, model

    def next(self, waiting: Iterable[str], weights: Mapping[str, int]) -> str:
        return min(waiting, key=lambda name: self._store.head(self._model, name))


ORDERS: dict[str, Callable[[Policy, Callable[[], float]], MemoryStore]] = {
    "ours": MemoryStore,
    "strict priority": StrictStore,
    "FIFO": FifoStore,
}
