"""What is asked in one turn of the event loop, and while an earlier call is under way, in one call.

A call has a price of its own, apart from what it does: a script's source is bound, fields are packed, a task is
woken. Together that is paid once. Who comes alone is sent at once; who comes while a call is under way leaves when
it is answered, or when it has waited for as long as it may: the more there is to ask the less each costs.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")
Reply = TypeVar("Reply")

MOST = 64
"""Items of one call: some milliseconds of the store's time."""


class Batches(Generic[Key, Item, Reply]):
    """`send` answers the items of one key, in order; what it raises, all of them get. Nobody waits for an earlier
    call longer than `patience`, in seconds; where it is None one call of a key is under way at a time."""

    def __init__(
        self, send: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Reply]]], patience: float | None = None
    ) -> None:
        self._send = send
        self._patience = patience
        self._waiting: dict[Key, list[tuple[Item, asyncio.Future[Reply]]]] = {}
        self._under_way: Counter[Key] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, key: Key, item: Item) -> Reply:
        """Its reply."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = []
            self._put_by(key, waiting)
        waiting.append((item, reply))
        return await reply

    def _put_by(self, key: Key, waiting: list[tuple[Item, asyncio.Future[Reply]]]) -> None:
        """They leave in the next turn, after `patience`, or when a call returns."""
        self._waiting[key] = waiting
        loop = asyncio.get_running_loop()
        if not self._under_way[key]:
            loop.call_soon(self._begin, key, waiting)
        elif self._patience is not None:
            loop.call_later(self._patience, self._begin, key, waiting)

    def _begin(self, key: Key, waiting: list[tuple[Item, asyncio.Future[Reply]]]) -> None:
        """Sends these, unless a call that returned has taken them along."""
        if self._waiting.get(key) is waiting:
            self._under_way[key] += 1
            task = asyncio.get_running_loop().create_task(self._drain(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, key: Key) -> None:
        """Sends until nobody waits."""
        try:
            while waiting := self._waiting.pop(key, None):
                if len(waiting) > MOST:
                    self._put_by(key, waiting[MOST:])
                await self._page(key, waiting[:MOST])
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]

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
