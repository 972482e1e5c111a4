"""FLUX.1: a transformer over 2 x 2 cells as a token; T5's tokens and CLIP's pooled vector for the text.

Guidance is an input of the dev model; the schnell model was distilled to need none. The positions of tokens are
inputs without a batch axis, so rows of one call must be of one size. The graph itself multiplies time step and
guidance by 1000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.generator.families.family import Cells, Defaults, Family, Feed, Row, largest_cells, stacked
from services.generator.families.interface import Array
from services.generator.families.layout import Layout
from services.generator.families.picture_coder import CoderFacts
from services.generator.families.text import Text, TextEncoder
from services.generator.graph import Axes
from services.generator.providers import Execution

TEXT_LENGTH = 512
"""Tokens of T5."""
NATIVE_CELLS = 128
"""No file of the folder says it: diffusers has it in the pipeline."""
TOKEN = 2
"""Cells of a token's edge."""


class Flux(Family):
    """FluxPipeline."""

    denoiser = "transformer"
    answer = "out_hidden_states"

    def __init__(self, layout: Layout, coder: CoderFacts, *, execution: Execution) -> None:
        self.coder = coder
        transformer = layout.part(self.denoiser)
        transformer.must_be("in_channels", coder.channels * TOKEN**2)
        guided = transformer.values.get("guidance_embeds", False)
        if not isinstance(guided, bool):
            raise transformer.wrong("guidance_embeds", "must be true or false")
        self.guided_by_input = True
        self.takes_guidance = guided
        self.defaults = Defaults(steps=28, guidance=3.5) if guided else Defaults(steps=4, guidance=1.0)
        self.cells = Cells(TOKEN, NATIVE_CELLS, largest_cells(TOKEN, NATIVE_CELLS, coder.scale))
        length = layout.wish("max_sequence_length", 1, TEXT_LENGTH, TEXT_LENGTH)
        self._clip = TextEncoder(layout.path, "", execution=execution, pooled="pooler_output")
        self._t5 = TextEncoder(layout.path, "_2", execution=execution, length=length)

    @property
    def encoders(self) -> Sequence[TextEncoder]:
        return (self._clip, self._t5)

    def encode(self, text: str) -> Text:
        return Text(self._t5.encode(text).tokens, self._clip.encode(text).pooled)

    def axes(self, text: Text) -> Mapping[str, Axes]:
        width = len(text.pooled) if text.pooled is not None else 0
        axes: dict[str, Axes] = {
            "hidden_states": (None, None, self.coder.channels * TOKEN**2),
            "encoder_hidden_states": (None, *text.tokens.shape),
            "pooled_projections": (None, width),
            "timestep": (None,),
            "img_ids": (None, 3),
            "txt_ids": (len(text.tokens), 3),
        }
        return {**axes, "guidance": (None,)} if self.takes_guidance else axes

    def feed(self, rows: Sequence[Row]) -> Feed:
        given = stacked(rows)
        feed = {
            "hidden_states": packed(given["x"]),
            "encoder_hidden_states": given["tokens"],
            "pooled_projections": given["pooled"],
            "timestep": given["timestep"] / np.float32(1000.0),
            "img_ids": positions(*given["x"].shape[2:]),
            "txt_ids": np.zeros((given["tokens"].shape[1], 3), np.int64),
        }
        if self.takes_guidance:
            feed["guidance"] = np.array([row.guidance for row in rows], np.float32)
        return feed

    def latents(self, answers: Array, height: int, width: int) -> Array:
        return unpacked(answers, height, width)

    def sequence_length(self, height: int, width: int) -> int:
        return (height // TOKEN) * (width // TOKEN)


def packed(x: Array) -> Array:
    """[B,C,h,w] to [B, h/2 · w/2, 4C]: a token is 2 x 2 cells, its numbers ordered by channel, row, column."""
    batch, channels, height, width = x.shape
    split = x.reshape(batch, channels, height // TOKEN, TOKEN, width // TOKEN, TOKEN)
    return split.transpose(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * TOKEN**2)


def unpacked(tokens: Array, height: int, width: int) -> Array:
    """[B,C,h,w] again."""
    batch, _, numbers = tokens.shape
    split = tokens.reshape(batch, height // TOKEN, width // TOKEN, numbers // TOKEN**2, TOKEN, TOKEN)
    return split.transpose(0, 3, 1, 4, 2, 5).reshape(batch, -1, height, width)


def positions(height: int, width: int) -> NDArray[np.int64]:
    """int64[h/2 · w/2, 3]: 0, row and column of each token."""
    rows, columns = np.meshgrid(np.arange(height // TOKEN), np.arange(width // TOKEN), indexing="ij")
    return np.stack([np.zeros_like(rows), rows, columns], axis=-1).reshape(-1, 3).astype(np.int64)
