"""From a tier's limits to windows, verdicts and one answer. Pure: plain values and a time in, values out.

A request is held against every limit at once: it is granted when each has room for it, else refused with no
counter changed. `lua/reserve.lua` is the same arithmetic inside the store; one contract suite holds the two
together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.runtime.errors import Reason

LIVE = "live"
LINE = "line"


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` pictures held and committed together in each stretch of `period` seconds.

    Stretch number n begins at n * period - offset on the Unix clock: a period of 86,400 s and no offset is the
    calendar day in UTC.
    """

    name: str
    limit: int
    period: int
    offset: int = 0

    def number(self, now: float) -> int:
        """Which stretch `now` falls into."""
        return int((now + self.offset) // self.period)

    def reset(self, now: float) -> float:
        """When the next one begins, Unix seconds."""
        return float((self.number(now) + 1) * self.period - self.offset)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One limit as it stood at the decision; `used` was committed, `held` is held by live reservations."""

    policy: str
    limit: int
    used: int
    held: int
    reset_time: float | None
    binding: bool = False

    @property
    def reason(self) -> Reason:
        """What a refusal by this limit is called."""
        if self.policy == LIVE:
            return Reason.TOO_MANY_LIVE_JOBS
        return Reason.LINE_FULL if self.policy == LINE else Reason.ALLOWANCE_SPENT


@dataclass(frozen=True, slots=True)
class Refusal:
    """The limit that binds. `retry_time` is None when it depends on others, or when asking again never helps."""

    reason: Reason
    policy: str
    retry_time: float | None


def judge(standing: Sequence[Verdict], cost: int) -> list[Verdict]:
    """The same limits, each marked binding when it has no room. A window counts pictures, the others one job."""
    judged = []
    for one in standing:
        unit = 1 if one.policy in {LIVE, LINE} else cost
        binding = one.used + one.held + unit > one.limit
        judged.append(Verdict(one.policy, one.limit, one.used, one.held, one.reset_time, binding))
    return judged


def refusal(verdicts: Sequence[Verdict], cost: int) -> Refusal | None:
    """What to tell a refused caller: windows first, as the slowest to recover; None when nothing binds."""
    binding = [verdict for verdict in verdicts if verdict.binding]
    if not binding:
        return None
    worst = max(binding, key=lambda verdict: verdict.reset_time or 0.0)
    retry = worst.reset_time if worst.limit >= cost else None
    return Refusal(worst.reason, worst.policy, retry)
