"""The line: who is next, and how long it takes. Pure; `lua/` holds the same arithmetic over sorted sets.

What is shared is work: thousandths of a picture as its model draws it when nothing is asked. A picture of twice
the steps or twice the pixels counts double.

Between classes (tiers) of one model: start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996). A class has a
tag; the waiting class with the lowest goes next and its tag grows by work / weight; the model's virtual time is
the tag served last, and a class that begins to wait starts no lower. So with two classes waiting each gets
its weight's share of the work, and a class alone gets everything.

Inside a class: the same between accounts, all of weight 1, as one sorted list. A ticket's tag is the larger of
the class's virtual time and the end of its account's ticket before; the list is ordered by (tag, arrival).
A place is a rank in that list. Two accounts that both wait differ by at most twice the largest job.

Between models on one generator: the same again, but a model whose generators were away catches up on at most
`CATCH_UP` work.
"""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

SCALE = 1_000
"""Virtual units a thousandth of a picture costs a class of weight 1. Tags are whole numbers, exact below 2**53."""

CATCH_UP = 10_000
HEAD = 64
"""Places up to which what is ahead is summed; beyond, the class's mean stands in."""


class Size(NamedTuple):
    """Of a job, or of several."""

    cost: int
    """Pictures."""
    work: int

    @staticmethod
    def of(sizes: Iterable["Size"]) -> "Size":
        """The sum."""
        cost = work = 0
        for one in sizes:
            cost, work = cost + one.cost, work + one.work
        return Size(cost, work)


NOTHING = Size(0, 0)


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

    def charge(self, name: str, work: int, weight: int) -> None:
        """`name` was served so much work."""
        tag = self.tags.get(name, 0)
        self.virtual = max(self.virtual, tag)
        self.tags[name] = tag + work * SCALE // weight

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
    """One class of one model's line: tickets as (tag, arrival, id), and their (cost, work)."""

    virtual: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    """End of each account's last ticket, in virtual time."""
    tickets: list[tuple[int, int, str]] = field(default_factory=list)
    sizes: dict[str, Size] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Whose each ticket is."""
    waiting: Size = NOTHING
    """Of all tickets."""
    joined_work: int = 0
    """Of all tickets that ever joined, returns not counted: it tells how fast they come."""
    returned: int = 0
    """Tickets that ever came back to the head. A watcher whose place rose looks whether it moved."""

    def join(self, arrival: int, ticket: str, account: str, size: Size) -> int:
        """Takes a place behind the account's own tickets; returns its tag."""
        tag = max(self.virtual, self.ends.get(account, 0))
        self.ends[account] = tag + size.work
        self.joined_work += size.work
        self._put(tag, arrival, ticket, account, size)
        return tag

    def rejoin(self, arrival: int, ticket: str, account: str, size: Size, tag: int) -> int:
        """A turn came back: to the head. `tag` is the one it joined with."""
        tag = min(tag, self.tickets[0][0] - 1) if self.tickets else tag
        self.returned += 1
        self._put(tag, arrival, ticket, account, size)
        return tag

    def take(self) -> str:
        """The first ticket, removed; the class's virtual time moves on."""
        tag, _, ticket = self.tickets.pop(0)
        self.virtual = max(self.virtual, tag)
        self._drop(ticket)
        return ticket

    def leave(self, ticket: str) -> None:
        """Removes a ticket from wherever it stands."""
        del self.tickets[self._rank(ticket)]
        self._drop(ticket)

    def forget(self, account: str, tag: int, work: int) -> dict[str, int]:
        """A ticket that joined with `tag` left without ever having had a turn: its work is not counted. What
        stands behind it of the same account moves up by as much, or who cancels would be served less than others;
        the new tags of those tickets."""
        if account in self.ends:
            self.ends[account] -= work
        moved = {
            ticket: at - work for at, _, ticket in self.tickets if self.owners[ticket] == account and at > tag
        }
        self.tickets = sorted((moved.get(ticket, at), arrival, ticket) for at, arrival, ticket in self.tickets)
        return moved

    def place(self, ticket: str) -> tuple[int, Size]:
        """Tickets ahead, and their size (summed up to `HEAD`, else estimated by the mean)."""
        rank = self._rank(ticket)
        if rank <= HEAD:
            return rank, Size.of(self.sizes[other] for _, _, other in self.tickets[:rank])
        return rank, Size(*(rank * part // len(self.tickets) for part in self.waiting))

    def _put(self, tag: int, arrival: int, ticket: str, account: str, size: Size) -> None:
        bisect.insort(self.tickets, (tag, arrival, ticket))
        self.sizes[ticket] = size
        self.owners[ticket] = account
        self.waiting = Size.of((self.waiting, size))

    def _drop(self, ticket: str) -> None:
        size = self.sizes.pop(ticket)
        del self.owners[ticket]
        self.waiting = Size(self.waiting.cost - size.cost, self.waiting.work - size.work)

    def _rank(self, ticket: str) -> int:
        return next(rank for rank, entry in enumerate(self.tickets) if entry[2] == ticket)
