"""Stable Diffusion 3 and 3.5: a transformer that answers with a velocity, read by flow matching.

Its text is a row of tokens: those of two CLIP encoders side by side, filled with zeros to the width of T5's, then
T5's own. Both CLIP encoders' pooled vectors go in as well. T5, most of the folder's bytes, may be left out: its
tokens are zeros then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from services.generator.families.family import Cells, Defaults, Family, Feed, Row, largest_cells, stacked
from services.generator.families.layout import Layout
from services.generator.families.picture_coder import CoderFacts
from services.generator.families.text import Text, TextEncoder
from services.generator.graph import Axes
from services.generator.providers import Execution

TEXT_LENGTH, LONGEST_TEXT = 256, 512
"""Tokens of T5."""


class StableDiffusion3(Family):
    """StableDiffusion3Pipeline."""

    denoiser = "transformer"
    answer = "out_hidden_states"
    to_smallest = True
    defaults = Defaults(steps=28, guidance=4.5)

    def __init__(self, layout: Layout, coder: CoderFacts, *, execution: Execution) -> None:
        self.coder = coder
        transformer = layout.part(self.denoiser)
        transformer.must_be("in_channels", coder.channels)
        self._patch = patch = transformer.whole("patch_size", 1, 16)
        native = transformer.whole("sample_size", patch, 4096)
        positions = transformer.whole("pos_embed_max_size", 1, 4096) * patch
        largest = min(positions, largest_cells(patch, native, coder.scale))
        self.cells = Cells(patch, native, largest)
        self._width = transformer.whole("joint_attention_dim", 1, 65_536)
        length = layout.wish("max_sequence_length", 1, LONGEST_TEXT, TEXT_LENGTH)
        self._clips = [
            TextEncoder(layout.path, place, execution=execution, deep=True, pooled="text_embeds")
            for place in ("", "_2")
        ]
        with_t5 = layout.has("text_encoder_3") or layout.index.values.get("text_encoder_3") not in (
            None,
            [None, None],
        )
        self._t5 = TextEncoder(layout.path, "_3", execution=execution, length=length) if with_t5 else None

    @property
    def encoders(self) -> Sequence[TextEncoder]:
        return [*self._clips, self._t5] if self._t5 else self._clips

    def encode(self, text: str) -> Text:
        clips = [encoder.encode(text) for encoder in self._clips]
        side_by_side = np.concatenate([clip.tokens for clip in clips], axis=1)
        filled = np.pad(side_by_side, ((0, 0), (0, self._width - side_by_side.shape[1])))
        t5 = self._t5.encode(text).tokens if self._t5 else np.zeros_like(filled)
        pooled = np.concatenate([clip.pooled for clip in clips if clip.pooled is not None])
        return Text(np.concatenate([filled, t5]), pooled)

    def axes(self, text: Text) -> Mapping[str, Axes]:
        width = len(text.pooled) if text.pooled is not None else 0
        return {
            "hidden_states": (None, self.coder.channels, None, None),
            "encoder_hidden_states": (None, *text.tokens.shape),
            "pooled_projections": (None, width),
            "timestep": (None,),
        }

    def feed(self, rows: Sequence[Row]) -> Feed:
        given = stacked(rows)
        return {
            "hidden_states": given["x"],
            "encoder_hidden_states": given["tokens"],
            "pooled_projections": given["pooled"],
            "timestep": given["timestep"],
        }

    def sequence_length(self, height: int, width: int) -> int:
        return (height // self._patch) * (width // self._patch)
