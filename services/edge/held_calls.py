"""Calls that are held open for a job, and what becomes of the job when they are not.

    accepted ──> held: every replica that holds a call for it says so every few seconds
                  │ its client left, or the replica died
                  v
                 alone ── an SDK's own retry comes: it is held again, nothing was asked twice
                  │ nobody came within the grace
                  v
                 given up: cancelled and refunded, by whichever replica looks first

Nothing hangs on a process: the store keeps until when each job may be left alone, on its own clock, and a
replica that dies simply stops saying that it holds. Decision 23 says why it is so.
"""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Counter as Count
from prometheus_client import Gauge

from services.edge.job import Account
from services.runtime.errors import Fault
from services.runtime.redis_link import RedisLink

log = logging.getLogger("fournil.held")

HELD = "{edge}:held"
HOLD_MS = 20_000
"""How long a job lives on after its holder last said that it is there."""
GRACE_MS = 10_000
"""How long after its holder said that it left. SDKs try again within 8 s."""
LATE_MS = 30_000
"""How long after its end a job may still be claimed."""
MOST_OF_A_CALL = 16
REMEMBER_SECONDS = 2 * 3_600
"""Jobs of one call that are remembered, and for how long after the last."""
SAY_SECONDS = 3.0
LOOK_SECONDS = 1.0
UNSEEN_MS = 5_000
AGAIN_MS = 30_000
MOST_GIVEN_UP = 200

CLAIMED = Count("fournil_edge_claimed_total", "Retries that joined the job of an earlier attempt.")
GIVEN_UP = Count("fournil_edge_given_up_total", "Jobs cancelled because nobody held their call open any more.")
HOLDING = Gauge("fournil_edge_held", "Jobs that this replica holds calls open for.")

_LUA = Path(__file__).parent / "lua"
_RECORDS = "{edge}:job:"
_CALLS = "{edge}:call:"


def call_name(account: Account, body_hash: str) -> str:
    """Under which an attempt finds the job of an earlier one: the same key asking for the same."""
    asked = hashlib.sha256(f"{account.key_id}\n{body_hash}".encode()).hexdigest()
    return f"{account.account_id}:{asked[:32]}"


def call_key(call: str) -> str:
    """Where the jobs of a call are remembered."""
    return _CALLS + call


@dataclass
class Hold:
    """One call that is held open."""

    answering: bool = False
    """Its answer is on its way: `answered` or `not_delivered` follows."""


class HeldCalls:
    """Of one replica. `run` must run beside it; `cancel` ends a job by its id and refunds it."""

    def __init__(self, link: RedisLink, cancel: Callable[[str], Awaitable[None]]) -> None:
        self._link = link
        self._cancel = cancel
        self._claim = link.script(_LUA / "claim.lua")
        self._hold = link.script(_LUA / "hold.lua")
        self._give_up = link.script(_LUA / "give_up.lua")
        self._mine: Counter[str] = Counter()
        self._left: set[str] = set()

    @contextmanager
    def holding(self, job_id: str) -> Iterator["Hold"]:
        """While this lasts the job is not given up. Whoever leaves without an answer begins its grace."""
        hold = Hold()
        self._mine[job_id] += 1
        self._left.discard(job_id)
        HOLDING.set(len(self._mine))
        try:
            yield hold
        finally:
            self._mine[job_id] -= 1
            if self._mine[job_id] <= 0:
                del self._mine[job_id]
                if not hold.answering:
                    self._left.add(job_id)
            HOLDING.set(len(self._mine))

    def not_delivered(self, job_id: str) -> None:
        """The answer was written and not taken."""
        self._left.add(job_id)

    async def claim(self, call: str, *, counted: bool) -> str:
        """The job of an earlier attempt, "" when there is none. `counted` when the caller said that it tries
        again. Raises Fault UNAVAILABLE."""
        await self._tell_left()
        keys = [call_key(call), HELD]
        found = await self._claim(keys, [_RECORDS, HOLD_MS, GRACE_MS, LATE_MS, "1" if counted else "0"])
        if found:
            CLAIMED.inc()
        return str(found)

    async def answered(self, job_id: str) -> None:
        """The answer was taken. A store that is away is no reason to fail the call that was answered."""
        self._left.discard(job_id)

        async def mark() -> None:
            async with self._link.text.pipeline(transaction=False) as pipe:
                pipe.hset(_RECORDS + job_id, "answered", "1")
                pipe.zrem(HELD, job_id)
                await pipe.execute()

        try:
            await self._link.do(mark)
        except Fault as fault:
            log.info("not marked as answered", extra={"job": job_id, "reason": fault.reason})

    async def run(self) -> None:
        """Says what is held and gives up what nobody holds, until cancelled."""
        said = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._tell_left()
                if loop.time() - said >= SAY_SECONDS:
                    said = loop.time()
                    await self._say(HOLD_MS, "", list(self._mine))
                for job_id in await self._give_up(
                    [HELD, "{edge}:looked"], [_RECORDS, HOLD_MS, UNSEEN_MS, AGAIN_MS, MOST_GIVEN_UP]
                ):
                    await self._end(job_id)
            except Fault as fault:
                log.warning("held calls: round skipped", extra={"reason": fault.reason})
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell_left(self) -> None:
        """A claim must know at once whom this replica no longer holds."""
        left, self._left = self._left, set()
        await self._say(GRACE_MS, _RECORDS, [job_id for job_id in left if job_id not in self._mine])

    async def _say(self, milliseconds: int, records: str, job_ids: list[str]) -> None:
        for start in range(0, len(job_ids), 1_000):
            await self._hold([HELD], [milliseconds, records, _CALLS, *job_ids[start : start + 1_000]])

    async def _end(self, job_id: str) -> None:
        try:
            await self._cancel(job_id)
        except Fault as fault:
            log.warning("not given up yet", extra={"job": job_id, "reason": fault.reason})
            return
        GIVEN_UP.inc()
        await self._link.do(lambda: self._link.text.zrem(HELD, job_id))
