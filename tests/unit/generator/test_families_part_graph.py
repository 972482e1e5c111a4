"""Graphs of other number types take and give float32: half-precision exports, and time steps that are whole."""

from pathlib import Path

import numpy as np
import pytest

from services.generator.families.onnx_file import OnnxFile
from services.generator.families.part_graph import PartGraph
from services.generator.families.wire import wrapped
from services.generator.folder import FolderError
from services.generator.providers import Execution

FLOAT16, INT64, BOOL = 10, 7, 9  # of TensorProto.DataType
VERSIONS = bytes([0x08, 8]) + wrapped(8, bytes([0x10, 17]))  # of the representation and of the operators


def entry(name: str, number_type: int) -> bytes:
    """A ValueInfoProto with one open axis."""
    shape = wrapped(2, wrapped(1, wrapped(2, b"n")))
    tensor = wrapped(1, bytes([0x08, number_type]) + shape)
    return wrapped(1, name.encode()) + wrapped(2, tensor)


def graph_of(place: Path, number_type: int) -> OnnxFile:
    """A model that gives back what it is given."""
    node = wrapped(1, b"x") + wrapped(2, b"y") + wrapped(4, b"Identity")
    graph = wrapped(1, node) + wrapped(2, b"g")
    graph += wrapped(11, entry("x", number_type)) + wrapped(12, entry("y", number_type))
    (place / "part").mkdir()
    (place / "part" / "model.onnx").write_bytes(VERSIONS + wrapped(7, graph))
    return OnnxFile(place, "part")


@pytest.mark.parametrize(("number_type", "answer"), [(FLOAT16, [1.5, 2.25]), (INT64, [1.0, 2.0])])
def test_float32_in_and_out(number_type: int, answer: list[float], tmp_path: Path) -> None:
    graph = PartGraph(graph_of(tmp_path, number_type), {"x": (None,)}, [{"x": (2,)}] * 3, execution=Execution(1))
    (given,) = graph.run(["y"], {"x": np.array([1.5, 2.25], np.float32)})
    assert given.dtype == np.float32
    assert given.tolist() == answer


def test_numbers_that_are_not_finite_and_missing_outputs_are_refused(tmp_path: Path) -> None:
    graph = PartGraph(graph_of(tmp_path, FLOAT16), {"x": (None,)}, [{"x": (2,)}] * 3, execution=Execution(1))
    with pytest.raises(FolderError, match=r"^part/model.onnx answers with numbers that are not finite$"):
        graph.tried(["y"], {"x": np.array([np.inf], np.float32)})
    with pytest.raises(FolderError, match=r"^part/model.onnx: output z is missing$"):
        graph.must_have("y", "z")


def test_other_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"^part/model.onnx: input x is tensor\(bool\) \['n'\], not \(None,\)$"):
        PartGraph(graph_of(tmp_path, BOOL), {"x": (None,)}, [{"x": (2,)}] * 3, execution=Execution(1))
