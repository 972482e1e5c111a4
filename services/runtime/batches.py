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
    """`send` answers the items of one key, in order. An exception among its replies is raised to who asked for
    that item, what `send` itself raises to all. Nobody waits for an earlier call longer than `patience`, in
    seconds; where it is None one call of a key is under way at a time."""

    def __init__(
        self,
        send: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Reply | Exception]]],
        patience: float | None = None,
    ) -> None:
        self._send = send
        self._patience = patience
        self._waiting: dict[Key, list[tuple[Item, asyncio.Future[Reply]]]] = {}
        self._under_way: Counter[Key] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, key: Key, item: Item) -> Reply:
        """Its reply."""
        # Kept under no name: what it raises knows this frame, and only the collector would find the cycle.
        return await self._asked(key, item)

    def _asked(self, key: Key, item: Item) -> asyncio.Future[Reply]:
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = []
            self._put_by(key, waiting)
        waiting.append((item, reply))
        return reply

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
                page = waiting[:MOST]
                if len(waiting) > MOST:
                    self._put_by(key, waiting[MOST:])
                replies = await self._replies(key, [item for item, _ in page])
                for (_, waits), reply in zip(page, replies, strict=True):
                    # Who has gone meanwhile has cancelled it.
                    if waits.done():
                        continue
                    if isinstance(reply, Exception):
                        waits.set_exception(reply)
                    else:
                        waits.set_result(reply)
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]

    async def _replies(self, key: Key, items: Sequence[Item]) -> Sequence[Reply | Exception]:
        try:
            replies = await self._send(key, items)
            if len(replies) != len(items):
                raise ValueError(f"{len(replies)} replies to {len(items)}")
        except Exception as error:
            return [error for _ in items]
        return replies
