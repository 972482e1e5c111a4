"""Draws with any family: noise to latent, step by step, several pictures a call; latent to picture.

Batch-invariant: a canvas carries its own schedule, solver's memory and source of noise, and all that is done
outside of the denoiser is done for each canvas alone, element by element. The denoiser's rows do not see each
other; what a provider's kernels round otherwise in company is all that may differ (README.md of the fixtures).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.generator import providers
from services.generator.families.canvas import Canvas, Conditioning
from services.generator.families.facts import read_facts
from services.generator.families.family import Family, Row
from services.generator.families.interface import Array, Reading, Wish
from services.generator.families.kept import Cells, Kept, cells_of
from services.generator.families.layout import Layout
from services.generator.families.onnx_file import OnnxFile
from services.generator.families.part_graph import PartGraph
from services.generator.families.picture_coder import PictureCoder
from services.generator.families.picture_reader import picture_reader
from services.generator.families.text import Text
from services.generator.folder import FolderError
from services.generator.graph import first_line
from services.generator.noise import Stream
from services.generator.providers import Execution
from services.generator.schedules import Schedule, schedule_of
from services.generator.warmth import Warmth, warm_up

TEXTS_KEPT = 32
"""Encoded texts; each is 8 MB at most."""


class DrawingModel:
    """A model of one of the families; satisfies `interface.Model`."""

    def __init__(self, layout: Layout, family: Family, *, execution: Execution, most_rows: int | None) -> None:
        """Loads denoiser and picture coder. Raises FolderError."""
        self.family = family
        self._scheduler = layout.part("scheduler", "scheduler_config.json").values
        self._schedule = functools.lru_cache(maxsize=64)(self._make_schedule)
        self._encode = functools.lru_cache(maxsize=TEXTS_KEPT)(family.encode)
        self._nothing = functools.cache(family.nothing)
        file = OnnxFile(layout.path, family.denoiser)
        # A guided picture takes two rows, however few a call should hold.
        text, cells, bound = self._first_text(), family.cells, max(most_rows or providers.DEVICE_BATCH, 2)
        edges = (cells.smallest, cells.native, cells.largest)
        shapes = [family.shapes(rows, edge, text) for rows, edge in zip((1, bound, bound), edges, strict=True)]
        self.denoiser = PartGraph(
            file,
            family.axes(text),
            shapes,
            execution=execution,
            timestep_each=family.timestep_each,
            by_row=family.by_row(text),
            most_rows=bound,
        )
        self.denoiser.must_have(family.answer)
        self.reader = picture_reader(
            layout, family.coder, [edge * family.coder.scale for edge in edges], execution=execution
        )
        self.coder = PictureCoder(layout.path, family.coder, [(edge, edge) for edge in edges], execution=execution)
        self._graphs = [self.denoiser, self.coder.graph, *(encoder.graph for encoder in family.encoders)]
        self._graphs += [self.reader.graph] if self.reader else []
        self.facts = read_facts(
            layout,
            family,
            provider=self.denoiser.provider,
            sha256=file.sha256(),
            takes_source=self.reader is not None,
            most_rows=most_rows or providers.default_batch(self.denoiser.provider),
        )
        try:
            self.calls(self.facts.default_steps)
        except ValueError as error:
            raise FolderError(f"scheduler/{error}") from None

    def unload(self) -> None:
        """All graphs; schedules, tokenizers and texts seen lately stay."""
        for graph in self._graphs:
            graph.unload()

    def load(self) -> None:
        """Raises FolderError; then nothing of it is in memory."""
        try:
            for graph in self._graphs:
                graph.load()
        except Exception:
            self.unload()
            raise

    def calls(self, steps: int, strength: float | None = None) -> int:
        """Raises ValueError."""
        native = self.family.cells.native
        schedule = self._schedule(steps, self.family.sequence_length(native, native))
        return schedule.steps - (0 if strength is None else schedule.start_index(strength))

    def rows(self, guidance: float) -> int:
        """1 or 2."""
        return 1 if self.family.guided_by_input or guidance in {0.0, 1.0} else 2

    def encode(self, prompt: str, negative: str | None) -> Conditioning:
        """One text a call of the encoders; texts seen lately are not encoded again."""
        if self.family.guided_by_input:
            return Conditioning(self._encode(prompt), None)
        return Conditioning(self._encode(prompt), self._nothing() if negative is None else self._encode(negative))

    def read(self, picture: Array, anew: Cells | None = None) -> Reading:
        """Raises ValueError for a size that cannot be, or where the folder has no encoder."""
        if self.reader is None:
            raise ValueError(f"{self.facts.name} does not start from pictures")
        self._cells(*picture.shape[1:])
        cells = None if anew is None else cells_of(anew, self.family.coder.scale)
        return replace(self.reader.read(picture), anew=cells)

    def start(self, wish: Wish, index: int, conditioning: Conditioning, base: Reading | None = None) -> Canvas:
        """Raises ValueError for a size, a number of steps or a strength that cannot be."""
        height, width = self._cells(wish.height, wish.width)
        schedule = self._schedule(wish.steps, self.family.sequence_length(height, width))
        source = Stream(wish.seed_of(index))
        shape, begin, kept = (self.family.coder.channels, height, width), 0, None
        if base is None:
            x = source.draw(shape) * np.float32(schedule.init_scale)
        elif self.reader is None or base.mean.shape != shape:
            raise ValueError(f"the picture to start from must be {wish.width} x {wish.height}, read by this model")
        else:
            begin = schedule.start_index(wish.strength)
            # In diffusers' order: first what the encoder leaves open, then the noise.
            latent = self.reader.latent(base, source.draw(shape))
            noise = source.draw(shape)
            x = schedule.add_noise(latent, noise, begin)
            kept = None if base.anew is None else Kept(base.anew, latent, noise)
        against, asked = conditioning.against, conditioning.asked
        if against is None or wish.guidance == 1.0:
            texts: tuple[Text, ...] = (asked,)
        else:
            texts = (against,) if wish.guidance == 0.0 else (against, asked)
        return Canvas(x, schedule, wish.guidance, texts, source, begin, kept)

    def step(self, canvases: Sequence[Canvas]) -> None:
        """Raises ValueError where keys differ."""
        if len({canvas.key for canvas in canvases}) != 1:
            raise ValueError("canvases of one call must have one key")
        answers = iter(self._answers([row for canvas in canvases for row in canvas.next_rows()]))
        for canvas in canvases:
            canvas.take([next(answers) for _ in range(canvas.rows)])

    def rough(self, canvas: Canvas) -> Array:
        """float32[3,h,w]: a pixel a cell. To be called between steps of the canvas."""
        return self.coder.rough(canvas.estimate())

    def picture(self, canvas: Canvas) -> Array:
        """float32[3,H,W]."""
        return self.coder.decode(canvas.x)

    def warm_up(self) -> Warmth:
        """At the native size. Raises FolderError."""
        random, edge = np.random.RandomState(0), self.family.cells.native
        company = [
            Row(
                random.standard_normal((self.family.coder.channels, edge, edge)).astype(np.float32),
                float(timestep),
                self._encode(""),
                self.facts.default_guidance,
            )
            for timestep in np.linspace(999.0, 1.0, self.facts.most_rows)
        ]
        warmth = warm_up(lambda count: self._tried(company[:count]), self.facts.most_rows)
        self.coder.warm_up(edge)
        return warmth

    def _answers(self, rows: Sequence[Row]) -> Array:
        """[B,C,h,w]."""
        (answers,) = self.denoiser.run([self.family.answer], self.family.feed(rows))
        return self.family.latents(answers, *rows[0].x.shape[1:])

    def _tried(self, rows: Sequence[Row]) -> Array:
        (answers,) = self.denoiser.tried([self.family.answer], self.family.feed(rows))
        shape = rows[0].x.shape
        try:
            latents = self.family.latents(answers, *shape[1:])
        except ValueError:
            latents = answers
        if latents.shape != (len(rows), *shape):
            raise FolderError(f"{self.denoiser.file} answers {answers.shape} to {len(rows)} latents of {shape}")
        return latents

    def _first_text(self) -> Text:
        """Raises FolderError where the outputs of several encoders do not fit together."""
        try:
            return self._encode("")
        except ValueError as error:
            raise FolderError(
                f"text_encoder and its companions do not fit together: {first_line(error)}"
            ) from None

    def _cells(self, height: int, width: int) -> tuple[int, int]:
        """Of pixels. Raises ValueError."""
        facts, scale = self.facts, self.family.coder.scale
        for field, pixels in (("height", height), ("width", width)):
            if pixels % facts.unit or not facts.smallest <= pixels <= facts.largest:
                raise ValueError(
                    f"{field} must be {facts.smallest} to {facts.largest} in steps of {facts.unit}, not {pixels}"
                )
        if height * width > facts.most_pixels:
            raise ValueError(f"height times width must be at most {facts.most_pixels}, not {height * width}")
        return height // scale, width // scale

    def _make_schedule(self, steps: int, sequence_length: int) -> Schedule:
        return schedule_of(
            self._scheduler, steps, sequence_length=sequence_length, to_smallest=self.family.to_smallest
        )
