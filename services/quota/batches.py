"""What is asked in one turn of the event loop, in one call of a script.

A script's call has a price of its own, apart from what it does: its source is bound, the policy is read. Together
that is paid once. Nobody waits for company: what is there when the turn ends is sent.
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
        self._sending: set[asyncio.Task[None]] = set()

    async def ask(self, key: Key, item: Item) -> Reply:
        """Its reply."""
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        waiting = self._waiting.setdefault(key, [])
        waiting.append((item, reply))
        if len(waiting) == 1:
            loop.call_soon(self._flush, key)
        return await reply

    def _flush(self, key: Key) -> None:
        waiting = self._waiting.pop(key)
        for begin in range(0, len(waiting), MOST):
            task = asyncio.get_running_loop().create_task(self._page(key, waiting[begin : begin + MOST]))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

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
