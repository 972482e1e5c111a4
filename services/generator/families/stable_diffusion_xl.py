"""Stable Diffusion XL: as Stable Diffusion, with two encoders, a pooled vector, and sizes that the U-Net reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from services.generator.families.family import Defaults, Feed, Row, stacked
from services.generator.families.layout import Layout
from services.generator.families.picture_coder import CoderFacts
from services.generator.families.stable_diffusion import StableDiffusion
from services.generator.families.text import Text, TextEncoder
from services.generator.graph import Axes
from services.generator.providers import Execution

_NUMBERS = 6


class StableDiffusionXL(StableDiffusion):
    """StableDiffusionXLPipeline."""

    defaults = Defaults(steps=30, guidance=5.0)

    def __init__(self, layout: Layout, coder: CoderFacts, *, execution: Execution) -> None:
        layout.part(self.denoiser).must_be("addition_embed_type", "text_time")
        super().__init__(layout, coder, execution=execution)
        force = layout.index.values.get("force_zeros_for_empty_prompt", True)
        if not isinstance(force, bool):
            raise layout.index.wrong("force_zeros_for_empty_prompt", "must be true or false")
        self._zeros_for_nothing = force

    def load_texts(self, layout: Layout, execution: Execution) -> None:
        """Both read a layer before the last; the second has the pooled vector."""
        self._first = TextEncoder(layout.path, "", execution=execution, deep=True)
        self._second = TextEncoder(layout.path, "_2", execution=execution, deep=True, pooled="text_embeds")

    @property
    def encoders(self) -> Sequence[TextEncoder]:
        return (self._first, self._second)

    def encode(self, text: str) -> Text:
        first, second = self._first.encode(text), self._second.encode(text)
        return Text(np.concatenate([first.tokens, second.tokens], axis=1), second.pooled)

    def nothing(self) -> Text:
        # A negative prompt that is given, even an empty one, is encoded; only none at all is zeros.
        empty = self.encode("")
        if not self._zeros_for_nothing or empty.pooled is None:
            return empty
        return Text(np.zeros_like(empty.tokens), np.zeros_like(empty.pooled))

    def axes(self, text: Text) -> Mapping[str, Axes]:
        width = len(text.pooled) if text.pooled is not None else 0
        return {**super().axes(text), "text_embeds": (None, width), "time_ids": (None, _NUMBERS)}

    def feed(self, rows: Sequence[Row]) -> Feed:
        # As if the picture was taken whole, uncropped, from one of its own size.
        sizes = [[edge * self.coder.scale for edge in row.x.shape[1:]] for row in rows]
        numbers = np.array([[height, width, 0, 0, height, width] for height, width in sizes], np.float32)
        return {**super().feed(rows), "text_embeds": stacked(rows)["pooled"], "time_ids": numbers}
