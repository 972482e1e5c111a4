"""Tickets that somebody follows.

One task of the replica looks for all of them. Every 50 ms it reads which tickets got a turn or ended since it
last looked (cheap, whatever the number of followers) and tells those at once. Places and ETAs it reads for all
followers, `CHUNK` a script, at a pace that slows with their number: a line of many thousands cannot eat the
replica. A slow follower gets the latest sight, not a backlog. When the store is away followers hear nothing,
and go on when it is back.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress

from services.quota.store import Store, store_fault
from services.quota.ticket import Ticket, differs, read_ticket
from services.quota.view import View
from services.runtime.errors import Fault, Reason

MOST_FOLLOWERS = 20_000
TICK = 0.05
FASTEST = 0.25
"""Seconds between two sights of a waiting ticket, at the least."""
SIGHTS_A_SECOND = 2_000
"""Sights that one replica sends at most, for places and ETAs."""
CHUNK = 200
"""Tickets read in one script: a few milliseconds of the store's time."""


class _Follower:
    """One stream's slot for the latest sight."""

    def __init__(self, shown: Ticket) -> None:
        self.shown = shown
        self._latest: Ticket | None = None
        self._fault: Fault | None = None
        self._wake = asyncio.Event()

    def offer(self, ticket: Ticket) -> None:
        self._latest = ticket
        self._wake.set()

    def end(self, fault: Fault) -> None:
        self._fault = fault
        self._wake.set()

    async def next(self) -> Ticket:
        await self._wake.wait()
        self._wake.clear()
        if self._fault is not None:
            raise self._fault
        assert self._latest is not None
        self.shown, self._latest = self._latest, None
        return self.shown


class Watchers:
    """Every ticket followed on this replica."""

    def __init__(self, store: Store, view: View, most: int = MOST_FOLLOWERS) -> None:
        self._store = store
        self._view = view
        self._most = most
        self._followers: dict[str, set[_Follower]] = {}
        self._count = 0
        self._poke = asyncio.Event()
        self._draining = False

    @property
    def count(self) -> int:
        """Streams open."""
        return self._count

    async def follow(self, id: str) -> AsyncGenerator[Ticket, None]:
        """The ticket at once, then its changes, until its turn comes or it ends.

        Raises OVERLOADED beyond the bound of followers, NOT_FOUND for an unknown id, UNAVAILABLE when this replica
        goes away: another one tells the same.
        """
        if self._draining:
            raise _draining()
        if self._count >= self._most:
            raise Fault(Reason.OVERLOADED, "too many tickets are followed here", retry_after=1.0)
        self._count += 1
        try:
            standing = (await self._store.standings([id])).get(id)
            if standing is None:
                raise store_fault(Reason.NOT_FOUND, "id")
            ticket = read_ticket(standing, await self._view.line(), self._view.weights)
            follower = _Follower(ticket)
            with self._listed(id, follower):
                yield ticket
                while not ticket.over:
                    ticket = await follower.next()
                    yield ticket
        finally:
            self._count -= 1

    @contextmanager
    def _listed(self, id: str, follower: _Follower) -> Iterator[None]:
        followers = self._followers.setdefault(id, set())
        followers.add(follower)
        self.poke()
        try:
            yield
        finally:
            followers.discard(follower)
            if not followers:
                self._followers.pop(id, None)

    async def drain(self) -> None:
        """This replica goes away: followers are sent to another one now, not when the process is cut off."""
        self._draining = True
        for follower in [one for followers in self._followers.values() for one in followers]:
            follower.end(_draining())

    def poke(self) -> None:
        """Something moved: look now."""
        self._poke.set()

    async def run(self) -> None:
        """Looks, for as long as the process lives."""
        cursor, full_at, pause = "", 0.0, TICK
        while True:
            try:
                cursor, moved = await self._store.moves_since(cursor)
                due = time.monotonic() >= full_at
                await self._look(list(self._followers) if due else moved)
                if due:
                    full_at = time.monotonic() + max(FASTEST, self._count / SIGHTS_A_SECOND)
                pause = TICK
            except Fault:
                pause = min(pause * 2, 2.0)
            # With nobody to tell there is nothing to look for; the first follower pokes.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause if self._followers else 1.0):
                    await self._poke.wait()
            self._poke.clear()

    async def _look(self, ids: list[str]) -> None:
        """Offers new sights of these tickets to those who follow them."""
        followed = [id for id in dict.fromkeys(ids) if id in self._followers]
        for start in range(0, len(followed), CHUNK):
            page = followed[start : start + CHUNK]
            standings = await self._store.standings(page)
            line = await self._view.line()
            for id in page:
                for follower in list(self._followers.get(id, ())):
                    if id not in standings:
                        follower.end(store_fault(Reason.NOT_FOUND, "id"))
                        continue
                    ticket = read_ticket(standings[id], line, self._view.weights, follower.shown)
                    if differs(ticket, follower.shown):
                        follower.offer(ticket)


def _draining() -> Fault:
    return Fault(Reason.UNAVAILABLE, "this replica is going away", retry_after=0.1)
