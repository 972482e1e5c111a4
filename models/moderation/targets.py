"""What the reader should say of each example, category by category, and how much a mistake counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.moderation.example import CATEGORIES, Example

# Categories whose borders the sources draw differently: neither is a counter-example of the other.
NEIGHBOURS = {
    "sexual": {"sexual_minors"},
    "sexual_minors": {"sexual"},
    "violence": {"shocking", "self_harm"},
    "shocking": {"violence", "self_harm"},
    "hate": {"harassment"},
    "harassment": {"hate"},
    "illicit": {"dangerous"},
    "dangerous": {"illicit"},
}
OTHER_CATEGORY = 0.15
"""Weight of an unsafe prompt as a counter-example for the other categories: what matters is safe or not."""


def targets(examples: Sequence[Example]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels [N,K] and the weight of each [N,K]."""
    labels = np.zeros((len(examples), len(CATEGORIES)), np.float32)
    weights = np.ones_like(labels)
    for row, example in enumerate(examples):
        if example.category == "other":
            weights[row] = 0.0
        elif example.category != "none":
            weights[row] = OTHER_CATEGORY
            for neighbour in NEIGHBOURS.get(example.category, ()):
                weights[row, CATEGORIES.index(neighbour)] = 0.0
            labels[row, CATEGORIES.index(example.category)] = 1.0
            weights[row, CATEGORIES.index(example.category)] = 1.0
        weights[row] *= example.weight
    return labels, weights
