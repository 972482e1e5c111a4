"""From a tier's limits to verdicts and one answer. Pure: plain values and a time in, values out.

A request is held against every limit at once: it is granted when each has room for it, else refused with no
counter changed. `lua/limits.lua` is the same arithmetic inside the store; one contract suite holds the two
together.

    window    so much in each stretch of a fixed length, or in each calendar day of a time zone
    rolling   so much in any stretch of a fixed length, counted in twelfths: never more
    burst     so many jobs at once, regained evenly over the period (the generic cell rate algorithm, ITU-T I.371)
    live      jobs at once;  line: tickets in its class's line;  wait: seconds a ticket taken now would wait

What is held or charged stands in the stretch in which it was asked for, and goes back there. A burst is about
asking, not about pictures: it is not given back, time does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.runtime.errors import Reason

LIVE, LINE, WAIT = "live", "line", "wait"
PARTS = 12
"""Of a rolling window."""


class Unit(StrEnum):
    """What a limit counts. Work is in thousandths of a picture as its model draws it when nothing is asked."""

    PICTURES = "pictures"
    WORK = "work"
    JOBS = "jobs"
    SECONDS = "seconds"


class Kind(StrEnum):
    """How a limit's stretches lie."""

    FIXED = "fixed"
    DAY = "day"
    ROLLING = "rolling"
    BURST = "burst"


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` of `unit` held and committed together in a stretch of `period` seconds. FIXED ones begin at
    whole multiples of the period on the Unix clock. `shadow`: it counts and tells, and refuses nobody."""

    name: str
    limit: int
    period: int
    kind: Kind = Kind.FIXED
    unit: Unit = Unit.PICTURES
    shadow: bool = False

    @property
    def width(self) -> float:
        """Seconds of one of its counters."""
        return self.period / PARTS if self.kind is Kind.ROLLING else self.period

    def number(self, now: float, zone: str) -> int:
        """Which counter `now` falls into; of a DAY, the proleptic ordinal of its date."""
        if self.kind is Kind.DAY:
            return datetime.fromtimestamp(now, ZoneInfo(zone)).date().toordinal()
        return int(now // self.width)

    def reset(self, now: float, zone: str) -> float:
        """When the next one begins, Unix seconds."""
        if self.kind is Kind.DAY:
            return days(now, zone).starts[2]
        return (self.number(now, zone) + 1) * self.width

    def amount(self, cost: int, work: int) -> int:
        """What a job of so many pictures and so much work takes."""
        return {Unit.PICTURES: cost, Unit.WORK: work}.get(self.unit, 1)


class Days(NamedTuple):
    """When yesterday, today, tomorrow and the day after begin, Unix seconds, and yesterday's ordinal."""

    starts: tuple[float, ...]
    first: int


def days(now: float, zone: str) -> Days:
    """The days around `now` in a time zone; one of them may have 23 or 25 hours."""
    place = ZoneInfo(zone)
    yesterday = datetime.fromtimestamp(now, place).date() - timedelta(1)
    midnights = (datetime.combine(yesterday + timedelta(n), time(), place) for n in range(4))
    return Days(tuple(midnight.timestamp() for midnight in midnights), yesterday.toordinal())


@dataclass(frozen=True, slots=True)
class Verdict:
    """One limit as it stood at the decision; `used` was committed, `held` is held by live reservations.
    `reset_time`: when it has room again, as far as time alone gives room. A `shadow` limit refuses nobody."""

    policy: str
    limit: int
    used: int
    held: int
    reset_time: float | None
    binding: bool = False
    unit: Unit = Unit.PICTURES
    shadow: bool = False

    @property
    def reason(self) -> Reason:
        """What a refusal by this limit is called."""
        if self.policy == LIVE:
            return Reason.TOO_MANY_LIVE_JOBS
        if self.policy in {LINE, WAIT}:
            return Reason.LINE_FULL
        return Reason.ASKED_TOO_FAST if self.unit is Unit.JOBS else Reason.ALLOWANCE_SPENT

    def judged(self, cost: int, work: int) -> Verdict:
        """The same, binding when it has no room for a job of so many pictures and so much work."""
        take = {Unit.PICTURES: cost, Unit.WORK: work, Unit.SECONDS: 0}.get(self.unit, 1)
        return replace(self, binding=self.used + self.held + take > self.limit)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The limit that binds. `retry_time` is None when it depends on others, or when asking again never helps."""

    reason: Reason
    policy: str
    retry_time: float | None


def refusal(verdicts: Sequence[Verdict], cost: int, work: int) -> Refusal | None:
    """What to tell a refused caller: the limit that is slowest to recover; None when nothing binds."""
    binding = [verdict for verdict in verdicts if verdict.binding and not verdict.shadow]
    if not binding:
        return None
    worst = max(binding, key=lambda verdict: verdict.reset_time or 0.0)
    amount = {Unit.PICTURES: cost, Unit.WORK: work}.get(worst.unit, 1)
    retry = worst.reset_time if worst.limit >= amount or worst.policy == WAIT else None
    return Refusal(worst.reason, worst.policy, retry)


def rolling_reset(counted: Sequence[tuple[int, int]], excess: int, width: float) -> float | None:
    """When the oldest counters of a rolling window, given as (number, amount), have left it that hold `excess`
    together. None when all of them do not."""
    freed = 0
    for number, amount in sorted(counted):
        freed += amount
        if freed >= excess:
            return (number + PARTS + 1) * width
    return None


def burst(window: Window, last_ms: int, now_ms: int) -> tuple[int, float | None, int]:
    """Of a burst whose theoretical arrival time is `last_ms` (0 for never): jobs it counts now; when it has room
    again, in Unix seconds, None if it has some; and the arrival time after one more job, in ms."""
    interval = window.period * 1000 // window.limit
    start = max(last_ms, now_ms)
    used = -((now_ms - start) // interval)
    room = None if used < window.limit else (start - (window.limit - 1) * interval) / 1000
    return used, room, start + interval
