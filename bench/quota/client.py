"""CPU of the link to Redis: the desk's Reserve script by ours and by redis.asyncio, same arguments and replies."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

from bench.quota.place import ACCOUNTS, ask, policy_store
from services.local_mesh.store import LocalStore
from services.quota.redis_office import PREFIX, TAG
from services.quota.redis_store import RedisStore
from services.quota.surge import Level
from services.runtime.pipelined import PipelinedLink
from services.runtime.redis_link import RedisLink

IN_FLIGHT = 64
FIELDS = 12
"""Arguments of one ask; those before are the same for all."""
Args = list[str | int | float]
Call = Callable[[Args], Awaitable[object]]


async def compare(local: LocalStore, rounds: int, calls: int = 4_000) -> dict[str, dict[str, float]]:
    """Medians of decisions a second (`rate`) and of this process's CPU a decision in µs (`micros`): `ours`, which
    sends what is asked in one turn in one call, and `redis.asyncio` with arguments that were made before; `whole`,
    ours with arguments made and answers read."""
    link, pooled = PipelinedLink(local.url, tag=TAG, budget=5.0), RedisLink(local.url)
    store = policy_store(link)
    script = store._reserve
    theirs = pooled.text.register_script(script._source)
    recorder = _Recorder()
    store._reserve = recorder  # type: ignore[assignment]
    asks = [await recorder.asked(store, f"spent-{n % ACCOUNTS}") for n in range(calls)]
    store._reserve = script
    ways: dict[str, Call] = {
        "ours": lambda args: store._batches.ask((Level.NORMAL, ""), args[-FIELDS:]),
        "redis.asyncio": lambda args: theirs(keys=[PREFIX], args=args),
        "whole": lambda args: store.reserve(ask(str(args[1 - FIELDS]))),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for call in ways.values():
        await _spend(call, asks[:IN_FLIGHT])
    for number in range(rounds):
        for name in list(ways) if number % 2 else reversed(list(ways)):
            taken[name].append(await _spend(ways[name], asks))
    await link.close()
    await pooled.close()
    return {
        name: {
            "rate": statistics.median(rate for rate, _ in rounds_of),
            "micros": statistics.median(cpu for _, cpu in rounds_of) * 1e6,
        }
        for name, rounds_of in taken.items()
    }


class _Recorder:
    """Takes the place of the script and keeps what it would have been given."""

    def __init__(self) -> None:
        self._args: Args = []

    async def __call__(self, keys: Sequence[str], args: Args) -> list[object]:
        self._args = args
        return [["trial", [], []]]

    async def asked(self, store: RedisStore, account: str) -> Args:
        await store.reserve(ask(account))
        return self._args


async def _spend(call: Call, asks: list[Args]) -> tuple[float, float]:
    """Calls a second, and seconds of CPU a call, IN_FLIGHT at a time."""
    left = iter(asks)

    async def work() -> None:
        for args in left:
            await call(args)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return len(asks) / (time.perf_counter() - began), (time.process_time() - cpu) / len(asks)
