"""fournil-mini behind the interface of all models.

It draws pixels, not latents, at one square size, and its pictures are enlarged when they are handed out. It was
trained to read the absence of a prompt, not negative prompts, so those have no effect.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.generator.families.interface import Array, Facts, Reading, Wish
from services.generator.folder import PIPELINE
from services.generator.pipeline import Canvas, Conditioning, Pipeline
from services.generator.schedules import flow_match_levels
from services.generator.warmth import Warmth


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
            output_size=folder.output_size,
            unit=1,
            smallest=folder.native_size,
            largest=folder.native_size,
            most_pixels=folder.native_size**2,
            square=True,
            default_steps=folder.default_steps,
            default_guidance=folder.default_guidance,
            takes_negative=False,
            takes_guidance=True,
            takes_picture=False,
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

    def calls(self, steps: int) -> int:
        """As many. Raises ValueError below 1."""
        return len(flow_match_levels(steps)) - 1

    def rows(self, guidance: float) -> int:
        """1 or 2."""
        return 1 if guidance in {0.0, 1.0} else 2

    def encode(self, prompt: str, negative: str | None) -> Conditioning:
        """`negative` has no effect."""
        return self.pipeline.encode(prompt)

    def read(self, picture: Array) -> Reading:
        """Raises ValueError: it starts from noise only."""
        raise ValueError(f"{self.facts.name} does not start from pictures")

    def start(self, wish: Wish, index: int, conditioning: Conditioning, base: Reading | None = None) -> Canvas:
        """Raises ValueError for another size than the native one, or a base."""
        if base is not None:
            raise ValueError(f"{self.facts.name} does not start from pictures")
        native = self.facts.width
        if (wish.width, wish.height) != (native, native):
            raise ValueError(f"width and height must be {native}, not {wish.width} x {wish.height}")
        return self.pipeline.start(wish, index, conditioning)

    def step(self, canvases: Sequence[Canvas]) -> None:
        """Raises ValueError where keys differ."""
        self.pipeline.step(canvases)

    def rough(self, canvas: Canvas) -> Array:
        """float32[3,S,S]."""
        return canvas.rough()

    def picture(self, canvas: Canvas) -> Array:
        """float32[3,S,S]."""
        return canvas.x.clip(-1.0, 1.0)

    def warm_up(self) -> Warmth:
        """Raises FolderError."""
        return self.pipeline.denoiser.warm_up()
