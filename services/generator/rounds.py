"""Whose step is next when pictures of several keys wait: deficit round robin.

Shreedhar and Varghese 1996, "Efficient Fair Queuing Using Deficit Round-Robin". A key at its turn gets credit in
seconds of oven time and takes steps as long as its credit pays for them; what is left it keeps for its next turn.
So keys share the time evenly, however long their steps are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Rounds(Generic[K]):
    """Credits of the keys that have pictures, in the order of their turns."""

    def __init__(self) -> None:
        self._order: deque[K] = deque()
        self._credit: dict[K, float] = {}
        self._paid_out = False
        """Whether the key whose turn it is has had its credit for this turn."""

    def next(self, costs: Mapping[K, float], alive: Collection[K]) -> K:
        """One of the keys of `costs`, which says what a step of each is thought to take, in seconds.

        Keys that are not in `alive` are forgotten with their credit: who was idle has saved nothing up. Raises
        ValueError without a key to choose.
        """
        if not costs:
            raise ValueError("there is no key to choose")
        for key in [key for key in self._order if key not in alive]:
            self._paid_out = self._paid_out and self._order[0] != key
            self._order.remove(key)
            del self._credit[key]
        for key in costs:
            if key not in self._credit:
                self._order.append(key)
                self._credit[key] = 0.0
        turn = max(costs.values())
        while True:
            key = self._order[0]
            if key in costs:
                if not self._paid_out:
                    self._credit[key] += turn
                    self._paid_out = True
                if self._credit[key] >= costs[key]:
                    return key
            self._order.rotate(-1)
            self._paid_out = False

    def spent(self, key: K, seconds: float) -> None:
        """A step of `key` took `seconds`."""
        if key in self._credit:
            self._credit[key] -= seconds
