"""fournil-mini behind the interface of all models.

It draws pixels, not latents, at one square size, and its pictures are resampled when they are handed out. It was
trained to read the absence of a prompt, not negative prompts, so those have no effect. A picture to start from is
read as it is: there is no latent, so a `Reading` is the pixels, without deviation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.generator.families.interface import Array, Facts, Reading, Wish
from services.generator.families.kept import Cells
from services.generator.folder import PIPELINE
from services.generator.pipeline import Canvas, Conditioning, Pipeline
from services.generator.schedules import flow_match_levels, flow_match_start
from services.generator.warmth import Warmth

SMALLEST, LARGEST = 64, 1024
"""Pixels of an edge that pictures are resampled to."""


class MiniModel:
    """A `Pipeline`; satisfies `interface.Model`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        folder, denoiser = pipeline.folder, pipeline.denoiser
        self.facts = Facts(
            name=folder.name,
            family=PIPELINE,
            width=folder.native_size,
            height=folder.native_size,
            output_width=folder.output_size,
            output_height=folder.output_size,
            unit=1,
            smallest=min(SMALLEST, folder.native_size),
            largest=LARGEST,
            most_pixels=LARGEST**2,
            square=True,
            default_steps=folder.default_steps,
            default_guidance=folder.default_guidance,
            takes_negative=False,
            takes_guidance=True,
            takes_source=True,
            provider=denoiser.provider,
            sha256=denoiser.sha256,
            most_rows=denoiser.most_rows,
        )

    def unload(self) -> None:
        """The denoiser; the text encoder may be another model's too, and stays."""
        self.pipeline.denoiser.graph.unload()

    def load(self) -> None:
        """Raises FolderError."""
        self.pipeline.denoiser.graph.load()

    def calls(self, steps: int, strength: float | None = None) -> int:
        """As many, from noise. Raises ValueError below 1, and for a strength that leaves none."""
        calls = len(flow_match_levels(steps)) - 1
        return calls - (0 if strength is None else flow_match_start(calls, strength))

    def rows(self, guidance: float) -> int:
        """1 or 2."""
        return 1 if guidance in {0.0, 1.0} else 2

    def encode(self, prompt: str, negative: str | None) -> Conditioning:
        """`negative` has no effect."""
        return self.pipeline.encode(prompt)

    def read(self, picture: Array, anew: Cells | None = None) -> Reading:
        """Raises ValueError for another size than the native one."""
        self._native(*picture.shape[1:])
        return Reading(picture, np.zeros_like(picture), anew)

    def start(self, wish: Wish, index: int, conditioning: Conditioning, base: Reading | None = None) -> Canvas:
        """Raises ValueError for another size than the native one, or a strength that leaves no step."""
        self._native(wish.height, wish.width)
        return self.pipeline.start(wish, index, conditioning, base)

    def step(self, canvases: Sequence[Canvas]) -> None:
        """Raises ValueError where keys differ."""
        self.pipeline.step(canvases)

    def rough(self, canvas: Canvas) -> Array:
        """float32[3,S,S]."""
        return canvas.rough()

    def picture(self, canvas: Canvas) -> Array:
        """float32[3,S,S]."""
        return canvas.x.clip(-1.0, 1.0)

    def _native(self, height: int, width: int) -> None:
        native = self.facts.width
        if (width, height) != (native, native):
            raise ValueError(f"width and height must be {native}, not {width} x {height}")

    def warm_up(self) -> Warmth:
        """Raises FolderError."""
        return self.pipeline.denoiser.warm_up()
