"""One ONNX denoiser: loaded, checked against its folder, warm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.generator import providers
from services.generator.families.onnx_file import OnnxFile
from services.generator.families.part_graph import PartGraph, Shape
from services.generator.folder import FolderError, ModelFolder
from services.generator.graph import Axes
from services.generator.providers import Execution
from services.generator.warmth import Warmth, warm_up

Array = NDArray[np.float32]

LONGEST_TEXT = 128
"""Tokens of a prompt; the encoder cuts there."""
USUAL_TEXT = 64
_ANSWER = "out_sample"


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
    """Runs in one thread at a time. `provider` is what the session says it uses; `sha256` covers the weights."""

    def __init__(self, folder: ModelFolder, *, execution: Execution, most_rows: int | None = None) -> None:
        """Loads the graph. `most_rows` bounds B, None leaves it to the device. Raises FolderError."""
        self._folder = folder
        # A guided picture takes two rows, however few a call should hold.
        bound = max(most_rows or providers.DEVICE_BATCH, 2)
        shapes = [
            _shapes(folder, rows, tokens) for rows, tokens in ((1, 1), (bound, USUAL_TEXT), (bound, LONGEST_TEXT))
        ]
        file = OnnxFile(folder.path, folder.denoiser.parent.name)
        self.sha256 = file.sha256()
        self.graph = PartGraph(
            file, _axes(folder), shapes, execution=execution, by_row=list(shapes[0]), most_rows=bound, lanes=True
        )
        self.graph.must_have(_ANSWER)
        self.provider = self.graph.provider
        self.most_rows = most_rows or providers.default_batch(self.provider)

    def velocity(self, rows: Rows) -> Array:
        """[B,C,S,S]: noise minus picture, as the model sees them."""
        return self.graph.run([_ANSWER], rows.named())[0]

    def warm_up(self) -> Warmth:
        """Runs calls of every size. Raises FolderError if the graph does not run, or answers in another shape or
        with numbers that are not finite."""
        company = self.example()
        return warm_up(lambda count: self._tried(company.first(count)), self.most_rows)

    def _tried(self, rows: Rows) -> Array:
        (answer,) = self.graph.tried([_ANSWER], rows.named())
        if answer.shape != rows.sample.shape:
            raise FolderError(f"{self.graph.file} answers {answer.shape} to {rows.sample.shape}")
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


def _shapes(folder: ModelFolder, rows: int, tokens: int) -> dict[str, Shape]:
    """Of every input of a call."""
    return {
        "sample": (rows, folder.channels, folder.native_size, folder.native_size),
        "timestep": (rows,),
        "encoder_hidden_states": (rows, tokens, folder.token_dim),
        "encoder_attention_mask": (rows, tokens),
        "pooled": (rows, folder.pooled_dim),
    }


def _axes(folder: ModelFolder) -> dict[str, Axes]:
    """The graph's inputs must be the folder's: open batch and text length, fixed sizes as configured."""
    return {
        "sample": (None, folder.channels, folder.native_size, folder.native_size),
        "timestep": (None,),
        "encoder_hidden_states": (None, None, folder.token_dim),
        "encoder_attention_mask": (None, None),
        "pooled": (None, folder.pooled_dim),
    }
