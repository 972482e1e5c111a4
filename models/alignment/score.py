"""Reads the judge with onnxruntime and numpy alone, so tests and benches need no torch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from models.text2image.render import reduced
from services.runtime.sentence_encoder import SentenceEncoder

IMAGE, TEXT = "image.onnx", "text.onnx"
SIZE = 64
"""Edge in pixels of the pictures that the judge learned from."""
_ROWS = 16


class AlignmentScorer:
    """How well pictures fit prompts: cosines in the shared space, -1 to 1. Deterministic on one machine."""

    def __init__(self, folder: Path, encoder: SentenceEncoder, threads: int = 0) -> None:
        """`threads` for one call, 0 for all cores. Raises onnxruntime's NoSuchFile if a graph is absent."""
        options, providers = onnxruntime.SessionOptions(), ["CPUExecutionProvider"]
        options.intra_op_num_threads = threads
        self._image = onnxruntime.InferenceSession(str(folder / IMAGE), options, providers=providers)
        self._text = onnxruntime.InferenceSession(str(folder / TEXT), options, providers=providers)
        self._encoder = encoder

    def pictures(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8[N, S, S, 3] to unit vectors float32[N, D] and the image tower's features float32[N, 1280].

        The tower has learned at SIZE pixels; larger pictures are reduced to that.
        """
        scaled = (reduced(pictures, SIZE).astype(np.float32) / 127.5 - 1.0).transpose(0, 3, 1, 2)
        parts = [self._image.run(None, {"input": scaled[at : at + _ROWS]}) for at in range(0, len(scaled), _ROWS)]
        vectors, features = (np.concatenate(column) for column in zip(*parts, strict=True))
        return vectors, features

    def prompts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors float32[N, D], each prompt encoded alone in length."""
        sentences = [self._encoder.encode_sentences(list(texts[at : at + 64])) for at in range(0, len(texts), 64)]
        return np.asarray(self._text.run(None, {"input": np.concatenate(sentences)})[0])

    def score(self, texts: Sequence[str], pictures: np.ndarray) -> np.ndarray:
        """float32[N]: each picture against its own prompt."""
        return np.asarray((self.prompts(texts) * self.pictures(pictures)[0]).sum(axis=1))


def frechet(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Fréchet distance between normal distributions fitted to two sets of features.

    As FID has it (Heusel et al. 2017), of float[N, F] and float[M, F]. Other features and other pictures than
    FID's: only figures of one table compare. Few rows make it larger, so hold the counts equal.
    """
    means = ours.mean(axis=0, dtype=np.float64), theirs.mean(axis=0, dtype=np.float64)
    # With X, Y centred and scaled so that the covariances are XᵀX and YᵀY, the trace of (XᵀX YᵀY)^½ is the sum
    # of the singular values of X Yᵀ: exact. Those of their triangles are the same, of at most F rows.
    x, y = ((part - mean) / np.sqrt(len(part) - 1) for part, mean in zip((ours, theirs), means, strict=True))
    triangles = [np.linalg.qr(part, mode="r") for part in (x, y)]
    shared = np.linalg.svd(triangles[0] @ triangles[1].T, compute_uv=False).sum()
    apart = ((means[0] - means[1]) ** 2).sum()
    return float(apart + (x**2).sum() + (y**2).sum() - 2.0 * shared)
