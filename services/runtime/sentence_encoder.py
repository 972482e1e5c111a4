"""Prompts to vectors: USE-multilingual v3 through onnxruntime, tokenised by sentencepiece.

English and French (and 14 more languages) share one space. `sentence` is a unit vector for the whole
prompt; `tokens` are context-aware vectors for cross-attention. A row's result does not depend on what
else is in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import sentencepiece
from numpy.typing import NDArray

SENTENCE_DIM = 512
TOKEN_DIM = 1280
_UNKNOWN, _BEGIN, _END = 0, 1, 2
# The longest piece of the vocabulary: characters beyond `max_tokens` pieces of that length cannot reach
# the encoder, so cutting there first bounds the tokeniser's work and changes nothing.
_LONGEST_PIECE_CHARS = 16


@dataclass(frozen=True, slots=True)
class Encoded:
    """B prompts, padded to the T tokens of the longest; begin and end marks count as tokens."""

    sentence: NDArray[np.float32]  # [B,512], unit length
    tokens: NDArray[np.float32]  # [B,T,1280], zero where mask is False
    mask: NDArray[np.bool_]  # [B,T]


class SentenceEncoder:
    """Safe to call from several threads at once: neither the tokeniser nor the session keeps call state."""

    def __init__(self, folder: Path, threads: int = 1, max_tokens: int = 128) -> None:
        """Load `model.onnx` and `sp.model` from `folder`; `threads` is for one call.

        Raises FileNotFoundError if a file is absent, ValueError if `max_tokens` leaves no room for a word.
        """
        if max_tokens < 3:
            raise ValueError(f"max_tokens must be at least 3, got {max_tokens}")
        for name in ("model.onnx", "sp.model"):
            if not (folder / name).is_file():
                raise FileNotFoundError(folder / name)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Idle pool threads must not spin: several services share the machine's cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sp.model"))
        self._max_tokens = max_tokens

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode B >= 0 prompts; the words beyond `max_tokens` tokens of a prompt are ignored.

        An empty prompt is one unknown token, as the original model reads it.
        """
        if not texts:
            empty = np.zeros((0, 0), np.bool_)
            return Encoded(self.encode_sentences([]), np.zeros((0, 0, TOKEN_DIM), np.float32), empty)
        ids, mask = self._padded(texts)
        sentence, tokens = self._session.run(["sentence", "tokens"], _feed(ids, mask))
        return Encoded(sentence, tokens, mask)

    def encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Only the unit vectors [B,512], when nobody attends to tokens."""
        if not texts:
            return np.zeros((0, SENTENCE_DIM), np.float32)
        vectors: NDArray[np.float32] = self._session.run(["sentence"], _feed(*self._padded(texts)))[0]
        return vectors

    def _padded(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Token ids and mask [B,T], T the longest row."""
        rows = [self._ids(text) for text in texts]
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros(ids.shape, np.bool_)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = True
        return ids, mask

    def _ids(self, text: str) -> list[int]:
        """Piece ids of one prompt with begin and end marks, at most `max_tokens`."""
        # The tokeniser merges white space too, so merging it before the cut loses no word.
        start = " ".join(text.split())[: self._max_tokens * _LONGEST_PIECE_CHARS]
        # A lone surrogate cannot be written as UTF-8, which is what the tokeniser reads.
        readable = start.encode("utf-8", "replace").decode("utf-8")
        pieces: list[int] = self._pieces.encode(readable, out_type=int)
        return [_BEGIN, *(pieces or [_UNKNOWN])[: self._max_tokens - 2], _END]


def _feed(ids: NDArray[np.int64], mask: NDArray[np.bool_]) -> dict[str, NDArray[np.generic]]:
    return {"ids": ids, "mask": mask.astype(np.float32)}
