"""Events of one job that its caller has not read yet.

Bounded however slowly the caller reads: of each picture it holds at most the latest step, the latest rough
picture and the finished one. A reader that keeps up sees every step; one that does not misses steps, and makes
nobody else wait.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step of one picture."""

    index: int
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Rough:
    """A rough picture, PNG at the size that is drawn."""

    index: int
    step: int
    png: bytes
    thumbnail: bytes = b""


@dataclass(frozen=True, slots=True)
class Baked:
    """A finished picture, encoded as asked, and a small one of it where it is large; sizes in pixels."""

    index: int
    data: bytes
    width: int
    height: int
    seed: int
    thumbnail: bytes = b""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the job cost: its share of the time of its steps, in seconds; rows of the model; joules, None if
    unknown."""

    compute_seconds: float
    row_steps: int
    joules: float | None = None


Event = StepDone | Rough | Baked | Usage


class Mailbox:
    """Written and read on one event loop, by one reader."""

    def __init__(self) -> None:
        self._unread: dict[tuple[type, int], Event] = {}
        self._failure: Exception | None = None
        self._news = asyncio.Event()

    def put(self, event: Event) -> None:
        """Adds an event; an unread one of the same kind and picture gives way to it."""
        kind = (type(event), 0 if isinstance(event, Usage) else event.index)
        self._unread.pop(kind, None)
        self._unread[kind] = event
        self._news.set()

    def fail(self, failure: Exception) -> None:
        """The reader gets this instead of anything more."""
        self._failure = failure
        self._news.set()

    async def take(self) -> Event:
        """The next event, oldest first. Raises what the job failed with."""
        while True:
            if self._failure is not None:
                raise self._failure
            if self._unread:
                return self._unread.pop(next(iter(self._unread)))
            self._news.clear()
            await self._news.wait()
