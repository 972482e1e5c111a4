"""One graph of a model folder, ready to run: names, shapes and types as the caller expects them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.generator.families.interface import Array
from services.generator.families.onnx_file import OnnxFile
from services.generator.folder import FolderError
from services.generator.graph import Axes, Profile, check_inputs, first_line, open_session

TYPES: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
Shape = tuple[int, ...]


class PartGraph:
    """Takes arrays of any type and gives float32, whatever the graph computes in."""

    def __init__(
        self,
        file: OnnxFile,
        expected: Mapping[str, Axes],
        shapes: Sequence[Mapping[str, Shape]],
        *,
        threads: int,
        timestep_each: bool = False,
    ) -> None:
        """`expected` inputs; `shapes` of the smallest, the usual and the largest call. `timestep_each` gives
        every row a time step of its own. Raises FolderError."""
        self.file = file.name
        graph = file.with_a_timestep_each() if timestep_each else file.bytes
        profile: Profile = {name: _spelled([shape[name] for shape in shapes]) for name in expected}
        self._session, self.provider = open_session(
            self.file, graph, file.weights, threads=threads, shapes=profile
        )
        check_inputs(self._session, self.file, expected, TYPES)
        self._types = {entry.name: TYPES[entry.type] for entry in self._session.get_inputs()}
        self.outputs = [entry.name for entry in self._session.get_outputs()]

    def must_have(self, *outputs: str) -> None:
        """Raises FolderError where one is missing."""
        for name in outputs:
            if name not in self.outputs:
                raise FolderError(f"{self.file}: output {name} is missing")

    def run(self, outputs: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> list[Array]:
        """Raises what onnxruntime raises."""
        given = {name: np.asarray(values, self._types[name]) for name, values in feed.items()}
        return [np.asarray(answer, np.float32) for answer in self._session.run(list(outputs), given)]

    def tried(self, outputs: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> list[Array]:
        """As `run`, for a graph that is new. Raises FolderError where it fails or its numbers are not finite."""
        try:
            answers = self.run(outputs, feed)
        except Exception as error:
            raise FolderError(f"{self.file} does not run: {first_line(error)}") from None
        if not all(np.isfinite(answer).all() for answer in answers):
            raise FolderError(f"{self.file} answers with numbers that are not finite")
        return answers


def _spelled(shapes: Sequence[Shape]) -> tuple[str, str, str]:
    low, usual, high = ("x".join(map(str, shape)) for shape in shapes)
    return low, usual, high
