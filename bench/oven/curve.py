"""How long a call of B rows takes.

Qwen-Image at 512 x 512 on an H200, torch.compile, BF16: throughput of a batch over that of batch 1 is 1.82, 2.69,
2.77, 3.14 and 3.21 at 2, 3, 4, 8 and 16 rows. Source: the batch size benchmark in
https://github.com/sgl-project/sglang/pull/22183. What lies between is a straight line. The shape of the curve is
theirs; a step at batch 1 is shortened from 167 ms to 20 ms, so that a run sees more pictures. Every system's own
overhead weighs the more for it.
"""

from __future__ import annotations

STEP_SECONDS = 0.020
"""A call of one row."""
CAP = 8
"""Rows a call that every system may use; beyond it the curve gains 2 % for twice the wait."""
SPEED_UP = {1: 1.0, 2: 1.82, 3: 2.69, 4: 2.77, 8: 3.14, 16: 3.21}
"""Rows to throughput, batch 1 being 1."""


def speed_up(rows: int) -> float:
    """Throughput of calls of `rows` rows over that of batch 1. Raises ValueError outside 1 to 16."""
    if rows in SPEED_UP:
        return SPEED_UP[rows]
    points = sorted(SPEED_UP)
    if not points[0] <= rows <= points[-1]:
        raise ValueError(f"the curve is known from {points[0]} to {points[-1]} rows, not at {rows}")
    high = next(point for point in points if point > rows)
    low = points[points.index(high) - 1]
    share = (rows - low) / (high - low)
    return SPEED_UP[low] + share * (SPEED_UP[high] - SPEED_UP[low])


def call_seconds(rows: int) -> float:
    """Seconds of one call of `rows` rows."""
    return STEP_SECONDS * rows / speed_up(rows)


CAPACITY = CAP / call_seconds(CAP)
"""Row-steps a second of a device that is always busy with full calls: 157."""
