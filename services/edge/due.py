"""What is to be done later, once, by any edge: a sorted set in the store, by the time at which it is due.

Who takes something has it for a lease; if that edge dies it comes again. So it may be done twice, and whoever
receives it must be able to tell.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from services.runtime.errors import Fault
from services.runtime.redis_link import RedisLink

log = logging.getLogger("fournil.due")

DUE = "{edge}:due"
LEASE_SECONDS = 60.0
AT_ONCE = 32
LOOK_SECONDS = 1.0

_LUA = Path(__file__).parent / "lua"

Work = Callable[[str], Awaitable[float | None]]
"""Of a job id; seconds until it shall be done again, or None when it is done with."""


class DueList:
    """Does what is due, in turns of `AT_ONCE`. `work` names who does what."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._take = link.script(_LUA / "due.lua")
        self._later = link.script(_LUA / "later.lua")
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """Something may have come due."""
        self._bell.set()

    async def run(self, work: Mapping[str, Work]) -> None:
        """Until cancelled. Trouble with the store is waited out; `work` must bound its own time."""
        while True:
            self._bell.clear()
            taken: list[str] = []
            try:
                taken = await self._take([DUE], [AT_ONCE, round(LEASE_SECONDS * 1000)])
                await asyncio.gather(*(self._do(member, work) for member in taken))
            except Fault as fault:
                log.warning("what is due was put off", extra={"reason": fault.reason})
                await asyncio.sleep(LOOK_SECONDS)
            if len(taken) < AT_ONCE:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._bell.wait()

    async def _do(self, member: str, work: Mapping[str, Work]) -> None:
        what, _, job_id = member.partition(" ")
        try:
            again = await work[what](job_id)
        except Exception:
            # Its lease brings it back.
            log.exception("not done", extra={"what": what, "job": job_id})
            return
        if again is None:
            await self._link.do(lambda: self._link.text.zrem(DUE, member))
        else:
            await self._later([DUE], [member, round(again * 1000)])
