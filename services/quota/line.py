"""The line: who is next, and how long it takes. Pure; `lua/` holds the same arithmetic over sorted sets.

Between classes (tiers) of one model: start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996). A class has a
tag; the waiting class with the lowest goes next and its tag grows by cost / weight; the model's virtual time is
the tag served last, and a class that begins to wait starts no lower. So with two classes waiting each gets
its weight's share of the pictures, and a class alone gets everything.

Inside a class: the same between accounts, all of weight 1, as one sorted list. A ticket's tag is the larger of
the class's virtual time and the end of its account's ticket before; the list is ordered by (tag, arrival).
A place is a rank in that list. Two accounts that both wait differ by at most twice the largest cost.

Between models on one generator: the same again, but a model whose generators were away catches up on at most
`CATCH_UP` pictures.
"""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SCALE = 1_000_000
"""Virtual units a picture costs a class of weight 1. Tags are whole numbers, exact below 2**53."""

CATCH_UP = 10
HEAD = 64
"""Places up to which the pictures ahead are summed; beyond, the class's mean cost stands in."""


@dataclass(slots=True)
class Shares:
    """Start-time fair queueing between named flows."""

    virtual: int = 0
    tags: dict[str, int] = field(default_factory=dict)

    def wake(self, name: str) -> None:
        """`name` begins to wait: idleness earns nothing."""
        self.tags[name] = max(self.tags.get(name, 0), self.virtual)

    def next(self, waiting: Iterable[str], weights: Mapping[str, int]) -> str:
        """Who goes next; on equal tags the heavier, then the first by name."""
        return min(waiting, key=lambda name: (self.tags.get(name, 0), -weights.get(name, 1), name))

    def charge(self, name: str, cost: int, weight: int) -> None:
        """`name` was served `cost` pictures."""
        tag = self.tags.get(name, 0)
        self.virtual = max(self.virtual, tag)
        self.tags[name] = tag + cost * SCALE // weight

    def next_model(self, waiting: Iterable[str]) -> str:
        """Which model goes next, with the bounded catch-up; see the theory above."""
        floor = self.virtual - CATCH_UP * SCALE
        name = min(
            waiting, key=lambda model: (max(self.tags.get(model, 0), floor), self.tags.get(model, 0), model)
        )
        self.tags[name] = max(self.tags.get(name, 0), floor)
        return name


@dataclass(slots=True)
class ClassLine:
    """One class of one model's line: tickets as (tag, arrival, id), and what they cost."""

    virtual: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    """End of each account's last ticket, in virtual time."""
    tickets: list[tuple[int, int, str]] = field(default_factory=list)
    costs: dict[str, int] = field(default_factory=dict)
    returned: int = 0
    """Tickets that ever came back to the head. A watcher whose place rose looks whether it moved."""

    def join(self, arrival: int, ticket: str, account: str, cost: int) -> int:
        """Takes a place behind the account's own tickets; returns its tag."""
        tag = max(self.virtual, self.ends.get(account, 0))
        self.ends[account] = tag + cost
        self._put(tag, arrival, ticket, cost)
        return tag

    def rejoin(self, arrival: int, ticket: str, cost: int, tag: int) -> int:
        """A turn came back: to the head. `tag` is the one it joined with."""
        tag = min(tag, self.tickets[0][0] - 1) if self.tickets else tag
        self.returned += 1
        self._put(tag, arrival, ticket, cost)
        return tag

    def take(self) -> str:
        """The first ticket, removed; the class's virtual time moves on."""
        tag, _, ticket = self.tickets.pop(0)
        self.virtual = max(self.virtual, tag)
        del self.costs[ticket]
        return ticket

    def leave(self, ticket: str) -> None:
        """Removes a ticket from wherever it stands."""
        del self.tickets[self._rank(ticket)]
        del self.costs[ticket]

    def forget(self, account: str, tag: int, cost: int) -> None:
        """A ticket left that never had a turn: if it was the account's last, its pictures are not counted."""
        if self.ends.get(account) == tag + cost:
            self.ends[account] = tag

    def place(self, ticket: str) -> tuple[int, int]:
        """Tickets ahead and pictures ahead (summed up to `HEAD`, else estimated by the mean)."""
        rank = self._rank(ticket)
        if rank <= HEAD:
            return rank, sum(self.costs[other] for _, _, other in self.tickets[:rank])
        return rank, mean_ahead(rank, self.waiting_cost, len(self.tickets))

    @property
    def waiting_cost(self) -> int:
        """Pictures waiting."""
        return sum(self.costs.values())

    def _put(self, tag: int, arrival: int, ticket: str, cost: int) -> None:
        bisect.insort(self.tickets, (tag, arrival, ticket))
        self.costs[ticket] = cost

    def _rank(self, ticket: str) -> int:
        return next(rank for rank, entry in enumerate(self.tickets) if entry[2] == ticket)


def mean_ahead(rank: int, waiting_cost: int, waiting: int) -> int:
    """Pictures ahead of `rank`, taken at the mean cost of the class; rounded down."""
    return rank * waiting_cost // max(waiting, 1)
