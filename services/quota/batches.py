"""What is asked in one turn of the event loop, and while an earlier call is under way, in one call of a script.

A script's call has a price of its own, apart from what it does: its source is bound, the policy is read. Together
that is paid once. Who comes alone is sent at once; who comes while a call is under way leaves when it is answered:
the more there is to decide the less each decision costs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")
Reply = TypeVar("Reply")

MOST = 64
"""Items of one call: some milliseconds of the store's time."""


class Batches(Generic[Key, Item, Reply]):
    """`send` answers the items of one key, in order; what it raises, all of them get."""

    def __init__(self, send: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Reply]]]) -> None:
        self._send = send
        self._waiting: dict[Key, list[tuple[Item, asyncio.Future[Reply]]]] = {}
        self._sending: dict[Key, asyncio.Task[None]] = {}

    async def ask(self, key: Key, item: Item) -> Reply:
        """Its reply."""
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        waiting = self._waiting.setdefault(key, [])
        waiting.append((item, reply))
        if len(waiting) == 1 and key not in self._sending:
            loop.call_soon(self._begin, key)
        return await reply

    def _begin(self, key: Key) -> None:
        if key not in self._sending:
            self._sending[key] = asyncio.get_running_loop().create_task(self._drain(key))

    async def _drain(self, key: Key) -> None:
        """Sends until nobody waits."""
        try:
            while waiting := self._waiting.pop(key, None):
                if rest := waiting[MOST:]:
                    self._waiting[key] = rest
                await self._page(key, waiting[:MOST])
        finally:
            del self._sending[key]

    async def _page(self, key: Key, page: Sequence[tuple[Item, asyncio.Future[Reply]]]) -> None:
        try:
            replies = await self._send(key, [item for item, _ in page])
        except Exception as error:
            for _, waits in page:
                if not waits.done():
                    waits.set_exception(error)
            return
        for (_, waits), reply in zip(page, replies, strict=True):
            # Who has gone meanwhile has cancelled it.
            if not waits.done():
                waits.set_result(reply)
