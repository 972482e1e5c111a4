"""A few lines over `onnx.helper` that let a graph be written as nested calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

OPSET = 18  # the first with BitwiseAnd


class Graph:
    """Collects nodes, constants, inputs and outputs; every method that makes a value returns its name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: int, shape: Sequence[str | int]) -> str:
        """Declare a graph input; a string in `shape` is a free dimension."""
        self._inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name: str, value: str, shape: Sequence[str | int]) -> None:
        """Declare `value` (float32) as the graph output `name`."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))

    def constant(self, name: str, value: ArrayLike) -> str:
        """A stored array, kept in its own dtype."""
        if name in self._constants:
            raise ValueError(f"constant {name} stands twice in the graph")
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)
        return name

    def weight(self, name: str, value: NDArray[np.generic]) -> str:
        """A float32 array stored as float16 and cast when the session folds its constants."""
        return self.op("Cast", self.constant(f"{name}_half", value.astype(np.float16)), to=onnx.TensorProto.FLOAT)

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Add a node with one output."""
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def split(self, value: str, sizes: Sequence[int], axis: int) -> list[str]:
        """Cut `value` along `axis` into pieces of the given sizes."""
        number = len(self._nodes)
        names = [f"split_{number}_{index}" for index in range(len(sizes))]
        lengths = self.constant(f"split_{number}_sizes", np.array(sizes, np.int64))
        self._nodes.append(helper.make_node("Split", [value, lengths], names, axis=axis))
        return names

    def norm(self, value: str, gain: NDArray[np.generic], bias: NDArray[np.generic], eps: float) -> str:
        """Layer norm over the last axis."""
        number = len(self._nodes)
        names = (self.constant(f"norm_{number}_gain", gain), self.constant(f"norm_{number}_bias", bias))
        return self.op("LayerNormalization", value, *names, axis=-1, epsilon=eps)

    def model(self, description: str) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._constants.values())
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9, doc_string=description
        )
        onnx.checker.check_model(model)
        return model
