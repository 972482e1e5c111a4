"""Rows of this bench: of two times the ratio, and the most that it may be."""

from typing import Any


def row(name: str, ours: float, other: float, goal: float) -> dict[str, Any]:
    """`ours` over `other` must be at most `goal`."""
    return {
        "name": name,
        "ours": round(ours, 5),
        "other": round(other, 5),
        "ratio": round(ours / other, 3),
        "goal": f"<= {goal}",
        "holds": ours / other <= goal,
    }
