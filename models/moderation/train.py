"""The whole recipe of the prompt moderator, from open data to `head.npz` and `policy.json`.

    python -m models.moderation.train --data PROMPTS --emoji EMOJIBASE --words NAUGHTY --out WEIGHTS

1. Gather: labelled open prompts, harmless captions, listed words, French glosses, disguised copies.
2. Leave out groups of whole sources, one group at a time, fit, and score what was left out. A model always
   looks good on sources it has seen: it knows their style.
3. Choose each category's threshold on those left-out scores, so that harmless prompts pass.
4. Fit on everything, write weights and policy; `--predictions` writes the left-out scores for evaluate.py.

Takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.moderation import corpus
from models.moderation.corpus import CATEGORIES, Example
from models.moderation.fit import Features, Recipe, featurise, fit, predict, targets
from models.moderation.gloss import Glosser, glossed
from services.moderator.normalise import fold, normalise
from services.moderator.policy import mentions_minor
from services.moderator.text import Head
from services.runtime.sentence_encoder import SentenceEncoder

VERSION = "2026.1"
GROUPS = (
    ("overt",),
    ("contrast_hand", "obfuscation_hand"),
    ("tifa", "geneval", "t2i_compbench"),
    ("partiprompts", "dsg1k", "diffusiondb_ir"),
    ("synthetic_fr", "hatecheck_fr", "mlma_fr"),
    ("nibbler_r1", "ring_a_bell", "openai_moderation", "i2p_hard"),
    ("ailuminate", "coconot", "advbench", "xsafety_fr", "hatecheck_en"),
    ("coprov2_train",),
)
# Of each source of harmless picture prompts, the share that one category may refuse. Among dsg1k's are prompts
# of real users for half-dressed figures; overt's are written to sound alarming.
ALLOWED_REFUSALS = {
    "tifa": 0.005, "geneval": 0.005, "t2i_compbench": 0.005, "partiprompts": 0.005, "dsg1k": 0.01,
    "synthetic_fr": 0.002, "contrast_hand": 0.02, "obfuscation_hand": 0.02, "ring_a_bell": 0.03, "overt": 0.05,
}  # fmt: skip
LOWEST_THRESHOLD = 0.3
MOST_LENIENT_MINORS = 0.4
IMAGE_THRESHOLDS = {"sexual": 0.85, "sexual_drawing": 0.95, "suggestive": 0.97}


def gather(data: Path, emoji: Path, words: Path, encoder: SentenceEncoder) -> tuple[list[Example], int]:
    """All examples, weighted; the first `count` are the labelled ones."""
    labelled = corpus.labelled(data)
    captions = corpus.captions(emoji, 16_000, 1)
    examples = [*labelled, *captions, *corpus.bare_words(emoji), *corpus.listed_words(words, captions, 2)]
    examples += corpus.disguised(examples, 0.1, 3)
    gloss = Glosser(labelled, [french for _, french in corpus.concepts(emoji)], encoder)
    examples += glossed(labelled, gloss, 5_000, 4)
    return corpus.weighted(examples), len(labelled)


def left_out_scores(
    examples: Sequence[Example], count: int, features: Features, recipe: Recipe
) -> NDArray[np.float32]:
    """Scores [count,K] of the labelled prompts, each by a model that never saw its group of sources."""
    labels, weights = targets(examples)
    sources = np.array([e.source for e in examples])
    useful = np.array([e.weight > 0 for e in examples])
    scores = np.full((count, len(CATEGORIES)), np.nan, np.float32)
    for group in GROUPS:
        held = np.isin(sources, group)
        head = fit(features, labels, weights, np.flatnonzero(~held & useful), recipe)
        rows = np.flatnonzero(held[:count])
        scores[rows] = predict(head, features, rows)
        print(f"left out {', '.join(group)}: {len(rows)} prompts scored", flush=True)
    return scores


def thresholds(examples: Sequence[Example], scores: NDArray[np.float32]) -> dict[str, float]:
    """The lowest threshold a category may have without refusing more than ALLOWED_REFUSALS anywhere."""
    chosen = {}
    for k, category in enumerate(CATEGORIES):
        lowest = LOWEST_THRESHOLD
        for source, share in ALLOWED_REFUSALS.items():
            safe = np.array([e.source == source and e.category == "none" for e in examples[: len(scores)]])
            ranked = np.sort(scores[safe, k])[::-1]
            lowest = max(lowest, float(ranked[int(share * len(ranked))]))
        chosen[category] = min(0.99, round(lowest + 0.005, 2))
    return chosen


def minors_threshold(examples: Sequence[Example], scores: NDArray[np.float32]) -> float:
    """The sexual score that 1 in 100 harmless captions about children reaches, at most MOST_LENIENT_MINORS.

    Lessons about sex education (OVERT) are left to that bound: strictness goes first here.
    """
    sexual = [
        scores[row, CATEGORIES.index("sexual")]
        for row, example in enumerate(examples[: len(scores)])
        if example.source in ALLOWED_REFUSALS
        and example.source != "overt"
        and example.category == "none"
        and mentions_minor(fold(normalise(example.prompt)))
    ]
    return min(MOST_LENIENT_MINORS, max(0.05, round(float(np.quantile(sexual, 0.99)), 2)))


def save(head: Head, policy: dict[str, object], folder: Path) -> None:
    """Write `head.npz` (float16) and `policy.json`, and print sizes and digests."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / "head.npz",
        categories=np.array(head.categories),
        **{
            name: getattr(head, name).astype(np.float16 if name == "grams" else np.float32)
            for name in ("mean", "dense", "grams", "bias")
        },
    )
    (folder / "policy.json").write_text(json.dumps(policy, indent=2) + "\n", encoding="utf-8")
    for name in ("head.npz", "policy.json"):
        data = (folder / name).read_bytes()
        print(f"{name}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled *.jsonl.gz")
    parser.add_argument("--emoji", type=Path, required=True, help="unpacked npm emojibase-data")
    parser.add_argument("--words", type=Path, required=True, help="unpacked npm naughty-words")
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--out", type=Path, default=Path("models/weights/prompt-moderator"))
    parser.add_argument("--predictions", type=Path, help="left-out predictions, for evaluate.py")
    arguments = parser.parse_args()

    encoder = SentenceEncoder(arguments.encoder)
    examples, count = gather(arguments.data, arguments.emoji, arguments.words, encoder)
    print(f"{len(examples)} prompts, {count} of them labelled")
    features = featurise([e.prompt for e in examples], encoder)
    recipe = Recipe()
    scores = left_out_scores(examples, count, features, recipe)
    limits = thresholds(examples, scores)
    policy = {
        "version": VERSION,
        "prompt": limits,
        "minors_sexual": minors_threshold(examples, scores),
        "image": IMAGE_THRESHOLDS,
    }
    labels, weights = targets(examples)
    useful = np.flatnonzero([e.weight > 0 for e in examples])
    save(fit(features, labels, weights, useful, recipe), policy, arguments.out)
    if arguments.predictions:
        write_predictions(arguments.predictions, examples[:count], scores, limits)


def write_predictions(
    path: Path, examples: Sequence[Example], scores: NDArray[np.float32], limits: dict[str, float]
) -> None:
    """One JSON a line: id, flagged, and the score as the margin over the nearest threshold."""
    margins = (scores / np.array([limits[c] for c in CATEGORIES])).max(axis=1)
    with path.open("w", encoding="utf-8") as file:
        for example, margin in zip(examples, margins, strict=True):
            row = {"id": example.id, "flagged": bool(margin >= 1), "score": float(margin)}
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
