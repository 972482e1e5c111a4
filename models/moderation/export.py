"""A trained reader as the files that the service loads: `careful.onnx`, `pieces.json` and `careful.json`.

The vocabulary of 250,000 pieces is cut to those that English and French texts use; a piece that was cut is
spelled with smaller ones.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from models.moderation import corpus, lexicon
from models.moderation.cache import token_ids
from models.moderation.e5 import E5
from models.moderation.example import CATEGORIES, Example
from models.moderation.graph import build
from models.moderation.groups import GROUPS
from models.moderation.pieces import SPECIAL, tokeniser
from models.moderation.reader import Reader
from models.moderation.scenes import scenes
from models.moderation.settle import Scale, describe
from models.moderation.tune import ABOVE, BELOW, checkpoint
from models.moderation.twins import twins
from services.moderator.careful import MAX_TOKENS
from services.moderator.normalise import normalise

PIECES = 38_000
CALIBRATED = 800
"""Lessons that tell how large the activations get."""

_LATIN = re.compile(r"▁?[a-zàâäçéèêëîïôöùûüÿ]{1,12}|▁?[\x20-\x7e]|[0-9]{1,2}")


def kept(model: E5, texts: Iterable[str], words: Iterable[str]) -> list[int]:
    """Rows of the vocabulary to keep: the special ones, single signs, and what texts and words use most."""
    whole = tokeniser(model)
    used = Counter[int]()
    for start in _chunks(list(texts)):
        for one in whole.encode_batch(start, add_special_tokens=False):
            used.update(one.ids)
    for start in _chunks(list(words)):
        for one in whole.encode_batch(start, add_special_tokens=False):
            used.update(one.ids)
    signs = [
        i for i, piece in enumerate(model.pieces) if len(piece.removeprefix("▁")) <= 1 and _LATIN.fullmatch(piece)
    ]
    rest = [i for i, piece in enumerate(model.pieces) if i not in used and _LATIN.fullmatch(piece)]
    order = [
        *range(SPECIAL),
        *signs,
        *(i for i, _ in used.most_common()),
        *sorted(rest, key=lambda i: -model.scores[i]),
    ]
    return sorted(dict.fromkeys(order[: PIECES + len(signs)]))[:PIECES]


def _chunks(texts: Sequence[str]) -> Iterable[list[str]]:
    return (list(texts[i : i + 4096]) for i in range(0, len(texts), 4096))


def rows_of(model: E5, labelled: Sequence[Example], emoji: Path, saved: Path) -> list[int]:
    """What `kept` says of all texts at hand; read from `saved` if it is there."""
    if not saved.exists():
        made = [*labelled, *scenes(60_000, 8), *twins(), *corpus.captions(emoji, 6_000, 1)]
        texts = [normalise(example.prompt) for example in made]
        np.save(saved, np.array(kept(model, texts, lexicon.count(texts))))
    rows: list[int] = np.load(saved).tolist()
    return rows


def export(model: E5, work: Path, left_out: int | None, rows: Sequence[int], folder: Path) -> None:
    """Write the three files, not yet calibrated.

    What ships is the mean of all runs' weights, those too that left a group out: they began at the same layers,
    and the mean judges the twins held back better than the one run alone.

    Raises FileNotFoundError for a run of `tune` that `work` lacks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reader = Reader(model, BELOW, ABOVE, len(CATEGORIES) + 1)
    runs = [left_out] if left_out is not None else [None, *range(len(GROUPS))]
    taught = [torch.load(work / checkpoint(run), weights_only=True)["reader"] for run in runs]
    mean = {name: torch.stack([state[name] for state in taught]).mean(0) for name in taught[0]}
    reader.load_state_dict(mean, strict=False)
    lessons = random.Random(9).sample(twins(), CALIBRATED)
    samples = token_ids([normalise(e.prompt) for e in lessons], tokeniser(model), MAX_TOKENS)
    largest = reader.largest(samples)
    arrays = reader.arrays()
    arrays["emb.word"], arrays["emb.pos"] = arrays["emb.word"][rows], arrays["emb.pos"][:MAX_TOKENS]
    graph = build(arrays, largest, layers=BELOW + ABOVE, heads=model.heads, epsilon=model.epsilon)
    (folder / "careful.onnx").write_bytes(graph.SerializeToString())
    tokeniser(model, rows).save(str(folder / "pieces.json"), pretty=False)
    (folder / "careful.json").write_text(describe(Scale(1.0, 0.0)), encoding="utf-8")
