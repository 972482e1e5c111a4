"""Rows of a benchmark's result: two figures, their ratio, what it must be at least, and whether it is."""

from __future__ import annotations

import math
from typing import Any

Row = dict[str, Any]
MORE_IS_BETTER = {"pictures", "busy", "useful"}
"""Figures of which more is better; of the others (waits, shares that failed) it is less."""


def ratio(figure: str, ours: float, other: float) -> float:
    """Above 1 says that ours is better: ours over other where more is better, other over ours elsewhere."""
    above, below = (ours, other) if figure in MORE_IS_BETTER else (other, ours)
    if below == 0:
        return math.inf if above else 1.0
    return above / below


def row(name: str, ours: float, other: float, ratio: float, least: float) -> Row:
    """One row. The ratio is null where it has no end or nothing was seen."""
    return {
        "name": name,
        "ours": round(ours, 3),
        "other": round(other, 3),
        "ratio": round(ratio, 3) if math.isfinite(ratio) else None,
        "goal": f">= {least:g}",
        "holds": ratio >= least,
    }
