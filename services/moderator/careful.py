"""The model that reads a prompt: eight layers of multilingual-e5-small, fine-tuned here, in int8.

    text -> unigram pieces -> careful.onnx -> one logit a category and one for "harmful at all"

The model is surer of itself in English, so a French text's log-odds are moved by a number that the recipe settles.
The last logit learns from every harmful example whatever its category, so it knows best whether something is
wrong; the others say what. A category's score is the probability that the text is harmful, times how the
category compares with the likeliest one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from services.moderator.language import french

MAX_TOKENS, OVERLAP = 64, 8
"""Pieces read at once, begin and end included, and those that two parts of a long text share."""
_BEGIN, _PAD, _END = 0, 1, 2


@dataclass(frozen=True)
class Scale:
    """From the last logit to a probability: sigmoid(slope * logit + offset), with `french` added for French."""

    slope: float
    offset: float
    french: float = 0.0


class CarefulReader:
    """Safe to call from several threads: neither the tokeniser nor the session keeps call state."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load `careful.onnx`, `pieces.json` and `careful.json` from `folder`; `threads` is for one call.

        Raises FileNotFoundError if a file is absent.
        """
        for name in ("careful.onnx", "pieces.json", "careful.json"):
            if not (folder / name).is_file():
                raise FileNotFoundError(folder / name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle pool threads must not spin: several services share the machine's cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / "careful.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._pieces: Tokenizer = Tokenizer.from_file(str(folder / "pieces.json"))
        described = json.loads((folder / "careful.json").read_text(encoding="utf-8"))
        self.categories: tuple[str, ...] = tuple(described["categories"])
        self._scale = Scale(*(float(described[name]) for name in ("slope", "offset", "french")))

    def scores(self, texts: Sequence[str], like: str | None = None) -> NDArray[np.float32]:
        """Probabilities [B,K] of B >= 1 normalised texts, each in its own language, or all in that of `like`."""
        in_french = np.array([french(text if like is None else like) for text in texts])
        return combined(self.logits(texts), self._scale, in_french)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[B,K+1] as the model gives them. Of a text with more than MAX_TOKENS pieces, the most harmful part
        counts."""
        rows: list[list[int]] = []
        starts = [0]
        for text in texts:
            pieces: list[int] = self._pieces.encode(text, add_special_tokens=False).ids
            rows += [[_BEGIN, *part, _END] for part in evenly(pieces, MAX_TOKENS - 2)]
            starts.append(len(rows))
        ids = np.full((len(rows), max(map(len, rows))), _PAD, np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
        out: NDArray[np.float32] = self._session.run(None, {"ids": ids, "mask": (ids != _PAD).astype(np.int32)})[0]
        worst = [a + int(out[a:b, -1].argmax()) for a, b in pairwise(starts)]
        chosen: NDArray[np.float32] = out[worst]
        return chosen


def evenly(pieces: list[int], most: int) -> list[list[int]]:
    """The pieces in parts of about equal length, at most `most`, that overlap by OVERLAP; at least one part."""
    count = max(1, -(-(len(pieces) - OVERLAP) // (most - OVERLAP)))
    size = -(-(len(pieces) + (count - 1) * OVERLAP) // count)
    return [pieces[at : at + size] for at in range(0, max(1, len(pieces) - OVERLAP), max(1, size - OVERLAP))]


def combined(logits: NDArray[np.float32], scale: Scale, in_french: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Scores [B,K] from logits [B,K+1] and whether each text is French [B]."""
    harmful = _sigmoid(scale.slope * logits[:, -1:] + scale.offset + scale.french * in_french[:, None])
    kinds = _sigmoid(logits[:, :-1])
    scores: NDArray[np.float32] = (harmful * kinds / kinds.max(axis=1, keepdims=True)).astype(np.float32)
    return scores


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-x.clip(-30, 30))))
