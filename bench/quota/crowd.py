"""What a decision costs the store while many wait, and what a ticket costs it in memory.

The crowd is written by a script that takes the steps of reserve.lua and enqueue.lua for one account and one ticket
after another; at the smallest size the desk's own recount confirms that every counter is as those would leave it.
"""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import redis

from bench.quota.place import MODEL, ask, policy_store
from services.local_mesh.store import LocalStore
from services.quota.limits import days
from services.quota.redis_office import PREFIX, TAG
from services.runtime.pipelined import PipelinedLink

SIZES = (1_000, 100_000, 1_000_000)
PAGE = 5_000
LUA = Path(__file__).resolve().parents[2] / "services" / "quota" / "lua"
FILL = """
-- ARGV 2.. : first last tier model day
for i = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  local account, id = 'crowd-' .. i, string.format('%026d', i)
  redis.call('HSET', P .. 'acct:' .. account, 'tier', ARGV[4], 'live', 1, 'since', whole(now))
  redis.call('HSET', P .. 'win:' .. account .. ':daily:' .. ARGV[6], 'held', 1)
  redis.call('SET', P .. 'burst:' .. account .. ':asks', whole(now + 6000), 'PX', 7000)
  redis.call('HSET', P .. 'res:' .. id, 'account', account, 'tier', ARGV[4], 'model', ARGV[5], 'cost', 1,
    'work', '1000', 'state', 'HELD', 'windows', 'daily:' .. ARGV[6] .. ':1', 'attempts', 0, 'expire', 0)
  local r = load(id)
  r.arrival = whole(redis.call('INCR', P .. 'arrival'))
  r.tag = i
  redis.call('ZADD', P .. 'ends:' .. r.where, whole(r.tag + r.work), account)
  set(r, 'arrival', r.arrival, 'tag', whole(r.tag))
  stand(r, r.tag)
  expires(r, now + 86400000)
end
local count = ARGV[3] - ARGV[2] + 1
redis.call('SADD', P .. 'lines', ARGV[5] .. ' ' .. ARGV[4])
book('issued', count, count)
book('live', count, count)
return 'OK'
"""


async def measure(local: LocalStore) -> tuple[dict[int, dict[str, float]], float]:
    """By size: µs of the store's time a call, by what is called; and bytes of a waiting ticket
    and its account, as `used_memory` grew."""
    table: dict[int, dict[str, float]] = {}
    with redis.Redis.from_url(local.url, decode_responses=True) as raw:
        # What is measured is memory and time, not the disk.
        raw.config_set("appendonly", "no")
        link = PipelinedLink(local.url, tag=TAG, budget=10.0, patience=60.0)
        store = policy_store(link)
        empty, filled = raw.info("memory")["used_memory"], 0
        for size in SIZES:
            _fill(raw, filled, size)
            filled = size
            grown = raw.info("memory")["used_memory"] - empty
            if size == SIZES[0]:
                assert await store.discrepancies() == []
            number = iter(range(filled - 200, filled))
            calls: dict[str, Callable[[], Awaitable[object]]] = {
                "Reserve, refused": lambda: store.reserve(ask("crowd-0")),
                "Reserve, granted": lambda: store.reserve(ask(f"crowd-{next(number)}")),  # noqa: B023
                "place of a ticket": lambda: store.standings([f"{size // 2:026d}"]),  # noqa: B023
            }
            # The account in question has all its live jobs.
            while (await store.reserve(ask("crowd-0"))).reservation:
                pass
            table[size] = {name: await _cost(raw, call) for name, call in calls.items()}
        await link.close()
    return table, grown / SIZES[-1]


def _fill(raw: "redis.Redis", start: int, end: int) -> None:
    today = days(time.time(), "UTC").first + 1
    fill: Any = raw.register_script((LUA / "desk.lua").read_text(encoding="utf-8") + FILL)
    # Half of them in each of two classes: a line takes at most a million.
    for first in range(start, end, PAGE):
        last = min(first + PAGE, end) - 1
        tier = "open" if first // PAGE % 2 else "spent"
        fill(keys=[PREFIX], args=["", first, last, tier, MODEL, today])


async def _cost(raw: "redis.Redis", call: Callable[[], Awaitable[object]]) -> float:
    """µs in the store, least of 10 rounds of 20: whatever else runs on the machine only adds to it."""
    rounds = []
    for _ in range(10):
        raw.config_resetstat()
        for _ in range(20):
            await call()
        rounds.append(raw.info("commandstats")["cmdstat_evalsha"]["usec_per_call"])
    return min(rounds)
