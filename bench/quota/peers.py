"""Rate limiters from PyPI, each its nearest to one check of a window, on the store of a URL. Runs by itself, in
the peers' environment, and prints one JSON object a peer and a line.

    .venv-quota-peers/bin/python bench/quota/peers.py REDIS_URL CALLS

Every peer checks 1,000 accounts in turn, 64 checks in flight, by its asyncio interface over redis-py with hiredis,
on uvloop: first where all is allowed, then where all is refused. `charges_refused`: 8 of 10 are spent, 5 are asked
for, which is refused, then 2, which is refused too if what was refused was charged.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Protocol

import uvloop

ACCOUNTS = 1_000
IN_FLIGHT = 64
ROUNDS = 3


class Peer(Protocol):
    """`check` says whether `cost` more is allowed to an account, of `limit` in a minute."""

    async def check(self, account: str, limit: int, cost: int = 1) -> bool: ...


class Limits:
    """`limits`: a fixed window, its asyncio storage on redis-py."""

    def __init__(self, url: str) -> None:
        from limits import RateLimitItemPerMinute
        from limits.aio.storage import RedisStorage
        from limits.aio.strategies import FixedWindowRateLimiter

        self._item = RateLimitItemPerMinute
        self._limiter = FixedWindowRateLimiter(RedisStorage(f"async+{url}", implementation="redispy"))

    async def check(self, account: str, limit: int, cost: int = 1) -> bool:
        return await self._limiter.hit(self._item(limit), account, cost=cost)


class Pyrate:
    """`pyrate-limiter`: its log of a sliding window, a bucket an account."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis

        self._redis = Redis.from_url(url)
        self._buckets: dict[tuple[str, int], object] = {}

    async def check(self, account: str, limit: int, cost: int = 1) -> bool:
        from pyrate_limiter import Duration, Rate, RateItem, RedisBucket

        bucket = self._buckets.get((account, limit))
        if bucket is None:
            bucket = await RedisBucket.init(
                [Rate(limit, Duration.MINUTE)], self._redis, f"pyrate:{account}:{limit}"
            )
            self._buckets[account, limit] = bucket
        return bool(await bucket.put(RateItem(account, bucket.now(), weight=cost)))  # type: ignore[attr-defined]


class Throttled:
    """`throttled-py`: its asyncio fixed window."""

    def __init__(self, url: str) -> None:
        from throttled.asyncio import RedisStore

        self._store = RedisStore(server=url)
        self._throttles: dict[int, object] = {}

    async def check(self, account: str, limit: int, cost: int = 1) -> bool:
        from throttled.asyncio import Throttled, rate_limiter

        throttle = self._throttles.get(limit)
        if throttle is None:
            quota = rate_limiter.per_min(limit)
            throttle = self._throttles[limit] = Throttled(using="fixed_window", quota=quota, store=self._store)
        return not (await throttle.limit(account, cost=cost)).limited  # type: ignore[attr-defined]


PEERS: dict[str, Callable[[str], Peer]] = {
    "limits": Limits,
    "pyrate-limiter": Pyrate,
    "throttled-py": Throttled,
}


async def main(url: str, calls: int) -> None:
    """Measures those that are installed; names those that are not."""
    for name, make in PEERS.items():
        try:
            peer = make(url)
            await peer.check("warm", 10)
        except ImportError as error:
            print(json.dumps({"peer": name, "missing": str(error)}), flush=True)
            continue
        spent, asked, then = [await peer.check("charge", 10, cost) for cost in (8, 5, 2)]
        assert spent and not asked, (name, spent, asked)
        found: dict[str, object] = {"peer": name, "charges_refused": not then}
        for what, limit in (("allowed", 1_000_000), ("refused", 1)):
            await _rounds(peer, what, limit, ACCOUNTS)
            rounds = [await _rounds(peer, what, limit, calls) for _ in range(ROUNDS)]
            found[what] = {
                "rate": statistics.median(rate for rate, _ in rounds),
                "micros": statistics.median(cpu for _, cpu in rounds) * 1e6,
            }
        print(json.dumps(found), flush=True)


async def _rounds(peer: Peer, what: str, limit: int, calls: int) -> tuple[float, float]:
    """Checks a second, and seconds of CPU of this process a check."""
    left = iter(range(calls))

    async def work() -> None:
        for number in left:
            await peer.check(f"{what}-{number % ACCOUNTS}", limit)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return calls / (time.perf_counter() - began), (time.process_time() - cpu) / calls


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
