"""From logits to probabilities and thresholds, by rule: nothing here is chosen by looking at a slice.

1. Each model's last logit becomes a probability by Platt's sigmoid, fitted on twins that no model learned from: so
   the models that left sources out, and the shipped one, mean the same by a score.
2. French texts are moved in log-odds (`Scale.french`), so that the same threshold refuses as much in both
   languages: by the difference between the lowest thresholds that each would take alone under rule 3.
3. Thresholds are as low as they may be: of each kind of harmless prompt (ordinary English, ordinary French,
   alarming ones) of sources left out, no more than a share is refused. How categories share it, says `thresholds`.

Kinds are averaged over slices as in evaluate.py, so that a large source decides no more than a small one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.moderation.example import CATEGORIES, Example
from models.moderation.twins import twins
from services.moderator.careful import Scale, combined

ALLOWED = {"ordinary_en": 0.0048, "ordinary_fr": 0.008, "alarming": 0.039}
"""Share of harmless prompts that may be refused, a little below what is promised; less of it for French, which one
collection of a machine's sentences speaks for."""
ORDINARY_EN = ("compbench", "dsg", "geneval", "parti", "tifa")
ALARMING = (
    "overt_benign_scary", "contrast_safe_en", "contrast_safe_fr", "rab_safe_counterpart", "obf_benign",
    "obf_benign_natural",
)  # fmt: skip


@dataclass(frozen=True)
class LeftOut:
    """N prompts, each with the logits [N,K+1] of a model that had not seen its group of sources, the last one
    calibrated, and whether it is French [N]."""

    examples: list[Example]
    logits: NDArray[np.float32]
    french: NDArray[np.bool_]


def join(parts: Sequence[Path], path: Path) -> None:
    """Put what `judge` wrote for each group into one file. Raises FileNotFoundError for a part that is missing."""
    found = [dict(np.load(part)) for part in parts]
    whole = {name: np.concatenate([part[name] for part in found]) for name in ("ids", "logits", "french")}
    held = np.stack([part["held"] for part in found]).astype(np.float16)
    whole["logits"] = whole["logits"].astype(np.float16)
    np.savez_compressed(path, held=held, held_french=found[0]["held_french"], **whole)


def read(examples: Sequence[Example], path: Path) -> tuple[LeftOut, list[LeftOut]]:
    """The prompts that were judged, of all `examples`, and what each model thought of the twins held back."""
    with np.load(path) as archive:
        answers = zip(archive["logits"].astype(np.float32), archive["french"].tolist(), strict=True)
        found = dict(zip(archive["ids"].tolist(), answers, strict=True))
        held, held_french = archive["held"].astype(np.float32), archive["held_french"]
    judged = [e for e in examples if e.id in found]
    logits, in_french = zip(*(found[e.id] for e in judged), strict=True)
    back = twins(held=True)
    left = LeftOut(judged, np.stack(logits), np.array(in_french))
    return left, [LeftOut(back, one, held_french) for one in held]


def kinds(examples: Sequence[Example]) -> dict[str, list[NDArray[np.int64]]]:
    """Rows of each slice of each kind of harmless prompt, and of each source of harmful picture prompts."""
    slices = np.array([e.slice for e in examples])
    found = {
        "ordinary_en": [np.flatnonzero(slices == s) for s in ORDINARY_EN],
        "ordinary_fr": [np.flatnonzero([e.source == "synthetic_fr" for e in examples])],
        "alarming": [np.flatnonzero(slices == s) for s in ALARMING],
    }
    return {kind: [rows for rows in parts if len(rows)] for kind, parts in found.items()}


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


def scores(left: LeftOut) -> NDArray[np.float32]:
    """Probabilities [N,K]."""
    return combined(left.logits, Scale(1.0, 0.0), left.french)


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
        share = max(_lowest(harm, parts, ALLOWED[kind]) for kind, parts in groups.items() if parts)
        lowest.append(math.log(share / (1 - share)))
    return round(lowest[0] - lowest[1], 3)


def moved(left: LeftOut, shift: float) -> LeftOut:
    """The same with `shift` added to the last logit of what is French."""
    logits = left.logits.copy()
    logits[:, -1] += shift * left.french
    return replace(left, logits=logits)


def _lowest(top: NDArray[np.float32], parts: list[NDArray[np.int64]], share: float) -> float:
    """The lowest score of which, averaged over the parts, at most `share` of the rows reach it."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        refused = np.mean([(top[rows] >= middle).mean() for rows in parts])
        low, high = (middle, high) if refused > share else (low, middle)
    return high


def describe(scale: Scale) -> str:
    """The text of `careful.json`."""
    described = {
        "categories": list(CATEGORIES),
        "slope": scale.slope,
        "offset": scale.offset,
        "french": scale.french,
    }
    return json.dumps(described, indent=2) + "\n"
