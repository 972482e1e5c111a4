"""Reads a `model.onnx`, and gives Stable Diffusion's denoisers a time step for each row.

Exports of U-Nets take one `timestep` without axes for all rows: the exporter met a number, made it a row of one by
an `Unsqueeze`, and spread it over the batch. With `timestep` declared as `[batch]` and that one node turned into
an `Identity`, the spreading finds the batch there already: rows may then be at different steps, and a row alone
computes what it did before. Only bytes in memory are changed; the folder is not written to.

Field numbers are those of onnx.proto (github.com/onnx/onnx, version 1 of the intermediate representation).
"""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from services.generator.families.wire import Field, fields, of, wrapped
from services.generator.folder import FolderError

TIMESTEP = "timestep"

_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER, _INPUT, _VALUE_INFO = 1, 5, 11, 13  # of GraphProto
_NODE_INPUT, _NODE_OUTPUT, _OPERATOR = 1, 2, 4  # of NodeProto
_NAME, _TYPE = 1, 2  # of ValueInfoProto
_TENSOR = 1  # of TypeProto
_SHAPE = 2  # of TypeProto.Tensor
_DIM, _DIM_NAME = 1, 2  # of TensorShapeProto and its Dimension
_EXTERNAL, _KEY, _VALUE = 13, 1, 2  # of TensorProto and StringStringEntryProto
_IDENTITY = b"Identity"


class OnnxFile:
    """`part/model.onnx` of a folder, and the weights beside it. Raises FolderError where it is no model, or where
    weights are missing or outside of its folder."""

    def __init__(self, folder: Path, part: str) -> None:
        self.name, self.folder, self.part = f"{part}/model.onnx", folder, part
        self.weights = folder / part
        try:
            self.bytes = (self.weights / "model.onnx").read_bytes()
        except FileNotFoundError:
            raise FolderError(f"{self.name} is missing") from None
        except OSError as error:
            raise FolderError(f"{self.name} cannot be read: {error.strerror}") from None
        try:
            graphs = of(memoryview(self.bytes), _GRAPH)
            places = sorted({place for graph in graphs for place in _places(graph)})
        except ValueError as error:
            raise FolderError(f"{self.name} is not an ONNX model: {error}") from None
        if len(graphs) != 1:
            raise FolderError(f"{self.name} is not an ONNX model: it holds {len(graphs)} graphs")
        for place in places:
            if PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts:
                raise FolderError(f"{self.name}: its weights must lie beside it, not at {place[:80]!r}")
            if not (self.weights / place).is_file():
                raise FolderError(f"{part}/{place} is missing: {self.name} has its weights there")
        self._beside = [self.weights / place for place in places]
        self._sha256: str | None = None

    def sha256(self) -> str:
        """Of the graph as it lies in the folder, and then the files of weights beside it, by name."""
        if self._sha256 is not None:
            return self._sha256
        digest = hashlib.sha256(self.bytes)
        for path in self._beside:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        self._sha256 = digest.hexdigest()
        return self._sha256

    def stamp(self) -> list[tuple[str, int, int]]:
        """Name, bytes and time of the last change, in ns, of each of its files: cheap to compare."""
        found = [(path.name, path.stat()) for path in (self.weights / "model.onnx", *self._beside)]
        return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in found]

    def with_a_timestep_each(self) -> bytes:
        """The model with `timestep` as `[batch]`. Raises FolderError where that takes more than told above."""
        parts: list[bytes | memoryview] = []
        for field in fields(memoryview(self.bytes)):
            parts.append(wrapped(_GRAPH, self._patched(field.value)) if field.number == _GRAPH else field.raw)
        return b"".join(parts)

    def _patched(self, graph: memoryview) -> bytes:
        entries = [field for field in of(graph, _INPUT) if _name(field) == TIMESTEP]
        if len(entries) != 1:
            raise FolderError(f"{self.name}: input {TIMESTEP} is missing")
        number = _without_axes(entries[0])
        made: set[str] = set()
        parts: list[bytes | memoryview] = []
        for field in fields(graph):
            if field.number == _INPUT and _name(field) == TIMESTEP:
                parts.append(wrapped(_INPUT, _batched(field)))
            elif number and field.number == _NODE and TIMESTEP in _texts(field, _NODE_INPUT):
                made.update(_texts(field, _NODE_OUTPUT))
                parts.append(wrapped(_NODE, self._identity(field)))
            elif field.number == _VALUE_INFO and _name(field) in made:
                continue  # it may tell the shape from before; nodes come first in the files that exporters write
            else:
                parts.append(field.raw)
        return b"".join(parts)

    def _identity(self, node: Field) -> bytes:
        operators = _texts(node, _OPERATOR)
        if operators != ["Unsqueeze"]:
            raise FolderError(
                f"{self.name}: {TIMESTEP} must be read by an Unsqueeze alone, not by {operators[0] or 'nothing'}"
            )
        (result,) = _texts(node, _NODE_OUTPUT)
        return (
            wrapped(_NODE_INPUT, TIMESTEP.encode())
            + wrapped(_NODE_OUTPUT, result.encode())
            + wrapped(_OPERATOR, _IDENTITY)
        )


def _texts(message: Field, number: int) -> list[str]:
    return [field.text for field in of(message.value, number)]


def _name(entry: Field) -> str:
    """Of a ValueInfoProto."""
    return "".join(_texts(entry, _NAME))


def _within(message: memoryview, *numbers: int) -> list[Field]:
    """The fields at the end of a path of field numbers."""
    found = of(message, numbers[0])
    return found if len(numbers) == 1 else [deep for field in found for deep in _within(field.value, *numbers[1:])]


def _without_axes(entry: Field) -> bool:
    """Whether a ValueInfoProto tells of a single number."""
    return not _within(entry.value, _TYPE, _TENSOR, _SHAPE, _DIM)


def _batched(entry: Field) -> bytes:
    """A ValueInfoProto of the same name and element type, with one open axis."""
    (tensor,) = _within(entry.value, _TYPE, _TENSOR)
    kept = b"".join(field.raw for field in fields(tensor.value) if field.number != _SHAPE)
    shape = wrapped(_DIM, wrapped(_DIM_NAME, b"batch_size"))
    tensor_type = wrapped(_TENSOR, kept + wrapped(_SHAPE, shape))
    return wrapped(_NAME, TIMESTEP.encode()) + wrapped(_TYPE, tensor_type)


def _places(graph: Field) -> list[str]:
    """The files in which a graph's weights lie, other than its own."""
    found = []
    for tensor in of(graph.value, _INITIALIZER):
        for entry in of(tensor.value, _EXTERNAL):
            if _texts(entry, _KEY) == ["location"]:
                found += _texts(entry, _VALUE)
    return found
