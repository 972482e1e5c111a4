"""Which examples are learned from together: of about equal length, and twins side by side."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from models.moderation.example import Example

BATCH = 32


def mates(examples: Sequence[Example]) -> dict[int, int]:
    """The row of each harmful twin to that of its harmless one."""
    by: dict[str, dict[bool, int]] = {}
    for row, example in enumerate(examples):
        if example.twin:
            by.setdefault(example.twin, {})[example.category != "none"] = row
    return {pair[True]: pair[False] for pair in by.values() if len(pair) == 2}


def batched(lengths: Sequence[int], mate: Mapping[int, int], passes: float, seed: int) -> list[list[int]]:
    """Rows of about equal length together, twins side by side, the batches in random order; the last pass may be
    partial."""
    rng = random.Random(seed)
    harmless = set(mate.values())
    every = [(row, mate[row]) if row in mate else (row,) for row in range(len(lengths)) if row not in harmless]
    made: list[list[int]] = []
    while passes > 0:
        units = rng.sample(every, len(every))[: int(min(passes, 1.0) * len(every))]
        passes -= 1.0
        turn: list[list[int]] = []
        for start in range(0, len(units), BATCH * 16):
            chunk = sorted(units[start : start + BATCH * 16], key=lambda unit: max(lengths[r] for r in unit))
            batch: list[int] = []
            for unit in chunk:
                batch += unit
                if len(batch) >= BATCH or unit is chunk[-1]:
                    turn.append(batch)
                    batch = []
        rng.shuffle(turn)
        made += turn
    return made
