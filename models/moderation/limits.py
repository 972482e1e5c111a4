"""Settles what is refused, from the left-out logits alone: `python -m models.moderation.limits --data PROMPTS`.

Nothing is trained: LEFT_OUT holds what the models thought of the prompts that they had not seen. Writes the limits
to `policy.json`, what French is moved by to `careful.json`, and the predictions for `report` and evaluate.py.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.moderation import corpus, left_out, settle
from models.moderation.example import CATEGORIES
from models.moderation.thresholds import log_odds, thresholds
from services.moderator.normalise import fold, normalise
from services.moderator.policy import mentions_minor

VERSION = "2026.5"
LEFT_OUT = Path("docs/model/prompt-moderator-left-out.npz")
IMAGE_THRESHOLDS = {"sexual": 0.85, "sexual_drawing": 0.95, "suggestive": 0.97}
MOST_LENIENT_MINORS = 0.6


def minors_threshold(left: left_out.LeftOut) -> float:
    """The sexual score that 1 in 200 harmless picture prompts about children reaches, at most
    MOST_LENIENT_MINORS."""
    scores = left_out.scores(left)[:, CATEGORIES.index("sexual")]
    safe = [
        scores[i]
        for i, e in enumerate(left.examples)
        if e.for_picture and e.category == "none" and e.source not in ("overt", "coprov2_train", "diffusiondb_ir")
        and mentions_minor(fold(normalise(e.prompt)))
    ]  # fmt: skip
    return min(MOST_LENIENT_MINORS, max(0.02, round(float(np.quantile(safe, 0.995)), 3)))


def speaks_of_minors(left: left_out.LeftOut, minors: float) -> NDArray[np.bool_]:
    """Rows that the rule for minors refuses."""
    sexual = left_out.scores(left)[:, CATEGORIES.index("sexual")]
    young = np.array([mentions_minor(fold(normalise(e.prompt))) for e in left.examples])
    return young & (sexual >= minors)


def predictions(
    path: Path, left: left_out.LeftOut, scores: NDArray[np.float64], refused: NDArray[np.bool_]
) -> None:
    """One JSON a line, for evaluate.py; a score of 0.5 or more is a refusal.

    `scores` [N] are distances to the threshold in log-odds.
    """
    with path.open("w", encoding="utf-8") as file:
        for row, example in enumerate(left.examples):
            value = max(1 / (1 + np.exp(-scores[row])), 0.5 * refused[row])
            entry = {"id": example.id, "flagged": bool(value >= 0.5), "score": float(value)}
            file.write(json.dumps(entry) + "\n")


def main() -> None:
    """Write the policy and the predictions."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled *.jsonl.gz")
    parser.add_argument("--left-out", type=Path, default=LEFT_OUT)
    parser.add_argument("--predictions", type=Path, required=True, help="the file to write")
    parser.add_argument("--weights", type=Path, default=Path("models/weights/prompt-moderator"))
    arguments = parser.parse_args()
    apart, held = left_out.read(corpus.labelled(arguments.data), arguments.left_out)
    shift = settle.french_shift(apart)
    left = left_out.moved(apart, shift)
    minors = minors_threshold(left)
    refused = speaks_of_minors(left, minors)
    limits = thresholds(left, refused, [left_out.moved(one, shift) for one in held])
    bounds = log_odds(np.array([limits[c] for c in CATEGORIES]))
    margin = (log_odds(left_out.scores(left)) - bounds).max(axis=1)
    predictions(arguments.predictions, left, margin, refused)

    careful = arguments.weights / "careful.json"
    described = json.loads(careful.read_text(encoding="utf-8")) | {"french": shift}
    careful.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    policy = {"version": VERSION, "prompt": limits, "minors_sexual": minors, "image": IMAGE_THRESHOLDS}
    (arguments.weights / "policy.json").write_text(json.dumps(policy, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
