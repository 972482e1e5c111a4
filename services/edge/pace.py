"""How fast an account may ask what costs the mesh work but no pictures: a token bucket an account, in this edge
alone."""

import time
from collections import OrderedDict
from collections.abc import Callable

from services.runtime.errors import Fault, Reason

MOST_ACCOUNTS = 10_000


class Pace:
    """`burst` at once, then `rate` a second. The accounts that asked longest ago are forgotten first."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, account_id: str, count: int) -> None:
        """Counts `count` askings. Raises Fault ASKED_TOO_FAST, and then counts none."""
        now = self._clock()
        full_at = max(self._full_at.get(account_id, now), now) + count / self._rate
        late = full_at - now - self._burst / self._rate
        if late > 1e-9:
            raise Fault(Reason.ASKED_TOO_FAST, "asked too fast", retry_after=late, limit=self._burst)
        self._full_at[account_id] = full_at
        self._full_at.move_to_end(account_id)
        while len(self._full_at) > MOST_ACCOUNTS:
            self._full_at.popitem(last=False)
