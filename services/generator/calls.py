"""Calls of one session: plain on a CPU; on a GPU filled up to a bucket, by buffers that stay on the device.

    feed ──> filled up to a bucket ──> copied into the buffers of that shape ──> run ──> answers cut to the rows

Buffers are kept for the shapes seen last, so that a call makes no room on the device, and its inputs lie at the
addresses where they lay before. Answers are bound to the host's memory: the solvers compute there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.generator import providers
from services.generator.buckets import bucket, filled

Feed = Mapping[str, NDArray[Any]]

SHAPES_KEPT = 8
"""Of calls, each with its buffers: the buckets of one size of picture, and some of others."""


class Calls:
    """Runs in one thread at a time. Every array that it gives is the caller's own."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        provider: str,
        *,
        by_row: Collection[str] = (),
        most_rows: int = 1,
        bound_to: str | None = None,
    ) -> None:
        """`by_row` names the inputs and `most_rows` bounds B where calls may be filled up. `bound_to` is the kind
        of device where buffers lie, "cuda" or "cpu"; None leaves it to the provider: a CPU's calls need none."""
        on_gpu = provider in providers.ON_GPU
        self._session = session
        self._by_row = frozenset(by_row) if on_gpu or bound_to else frozenset()
        self._most_rows = most_rows
        self._device = bound_to or ("cuda" if on_gpu else None)
        self._buffers: OrderedDict[object, _Buffers] = OrderedDict()

    def run(self, outputs: Sequence[str], feed: Feed) -> list[NDArray[Any]]:
        """Answers, [B, ...] where inputs are filled up. Raises what onnxruntime raises."""
        rows = next((len(feed[name]) for name in feed if name in self._by_row), 0)
        size = bucket(rows, self._most_rows) if rows else 0
        given = feed if size == rows else filled(feed, self._by_row, size)
        if self._device is None:
            answers: list[NDArray[Any]] = self._session.run(list(outputs), given)
        else:
            answers = self._bound(outputs, given, self._device)
        return answers if size == rows else [answer[:rows] for answer in answers]

    def _bound(self, outputs: Sequence[str], feed: Feed, device: str) -> list[NDArray[Any]]:
        key = (*outputs, *((name, values.shape, values.dtype) for name, values in feed.items()))
        try:
            if key not in self._buffers:
                while len(self._buffers) >= SHAPES_KEPT:
                    self._buffers.popitem(last=False)
                self._buffers[key] = _Buffers(self._session, outputs, feed, device)
            self._buffers.move_to_end(key)
            return self._buffers[key].run(feed)
        except Exception:
            # The device may be out of memory: a smaller call finds what these hold free.
            self._buffers.clear()
            raise


class _Buffers:
    """Of calls of one shape: a place on the device for every input."""

    def __init__(
        self, session: onnxruntime.InferenceSession, outputs: Sequence[str], feed: Feed, device: str
    ) -> None:
        self._session, self._binding = session, session.io_binding()
        self._places = {
            name: onnxruntime.OrtValue.ortvalue_from_shape_and_type(
                values.shape, values.dtype.type, device, providers.DEVICE
            )
            for name, values in feed.items()
        }
        for name, place in self._places.items():
            self._binding.bind_ortvalue_input(name, place)
        for name in outputs:
            self._binding.bind_output(name, "cpu")

    def run(self, feed: Feed) -> list[NDArray[Any]]:
        for name, place in self._places.items():
            place.update_inplace(np.ascontiguousarray(feed[name]))
        self._binding.synchronize_inputs()
        self._session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()
        # Copies, where they lie on the CPU too: the next run writes over the memory of these.
        answers: list[NDArray[Any]] = self._binding.copy_outputs_to_cpu()
        return answers
