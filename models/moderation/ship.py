"""Writes what the service loads: `careful.onnx`, `pieces.json`, `careful.json`, `words.npz` and `policy.json`.

    python -m models.moderation.ship --data PROMPTS --emoji EMOJIBASE --words NAUGHTY --work WORK

Needs the runs of `tune` and `judge` in WORK, with every group left out, and that of `tune` with none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.moderation import corpus, e5, settle
from models.moderation.example import CATEGORIES
from models.moderation.export import export, rows_of
from models.moderation.groups import GROUPS
from models.moderation.judge import scale_of
from models.moderation.vocabulary import words
from services.moderator.careful import CarefulReader
from services.moderator.normalise import fold, normalise
from services.moderator.policy import mentions_minor

VERSION = "2026.4"
IMAGE_THRESHOLDS = {"sexual": 0.85, "sexual_drawing": 0.95, "suggestive": 0.97}
MOST_LENIENT_MINORS = 0.6


def minors_threshold(left: settle.LeftOut) -> float:
    """The sexual score that 1 in 200 harmless picture prompts about children reaches, at most
    MOST_LENIENT_MINORS."""
    scores = settle.scores(left)[:, CATEGORIES.index("sexual")]
    safe = [
        scores[i]
        for i, e in enumerate(left.examples)
        if e.for_picture and e.category == "none" and e.source not in ("overt", "coprov2_train", "diffusiondb_ir")
        and mentions_minor(fold(normalise(e.prompt)))
    ]  # fmt: skip
    return min(MOST_LENIENT_MINORS, max(0.02, round(float(np.quantile(safe, 0.995)), 3)))


def speaks_of_minors(left: settle.LeftOut, minors: float) -> NDArray[np.bool_]:
    """Rows that the rule for minors refuses."""
    sexual = settle.scores(left)[:, CATEGORIES.index("sexual")]
    young = np.array([mentions_minor(fold(normalise(e.prompt))) for e in left.examples])
    return young & (sexual >= minors)


def predictions(path: Path, left: settle.LeftOut, scores: NDArray[np.float32], refused: NDArray[np.bool_]) -> None:
    """One JSON a line, for evaluate.py; a score of 0.5 or more is a refusal.

    `scores` [N] are distances to the threshold in log-odds.
    """
    with path.open("w", encoding="utf-8") as file:
        for row, example in enumerate(left.examples):
            value = max(1 / (1 + np.exp(-scores[row])), 0.5 * refused[row])
            entry = {"id": example.id, "flagged": bool(value >= 0.5), "score": float(value)}
            file.write(json.dumps(entry) + "\n")


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled *.jsonl.gz")
    parser.add_argument("--emoji", type=Path, required=True, help="unpacked npm emojibase-data")
    parser.add_argument("--words", type=Path, required=True, help="unpacked npm naughty-words")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/weights/prompt-moderator"))
    arguments = parser.parse_args()
    labelled = corpus.labelled(arguments.data)
    apart = settle.read(labelled, arguments.work, len(GROUPS))
    shift = settle.french_shift(apart)
    left = settle.moved(apart, shift)
    minors = minors_threshold(left)
    refused = speaks_of_minors(left, minors)
    limits = settle.thresholds(left, refused)
    scores = settle.scores(left).clip(1e-6, 1 - 1e-6)
    bounds = np.array([limits[c] for c in CATEGORIES])
    margin = (np.log(scores / (1 - scores)) - np.log(bounds / (1 - bounds))).max(axis=1)
    predictions(arguments.work / "predictions.jsonl", left, margin, refused)

    model = e5.load(e5.shipped())
    lexicon = words(labelled, arguments.emoji, arguments.words, model, arguments.work / "words.npz")
    rows = rows_of(model, labelled, arguments.emoji, arguments.work / "kept.npy")
    export(model, arguments.work, None, rows, arguments.out)
    scale = replace(scale_of(CarefulReader(arguments.out), lexicon), french=shift)
    (arguments.out / "careful.json").write_text(settle.describe(scale), encoding="utf-8")
    shutil.copy(arguments.work / "words.npz", arguments.out / "words.npz")
    policy = {"version": VERSION, "prompt": limits, "minors_sexual": minors, "image": IMAGE_THRESHOLDS}
    (arguments.out / "policy.json").write_text(json.dumps(policy, indent=2) + "\n", encoding="utf-8")
    for path in sorted(arguments.out.iterdir()):
        data = path.read_bytes()
        print(f"{path.name}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
