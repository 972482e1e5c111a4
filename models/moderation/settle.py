"""From logits to probabilities and thresholds, by rule: nothing here is chosen by looking at a slice.

1. Each model's last logit becomes a probability by Platt's sigmoid, fitted on twins that no model learned from: so
   the models that left sources out, and the shipped one, mean the same by a score.
2. French texts are moved in log-odds (`Scale.french`), so that the same threshold refuses as much in both
   languages: by the difference between the lowest thresholds that each would take alone under rule 3.
3. Thresholds are as low as they may be: of each kind of harmless prompt (ordinary English, ordinary French,
   alarming ones) of sources left out, no more than a share is refused. How categories share it, says `thresholds`.
"""

from __future__ import annotations

import json
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.moderation.example import CATEGORIES
from models.moderation.left_out import ALLOWED, LeftOut, kinds, lowest, scores
from services.moderator.careful import Scale


def platt(logits: NDArray[np.float32], harmful: NDArray[np.bool_]) -> Scale:
    """The sigmoid that fits best the last column of logits [N,K+1] of prompts that were no lessons."""
    x, target = logits[:, -1].astype(np.float64), harmful.astype(np.float64)

    def cost(parameters: NDArray[np.float64]) -> float:
        z = parameters[0] * x + parameters[1]
        return float((np.logaddexp(0, z) - target * z).mean())

    slope, offset = minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return Scale(round(float(slope), 4), round(float(offset), 4))


def calibrated(logits: NDArray[np.float32], scale: Scale) -> NDArray[np.float32]:
    """The same with the last column as the sigmoid takes it."""
    last = scale.slope * logits[:, -1:] + scale.offset
    return np.concatenate([logits[:, :-1], last.astype(np.float32)], axis=1)


def french_shift(left: LeftOut) -> float:
    """What a French text's log-odds need, rounded."""
    harm = scores(left).max(axis=1)
    language = np.array([e.language for e in left.examples])
    lowest = []
    for name in ("en", "fr"):
        groups = {
            kind: [own for rows in parts if len(own := rows[language[rows] == name])]
            for kind, parts in kinds(left.examples).items()
        }
        share = max(_threshold(harm, parts, ALLOWED[kind]) for kind, parts in groups.items() if parts)
        lowest.append(math.log(share / (1 - share)))
    return round(lowest[0] - lowest[1], 3)


def _threshold(top: NDArray[np.float32], parts: list[NDArray[np.int64]], share: float) -> float:
    """The lowest score of which, averaged over the parts, at most `share` of the rows reach it."""
    return lowest(lambda score: np.mean([(top[rows] >= score).mean() for rows in parts]) <= share, 0.0, 1.0)


def describe(scale: Scale) -> str:
    """The text of `careful.json`."""
    described = {
        "categories": list(CATEGORIES),
        "slope": scale.slope,
        "offset": scale.offset,
        "french": scale.french,
    }
    return json.dumps(described, indent=2) + "\n"
