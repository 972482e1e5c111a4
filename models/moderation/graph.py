"""The careful reader as an ONNX graph in int8, built node by node for the fused operators of onnxruntime.

    ids [B,T], mask [B,T] -> logits [B,K]

Per layer a dozen nodes instead of about thirty: a call on twenty tokens is bound by the number of nodes as much as
by arithmetic. A few channels of the activations are twenty times as large as the rest and would leave these only a
few steps of the 256; so every channel is divided by a power of its largest value before it is rounded, and the
weights take that up (SmoothQuant, Xiao et al., 2023). Behind the Gelu one channel can be twelve times as large as
the next; the largest FAR of those are multiplied apart, in float (as in LLM.int8(), Dettmers et al., 2022).
Against float32 the last logit then differs by 0.08 in the median and 0.3 in one of twenty (0.13 and 0.5 without
that).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Arrays = Mapping[str, NDArray[np.float32]]
MS = "com.microsoft"
LIMIT = 100
"""Largest weight: short of 127, for the AVX2 kernel adds two products in 16 bits."""
MIGRATED = 0.8
"""The power: how much of the spread of the activations goes into the weights."""
FAR = 8
"""Channels behind a Gelu that stay in float."""


class Graph:
    """Nodes and constants as they come."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._count = 0

    def constant(self, array: NDArray[np.generic]) -> str:
        """The name of a new constant."""
        self._count += 1
        name = f"c{self._count}"
        self.constants.append(numpy_helper.from_array(array.copy(order="C"), name))
        return name

    def node(self, kind: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: object) -> list[str]:
        """The names of a new node's outputs."""
        self._count += 1
        names = [f"n{self._count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **attributes))
        return names

    def linear(
        self,
        x: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
        largest: NDArray[np.float32],
        far: int = 0,
    ) -> str:
        """x @ weight.T + bias with weight [out,in] in int8; `largest` [in] is how large x gets. The `far` largest
        channels are multiplied in float."""
        apart = np.argsort(-largest)[:far]
        near = np.ones(len(largest), np.float32)
        near[apart] = 0.0
        divisor = np.maximum(largest, 1e-3) ** MIGRATED / np.maximum(np.abs(weight).max(axis=0), 1e-3) ** (
            1 - MIGRATED
        )
        divisor = (divisor / np.exp(np.log(divisor).mean())).astype(np.float32)
        even = self.node("Mul", x, self.constant(near / divisor))[0]
        spread = weight * divisor * near
        scale = np.maximum(np.abs(spread).max(axis=1), 1e-8).astype(np.float32) / LIMIT
        whole = np.clip(np.rint(spread / scale[:, None]), -LIMIT, LIMIT).astype(np.int8).T
        product = self.node(
            "DynamicQuantizeMatMul", even, self.constant(whole), self.constant(scale),
            self.constant(np.zeros(len(scale), np.int8)), self.constant(bias), domain=MS,
        )[0]  # fmt: skip
        if not far:
            return product
        few = self.node("Gather", x, self.constant(apart.astype(np.int64)), axis=-1)[0]
        exact = self.node("MatMul", few, self.constant(np.ascontiguousarray(weight[:, apart].T)))[0]
        return self.node("Add", product, exact)[0]


def build(arrays: Arrays, largest: Arrays, *, layers: int, heads: int, epsilon: float) -> onnx.ModelProto:
    """`arrays` as `Reader.arrays` gives them, `largest` as `Reader.largest` does."""
    g = Graph()
    word = arrays["emb.word"]
    scale = np.maximum(np.abs(word).max(axis=1, keepdims=True), 1e-8).astype(np.float32) / 127
    rows = g.node("Gather", g.constant(np.rint(word / scale).astype(np.int8)), "ids")[0]
    scales = g.node("Gather", g.constant(scale), "ids")[0]
    x = g.node("Mul", g.node("Cast", rows, to=TensorProto.FLOAT)[0], scales)[0]
    size = g.node("Shape", "ids", start=1, end=2)[0]
    zero = g.constant(np.array([0], np.int64))
    place = g.node("Slice", g.constant(arrays["emb.pos"]), zero, size)[0]
    x = g.node("Add", x, place)[0]
    x = g.node(
        "LayerNormalization", x, g.constant(arrays["emb.ln.w"]), g.constant(arrays["emb.ln.b"]), epsilon=epsilon
    )[0]
    for layer in range(layers):
        x = _layer(g, x, (arrays, largest), f"l{layer}.", heads=heads, epsilon=epsilon)
    mask = g.node("Cast", "mask", to=TensorProto.FLOAT)[0]
    axis = g.constant(np.array([1], np.int64))
    weight = g.node("Unsqueeze", mask, g.constant(np.array([2], np.int64)))[0]
    total = g.node("ReduceSum", g.node("Mul", x, weight)[0], axis, keepdims=0)[0]
    mean = g.node("Div", total, g.node("ReduceSum", weight, axis, keepdims=0)[0])[0]
    first = g.node("Gather", x, g.constant(np.array(0, np.int64)), axis=1)[0]
    pooled = g.node("Concat", mean, first, axis=1)[0]
    product = g.node("MatMul", pooled, g.constant(np.ascontiguousarray(arrays["head.w"].T)))[0]
    logits = g.node("Add", product, g.constant(arrays["head.b"]))[0]
    g.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    graph = helper.make_graph(
        g.nodes,
        "careful",
        [helper.make_tensor_value_info(n, t, ["b", "t"]) for n, t in
         (("ids", TensorProto.INT64), ("mask", TensorProto.INT32))],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", len(arrays["head.b"])])],
        g.constants,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(MS, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _layer(g: Graph, x: str, both: tuple[Arrays, Arrays], at: str, *, heads: int, epsilon: float) -> str:
    arrays, largest = both
    weight = np.concatenate([arrays[f"{at}{n}.w"] for n in "qkv"])
    bias = np.concatenate([arrays[f"{at}{n}.b"] for n in "qkv"])
    q, k, v = g.node("Split", g.linear(x, weight, bias, largest[f"{at}qkv"]), outputs=3, axis=2, num_outputs=3)
    seen = g.node("MultiHeadAttention", q, k, v, "", "mask", domain=MS, num_heads=heads)[0]
    out = g.linear(seen, arrays[f"{at}ao.w"], arrays[f"{at}ao.b"], largest[f"{at}ao"])
    x = _norm(g, (out, x), arrays, f"{at}aln", epsilon)
    middle = g.node("Gelu", g.linear(x, arrays[f"{at}fi.w"], arrays[f"{at}fi.b"], largest[f"{at}fi"]), domain=MS)[
        0
    ]
    out = g.linear(middle, arrays[f"{at}fo.w"], arrays[f"{at}fo.b"], largest[f"{at}fo"], far=FAR)
    return _norm(g, (out, x), arrays, f"{at}oln", epsilon)


def _norm(g: Graph, added: tuple[str, str], arrays: Arrays, at: str, epsilon: float) -> str:
    gamma, beta = g.constant(arrays[f"{at}.w"]), g.constant(arrays[f"{at}.b"])
    return g.node("SkipLayerNormalization", *added, gamma, beta, domain=MS, epsilon=epsilon)[0]
