"""One connection to Redis: commands leave packed, replies come back in the order in which commands left.

hiredis packs and parses; what is ours is the queue of those who wait. A caller that gave up keeps its place in it,
so that its late reply is dropped and everybody behind still gets their own.

While replies are due, what comes is put by and leaves in one write with the next reply (as in Nagle's algorithm,
RFC 896). The server works on one command at a time, so nobody waits longer for that than a round trip, and under
load a write and a read carry many calls.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

import hiredis

Part = str | int | float | bytes
Reply = Any
"""Text, int, None, a list of these, or a `hiredis.ReplyError`: handed over, not raised."""
Waiting = tuple[bytes, "asyncio.Future[Reply]"]
"""A packed command and who waits for its reply."""


class Lost(Protocol):
    """Told once when a connection is gone, whoever ended it."""

    def __call__(self, wire: "Wire") -> None: ...


def pack(*command: Part) -> bytes:
    """A command as Redis reads it."""
    return bytes(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub means a tuple of one


class Wire(asyncio.Protocol):
    """A connection. `heard` is the loop's time at which the server last said anything."""

    def __init__(self, lost: Lost) -> None:
        self._lost = lost
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace", notEnoughData=Wire)
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._put_by: list[Waiting] = []
        self._transport: asyncio.Transport | None = None
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self.heard = self._now()
        self.closed = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._put_by)

    def write(self, batch: Iterable[Waiting]) -> None:
        """Sends commands in one write, now or with the next reply."""
        self._put_by += batch
        if not self._waiting:
            self._send()

    def _send(self) -> None:
        # What nobody waits for any more is not sent.
        batch = [one for one in self._put_by if not one[1].done()]
        self._put_by.clear()
        assert self._transport is not None
        if batch:
            self._waiting.extend(waiter for _, waiter in batch)
            self._transport.write(b"".join(command for command, _ in batch))

    async def ask(self, *command: Part) -> Reply:
        """One command, for what is said before the calls begin. Raises the server's error, or ConnectionError."""
        waiter: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.write([(pack(*command), waiter)])
        reply = await waiter
        if isinstance(reply, hiredis.ReplyError):
            raise reply
        return reply

    def close(self) -> None:
        """Ends the connection now; those who wait get ConnectionError."""
        self.connection_lost(None)
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by type.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard = self._now()
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not Wire:
                waiter = self._waiting.popleft()
                if not waiter.done():
                    waiter.set_result(reply)
        except (hiredis.ProtocolError, IndexError):
            # What comes is no answer to what was sent: nothing after it can be trusted.
            self.close()
        if self._put_by and not self.closed:
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if self.closed:
            return
        self.closed = True
        waiting = [*self._waiting, *(waiter for _, waiter in self._put_by)]
        self._waiting.clear()
        self._put_by.clear()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_exception(ConnectionError("the connection was lost"))
        self._lost(self)
