"""How a server of whole requests bakes a batch: its requests start together and are answered together.

`ONE_CALL`: pictures of different step counts cannot share a call, so the batch is split by step count and each
part runs to its end. `EARLY`: a call holds pictures at different steps, and one that is done stops taking a row;
the batch as a whole is answered at its end, as the peers' batch functions return one list. `QUEUES`: whoever
deploys the server knows the step counts beforehand and gives each a queue of its own before the one device, so
that batches of one step count fill up; the strongest way to serve whole requests under overload, if they are few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

ONE_CALL = "one call a step count"
EARLY = "samples leave early"
QUEUES = "a queue a step count"
MANNERS = {"one": ONE_CALL, "early": EARLY, "queue": QUEUES}
"""Short name, as servers take it, to what it means."""


def calls_of(manner: str, steps: Sequence[int]) -> list[int]:
    """Rows of each call that bakes a batch of pictures with these steps. Raises KeyError on another manner."""
    if MANNERS[manner] == EARLY:
        return [sum(count > done for count in steps) for done in range(max(steps, default=0))]
    parts = Counter(steps)
    return [rows for count, rows in sorted(parts.items()) for _ in range(count)]
