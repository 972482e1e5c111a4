"""Stable Diffusion 1 and 2, and what is distilled from them by latent consistency.

A U-Net over 4 channels of latent; the last layer of one CLIP encoder in its cross-attention. Guidance is two rows,
but where the U-Net was distilled to know it: such a one takes `timestep_cond`, an embedding of the guidance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from services.generator.families.family import Cells, Defaults, Family, Feed, Row, largest_cells, stacked
from services.generator.families.interface import Array
from services.generator.families.layout import Layout
from services.generator.families.picture_coder import CoderFacts, blocks_of
from services.generator.families.text import Text, TextEncoder
from services.generator.graph import Axes
from services.generator.providers import Execution

_LONGEST_PERIOD = 10_000.0


class StableDiffusion(Family):
    """StableDiffusionPipeline."""

    denoiser = "unet"
    answer = "out_sample"
    timestep_each = True
    defaults = Defaults(steps=25, guidance=7.5)

    def __init__(self, layout: Layout, coder: CoderFacts, *, execution: Execution) -> None:
        self.coder = coder
        unet = layout.part(self.denoiser)
        unet.must_be("in_channels", coder.channels)
        # Each level but the last halves the latent, and its skip must find it whole again.
        unit = 2 ** (blocks_of(unet) - 1)
        native = unet.whole("sample_size", unit, 1024)
        if native % unit:
            raise unet.wrong("sample_size", f"must be a whole multiple of {unit}")
        self.cells = Cells(unit, native, largest_cells(unit, native, coder.scale))
        knows = unet.values.get("time_cond_proj_dim") is not None
        self._guidance_width = unet.whole("time_cond_proj_dim", 4, 4096) if knows else None
        self.guided_by_input = knows
        self.load_texts(layout, execution)

    def load_texts(self, layout: Layout, execution: Execution) -> None:
        """Opens the encoders. Raises FolderError."""
        self._encoder = TextEncoder(layout.path, "", execution=execution)

    @property
    def encoders(self) -> Sequence[TextEncoder]:
        return (self._encoder,)

    def encode(self, text: str) -> Text:
        return self._encoder.encode(text)

    def axes(self, text: Text) -> Mapping[str, Axes]:
        axes: dict[str, Axes] = {
            "sample": (None, self.coder.channels, None, None),
            "timestep": (None,),
            "encoder_hidden_states": (None, *text.tokens.shape),
        }
        return {**axes, "timestep_cond": (None, self._guidance_width)} if self._guidance_width else axes

    def feed(self, rows: Sequence[Row]) -> Feed:
        given = stacked(rows)
        feed = {"sample": given["x"], "timestep": given["timestep"], "encoder_hidden_states": given["tokens"]}
        if self._guidance_width:
            feed["timestep_cond"] = np.stack([embedded(row.guidance, self._guidance_width) for row in rows])
        return feed


class LatentConsistency(StableDiffusion):
    """LatentConsistencyModelPipeline: its U-Net always knows the guidance."""

    defaults = Defaults(steps=4, guidance=8.5)

    def __init__(self, layout: Layout, coder: CoderFacts, *, execution: Execution) -> None:
        layout.part(self.denoiser).whole("time_cond_proj_dim", 4, 4096)
        super().__init__(layout, coder, execution=execution)


def embedded(guidance: float, width: int) -> Array:
    """float32[width]: sines, then cosines, of 1000 · (guidance - 1), with periods in even ratios.

    Source: Meng et al. 2023, "On Distillation of Guided Diffusion Models", and Luo et al. 2023, "Latent
    Consistency Models". In float32 throughout, as diffusers has it: the angles are so large that float64 gives
    other sines.
    """
    half = width // 2
    step = np.float32(np.log(_LONGEST_PERIOD) / (half - 1))
    frequencies = np.exp(np.arange(half, dtype=np.float32) * -step)
    angles = np.float32(guidance - 1.0) * np.float32(1000.0) * frequencies
    return np.pad(np.concatenate([np.sin(angles), np.cos(angles)]), (0, width - 2 * half))
