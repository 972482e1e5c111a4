"""How often a candidate's verdict is the live one's, on prompts and on pictures apart: counted in memory, told to
the store now and then.

A verdict waits for nothing here but a lock that is held for one addition. What a replica has counted and not yet
told is lost with it if it dies, at most `TELL_EVERY` seconds of counts.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter as Counts
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import Counter

from services.moderator.verdict import Stage
from services.runtime.errors import Fault
from services.runtime.redis_link import RedisLink

log = logging.getLogger("fournil.moderator.comparison")

COMPARED = Counter(
    "fournil_moderation_compared_total", "Verdicts of the live and the candidate policy.",
    ["stage", "live", "candidate"],
)  # fmt: skip
TELL_EVERY = 0.5
KEEP = 90 * 86_400
"""Seconds; the store keeps the counts of a pair of policies for so long after the last one."""

_NAMES = {Stage.PROMPT: "compared", Stage.IMAGE: "compared_pictures"}

Pair = tuple[str, str]
"""Versions of the live and the candidate policy."""


@dataclass(frozen=True)
class Tally:
    """What the store knows of a pair of policies at one stage: (live, candidate) category to how many; "" is
    allowed."""

    counts: Mapping[tuple[str, str], int]

    @property
    def judged(self) -> int:
        """Prompts, or pictures, that were judged by both."""
        return sum(self.counts.values())

    @property
    def would_have_refused(self) -> int:
        """Allowed by the live policy, refused by the candidate."""
        return sum(n for (live, candidate), n in self.counts.items() if not live and candidate)

    @property
    def would_have_allowed(self) -> int:
        """Refused by the live policy, allowed by the candidate."""
        return sum(n for (live, candidate), n in self.counts.items() if live and not candidate)

    def by_category(self) -> Mapping[str, tuple[int, int, int]]:
        """For each category: refused by both for it, by the live policy only, by the candidate only."""
        names = {name for pair in self.counts for name in pair if name}
        return {
            name: (
                self.counts.get((name, name), 0),
                sum(n for (live, other), n in self.counts.items() if live == name != other),
                sum(n for (live, other), n in self.counts.items() if live != name == other),
            )
            for name in sorted(names)
        }


class Comparison:
    """Counts from any thread."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._untold: dict[tuple[Stage, Pair], Counts[str]] = {}

    def note(self, stage: Stage, pair: Pair, live: str, candidate: str) -> None:
        """One prompt or picture: the category that each refuses it for, "" when allowed."""
        with self._lock:
            self._untold.setdefault((stage, pair), Counts())[f"{live}|{candidate}"] += 1
        COMPARED.labels(stage.value, live or "allowed", candidate or "allowed").inc()

    async def run(self) -> None:
        """Tells the store while the process lives."""
        while True:
            await asyncio.sleep(TELL_EVERY)
            await self.tell()

    async def tell(self) -> None:
        """Tells the store what is not told yet; what it does not take is told later."""
        with self._lock:
            untold, self._untold = self._untold, {}
        for (stage, pair), counts in untold.items():
            try:
                await self._add(stage, pair, counts)
            except Fault as fault:
                log.info("counts not told", extra={"reason": fault.reason})
                with self._lock:
                    self._untold.setdefault((stage, pair), Counts()).update(counts)

    async def tally(self, stage: Stage, pair: Pair) -> Tally:
        """What all replicas have told. Raises Fault UNAVAILABLE."""
        rows: dict[str, str] = await self._link.do(lambda: self._link.text.hgetall(_key(stage, pair)))
        return Tally({(live, other): int(n) for key, n in rows.items() for live, _, other in [key.partition("|")]})

    async def _add(self, stage: Stage, pair: Pair, counts: Counts[str]) -> None:
        key = _key(stage, pair)
        pipeline = self._link.text.pipeline(transaction=True)
        for field, count in counts.items():
            pipeline.hincrby(key, field, count)
        pipeline.expire(key, KEEP)
        await self._link.do(pipeline.execute)


def _key(stage: Stage, pair: Pair) -> str:
    return f"{{moderator}}:{_NAMES[stage]}:{pair[0]}:{pair[1]}"
