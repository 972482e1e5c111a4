"""One graph of a model folder, ready to run: names, shapes and types as the caller expects them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.generator.calls import Calls
from services.generator.families.interface import Array
from services.generator.families.onnx_file import OnnxFile
from services.generator.folder import FolderError
from services.generator.graph import Axes, Profile, check_inputs, first_line, open_session
from services.generator.lanes import Lanes, Runs
from services.generator.providers import CPU, Execution

TYPES: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
Shape = tuple[int, ...]


class PartGraph:
    """Takes arrays of any type and gives float32, whatever the graph computes in. In memory when it is made, and
    until `unload`."""

    def __init__(
        self,
        file: OnnxFile,
        expected: Mapping[str, Axes],
        shapes: Sequence[Mapping[str, Shape]],
        *,
        execution: Execution,
        timestep_each: bool = False,
        by_row: Collection[str] = (),
        most_rows: int = 1,
        lanes: bool = False,
    ) -> None:
        """`expected` inputs; `shapes` of the smallest, the usual and the largest call. `timestep_each` gives
        every row a time step of its own. Inputs `by_row` may be filled up, to `most_rows` (`calls`), and with
        `lanes` be split between the cores of a CPU (`lanes`). Raises FolderError."""
        self.file, self._folder, self._part, self._stamp = file.name, file.folder, file.part, file.stamp()
        self._expected, self._execution, self._timestep_each = expected, execution, timestep_each
        self._profile: Profile = {name: _spelled([shape[name] for shape in shapes]) for name in expected}
        self._by_row, self._most_rows, self._lanes = by_row, most_rows, lanes
        self._calls: Runs | None = None
        self._open(file)
        # Loaded again it must be what was measured: not a CPU's session because the device is full just then.
        self._execution = replace(execution, wanted=(self.provider,))

    def unload(self) -> None:
        """Gives its memory back. Idempotent."""
        self._calls = None

    def load(self) -> None:
        """Idempotent. Raises FolderError, also where a file is not what it was."""
        if self._calls is None:
            file = OnnxFile(self._folder, self._part)
            if file.stamp() != self._stamp:
                raise FolderError(f"{self.file} has changed since it was checked")
            self._open(file)

    def must_have(self, *outputs: str) -> None:
        """Raises FolderError where one is missing."""
        for name in outputs:
            if name not in self.outputs:
                raise FolderError(f"{self.file}: output {name} is missing")

    def run(self, outputs: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> list[Array]:
        """Raises what onnxruntime raises, and RuntimeError where the graph is not loaded."""
        if self._calls is None:
            raise RuntimeError(f"{self.file} is not loaded")
        given = {name: np.asarray(values, self._types[name]) for name, values in feed.items()}
        return [np.asarray(answer, np.float32) for answer in self._calls.run(outputs, given)]

    def tried(self, outputs: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> list[Array]:
        """As `run`, for a graph that is new. Raises FolderError where it fails or its numbers are not finite."""
        try:
            answers = self.run(outputs, feed)
        except Exception as error:
            raise FolderError(f"{self.file} does not run: {first_line(error)}") from None
        if not all(np.isfinite(answer).all() for answer in answers):
            raise FolderError(f"{self.file} answers with numbers that are not finite")
        return answers

    def _open(self, file: OnnxFile) -> None:
        graph = file.with_a_timestep_each() if self._timestep_each else file.bytes
        # Only an engine's name needs it, and weights may be many GB.
        content = hashlib.sha256(graph).hexdigest() + file.sha256() if self._execution.engines else ""
        session, self.provider = self._session(file, graph, content, self._execution)
        check_inputs(session, self.file, self._expected, TYPES)
        self._types = {entry.name: TYPES[entry.type] for entry in session.get_inputs()}
        self.outputs = [entry.name for entry in session.get_outputs()]
        self._calls = Calls(session, self.provider, by_row=self._by_row, most_rows=self._most_rows)
        cores = self._execution.threads
        if self._lanes and self.provider == CPU and 1 < cores <= self._most_rows:
            single, _ = self._session(file, graph, content, replace(self._execution, threads=1, wanted=(CPU,)))
            self._calls = Lanes(self._calls, Calls(single, CPU), cores, self._by_row)

    def _session(
        self, file: OnnxFile, graph: bytes, content: str, execution: Execution
    ) -> tuple[onnxruntime.InferenceSession, str]:
        return open_session(
            file.name, graph, file.weights, execution=execution, shapes=self._profile, content=content
        )


def _spelled(shapes: Sequence[Shape]) -> tuple[str, str, str]:
    low, usual, high = ("x".join(map(str, shape)) for shape in shapes)
    return low, usual, high
