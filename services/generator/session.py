"""One ONNX denoiser: loaded, checked against its folder, warm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.generator import providers
from services.generator.folder import FolderError, ModelFolder
from services.generator.graph import Axes, check_inputs, first_line, open_session
from services.generator.lanes import Call, Feeds, Lanes
from services.generator.warmth import Warmth, warm_up

Array = NDArray[np.float32]

LONGEST_TEXT = 128
"""Tokens of a prompt; the encoder cuts there."""
USUAL_TEXT = 64
_FILE = "unet/model.onnx"


@dataclass(frozen=True, slots=True)
class Rows:
    """B rows of a call, T tokens; all float32. A row's answer does not depend on the others."""

    sample: Array  # [B,C,S,S]
    timestep: Array  # [B], noise level in thousandths
    tokens: Array  # [B,T,D], zero where mask is
    mask: Array  # [B,T], 1 for a token
    pooled: Array  # [B,P]

    def first(self, count: int) -> Rows:
        """The first rows."""
        columns = (self.sample, self.timestep, self.tokens, self.mask, self.pooled)
        return Rows(*(column[:count] for column in columns))

    def named(self) -> dict[str, Array]:
        """By the names of the graph's inputs."""
        return {
            "sample": self.sample,
            "timestep": self.timestep,
            "encoder_hidden_states": self.tokens,
            "encoder_attention_mask": self.mask,
            "pooled": self.pooled,
        }


class Denoiser:
    """Runs in one thread at a time. `provider` is what the session says it uses; `sha256` that of the graph."""

    def __init__(self, folder: ModelFolder, *, threads: int, most_rows: int | None = None) -> None:
        """Loads the graph. `most_rows` bounds B, None leaves it to the device. Raises FolderError."""
        self._folder = folder
        graph = folder.denoiser.read_bytes()
        self.sha256 = hashlib.sha256(graph).hexdigest()
        shapes = _shapes(folder, most_rows or providers.DEVICE_BATCH)
        weights = folder.denoiser.parent
        session, self.provider = open_session(_FILE, graph, weights, threads=threads, shapes=shapes)
        self.most_rows = most_rows or providers.default_batch(self.provider)
        _check_graph(session, folder)
        self._call: Call = _call_of(session)
        if self.provider == providers.CPU and 1 < threads <= self.most_rows:
            single, _ = open_session(_FILE, graph, weights, threads=1, shapes=shapes)
            self._call = Lanes(self._call, _call_of(single), threads)

    def velocity(self, rows: Rows) -> Array:
        """[B,C,S,S]: noise minus picture, as the model sees them."""
        return self._call(rows.named())

    def warm_up(self) -> Warmth:
        """Runs calls of every size. Raises FolderError if the graph does not run, or answers in another shape or
        with numbers that are not finite."""
        company = self.example()
        return warm_up(lambda count: self._tried(company.first(count)), self.most_rows)

    def _tried(self, rows: Rows) -> Array:
        try:
            answer = self.velocity(rows)
        except Exception as error:
            raise FolderError(f"unet/model.onnx does not run: {first_line(error)}") from None
        if answer.shape != rows.sample.shape or answer.dtype != np.float32:
            raise FolderError(f"unet/model.onnx answers {answer.shape} to {rows.sample.shape}")
        if not np.isfinite(answer).all():
            raise FolderError("unet/model.onnx answers with numbers that are not finite")
        return answer

    def example(self) -> Rows:
        """The largest call, of noise."""
        folder, count, random = self._folder, self.most_rows, np.random.RandomState(0)

        def noise(*shape: int, scale: float = 1.0) -> Array:
            return (random.standard_normal(shape) * scale).astype(np.float32)

        return Rows(
            sample=noise(count, folder.channels, folder.native_size, folder.native_size),
            timestep=np.linspace(1000.0, 100.0, count, dtype=np.float32),
            tokens=noise(count, USUAL_TEXT, folder.token_dim, scale=0.1),
            mask=np.ones((count, USUAL_TEXT), np.float32),
            pooled=noise(count, folder.pooled_dim, scale=0.05),
        )


def _call_of(session: onnxruntime.InferenceSession) -> Call:
    def call(feeds: Feeds) -> Array:
        answer: Array = session.run(["out_sample"], feeds)[0]
        return answer

    return call


def _shapes(folder: ModelFolder, most_rows: int) -> dict[str, tuple[str, str, str]]:
    """Smallest, usual and largest shape of every input."""

    def shape(rows: int, tokens: int) -> dict[str, str]:
        return {
            "sample": f"{rows}x{folder.channels}x{folder.native_size}x{folder.native_size}",
            "timestep": f"{rows}",
            "encoder_hidden_states": f"{rows}x{tokens}x{folder.token_dim}",
            "encoder_attention_mask": f"{rows}x{tokens}",
            "pooled": f"{rows}x{folder.pooled_dim}",
        }

    low, usual, high = shape(1, 1), shape(most_rows, USUAL_TEXT), shape(most_rows, LONGEST_TEXT)
    return {name: (low[name], usual[name], high[name]) for name in low}


def _check_graph(session: onnxruntime.InferenceSession, folder: ModelFolder) -> None:
    """The graph's inputs must be the folder's: open batch and text length, fixed sizes as configured."""
    size = folder.native_size
    expected: dict[str, Axes] = {
        "sample": (None, folder.channels, size, size),
        "timestep": (None,),
        "encoder_hidden_states": (None, None, folder.token_dim),
        "encoder_attention_mask": (None, None),
        "pooled": (None, folder.pooled_dim),
    }
    check_inputs(session, _FILE, expected)
    if "out_sample" not in {entry.name for entry in session.get_outputs()}:
        raise FolderError("unet/model.onnx: output out_sample is missing")
