"""Draws with any family: noise to latent, step by step, several pictures a call; latent to picture.

Batch-invariant: a canvas carries its own schedule, solver's memory and source of noise, and all that is done
outside of the denoiser is done for each canvas alone, element by element. The denoiser's rows do not see each
other; what a provider's kernels round otherwise in company is all that may differ (README.md of the fixtures).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.generator import providers
from services.generator.families.family import Family, Row
from services.generator.families.interface import Array, Facts, Warmth, Wish
from services.generator.families.layout import Layout
from services.generator.families.onnx_file import OnnxFile
from services.generator.families.part_graph import PartGraph
from services.generator.families.picture_coder import PictureCoder
from services.generator.families.text import Text
from services.generator.folder import FolderError
from services.generator.noise import Stream
from services.generator.schedules import Memory, Schedule, guide, schedule_of

TEXTS_KEPT = 32
"""Encoded texts; each is 8 MB at most."""
MOST_GUIDANCE = 20.0
WARM_RUNS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """An encoded prompt, and what guidance leads away from. None where the denoiser takes the guidance itself."""

    asked: Text
    against: Text | None


@dataclass(slots=True, eq=False)
class Canvas:
    """A picture on its way: `x` is what call `done` of the denoiser sees, before the schedule scales it."""

    x: Array  # [C,h,w]
    schedule: Schedule
    guidance: float
    texts: tuple[Text, ...]  # of its rows: one, or what to lead away from and then what is asked
    source: Stream
    done: int = 0
    memory: Memory = None
    last: tuple[Array, Array] | None = None  # x before the last call, and the guided answer

    @property
    def key(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shapes of latent and text."""
        return self.x.shape, self.texts[0].tokens.shape

    @property
    def rows(self) -> int:
        """1 or 2."""
        return len(self.texts)

    @property
    def steps(self) -> int:
        """Calls in all."""
        return self.schedule.steps

    @property
    def finished(self) -> bool:
        """Whether `x` is the picture's latent."""
        return self.done == self.steps

    def estimate(self) -> Array:
        """[C,h,w]: the latent it is heading for, judged by the last answer."""
        return self.x if self.last is None else self.schedule.estimate(*self.last, self.done - 1)


class DrawingModel:
    """A model of one of the families; satisfies `interface.Model`."""

    def __init__(self, layout: Layout, family: Family, *, threads: int, most_rows: int | None) -> None:
        """Loads denoiser and picture coder. Raises FolderError."""
        self.family = family
        self._scheduler = layout.part("scheduler", "scheduler_config.json").values
        self._schedule = functools.lru_cache(maxsize=64)(self._make_schedule)
        self._encode = functools.lru_cache(maxsize=TEXTS_KEPT)(family.encode)
        self._nothing = functools.cache(family.nothing)
        file = OnnxFile(layout.path, family.denoiser)
        text, cells, bound = self._encode(""), family.cells, most_rows or providers.DEVICE_BATCH
        edges = (cells.smallest, cells.native, cells.largest)
        shapes = [family.shapes(rows, edge, text) for rows, edge in zip((1, bound, bound), edges, strict=True)]
        self.denoiser = PartGraph(
            file, family.axes(text), shapes, threads=threads, timestep_each=family.timestep_each
        )
        self.denoiser.must_have(family.answer)
        self.coder = PictureCoder(layout.path, family.coder, [(edge, edge) for edge in edges], threads=threads)
        self.facts = self._read_facts(layout, file, most_rows)

    def calls(self, steps: int) -> int:
        """Raises ValueError."""
        native = self.family.cells.native
        return self._schedule(steps, self.family.sequence_length(native, native)).steps

    def rows(self, guidance: float) -> int:
        """1 or 2."""
        return 1 if self.family.guided_by_input or guidance in {0.0, 1.0} else 2

    def encode(self, prompt: str, negative: str | None) -> Conditioning:
        """One text a call of the encoders; texts seen lately are not encoded again."""
        if self.family.guided_by_input:
            return Conditioning(self._encode(prompt), None)
        return Conditioning(self._encode(prompt), self._nothing() if negative is None else self._encode(negative))

    def start(self, wish: Wish, index: int, conditioning: Conditioning) -> Canvas:
        """Raises ValueError for a size or a number of steps that cannot be."""
        height, width = self._cells("height", wish.height), self._cells("width", wish.width)
        schedule = self._schedule(wish.steps, self.family.sequence_length(height, width))
        source = Stream(wish.seed_of(index))
        x = source.draw((self.family.coder.channels, height, width)) * np.float32(schedule.init_scale)
        against, asked = conditioning.against, conditioning.asked
        if against is None or wish.guidance == 1.0:
            texts: tuple[Text, ...] = (asked,)
        else:
            texts = (against,) if wish.guidance == 0.0 else (against, asked)
        return Canvas(x, schedule, wish.guidance, texts, source)

    def step(self, canvases: Sequence[Canvas]) -> None:
        """Raises ValueError where keys differ."""
        if len({canvas.key for canvas in canvases}) != 1:
            raise ValueError("canvases of one call must have one key")
        answers = iter(self._answers([row for canvas in canvases for row in _rows(canvas)]))
        for canvas in canvases:
            answer = next(answers)
            if canvas.rows == 2:
                answer = guide(answer, next(answers), canvas.guidance)
            canvas.last = canvas.x, answer
            canvas.x, canvas.memory = canvas.schedule.step(
                canvas.x, answer, canvas.done, canvas.memory, functools.partial(canvas.source.draw, canvas.x.shape)
            )
            canvas.done += 1

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
        alone = self._tried(company[:1])
        seconds = float("inf")
        for _ in range(WARM_RUNS):
            started = time.perf_counter()
            together = self._tried(company)
            seconds = min(seconds, time.perf_counter() - started)
        self.coder.warm_up(edge)
        return Warmth(seconds, float(np.abs(together[0] - alone[0]).max()))

    def _answers(self, rows: Sequence[Row]) -> Array:
        """[B,C,h,w]."""
        (answers,) = self.denoiser.run([self.family.answer], self.family.feed(rows))
        return self.family.latents(answers, *rows[0].x.shape[1:])

    def _tried(self, rows: Sequence[Row]) -> Array:
        (answers,) = self.denoiser.tried([self.family.answer], self.family.feed(rows))
        return self.family.latents(answers, *rows[0].x.shape[1:])

    def _cells(self, field: str, pixels: int) -> int:
        facts = self.facts
        if pixels % facts.unit or not facts.smallest <= pixels <= facts.largest:
            raise ValueError(
                f"{field} must be {facts.smallest} to {facts.largest} in steps of {facts.unit}, not {pixels}"
            )
        return pixels // self.family.coder.scale

    def _make_schedule(self, steps: int, sequence_length: int) -> Schedule:
        return schedule_of(
            self._scheduler, steps, sequence_length=sequence_length, to_smallest=self.family.to_smallest
        )

    def _read_facts(self, layout: Layout, file: OnnxFile, most_rows: int | None) -> Facts:
        """Raises FolderError where the options cannot be."""
        family, options = self.family, layout.options
        scale, cells = family.coder.scale, family.cells
        steps = layout.wish("default_steps", 1, 100, family.defaults.steps)
        try:
            self.calls(steps)
        except ValueError as error:
            raise FolderError(f"scheduler/{error}") from None
        guidance = family.defaults.guidance
        if "default_guidance" in options.values:
            guidance = options.number("default_guidance", 0.0, MOST_GUIDANCE)
        low, native, high, unit = (
            edge * scale for edge in (cells.smallest, cells.native, cells.largest, cells.unit)
        )
        width, height = (layout.wish(edge, low, high, native) for edge in ("width", "height"))
        for key, pixels in (("width", width), ("height", height)):
            if pixels % unit:
                raise options.wrong(key, f"must be a whole multiple of {unit}")
        return Facts(
            name=layout.name,
            family=layout.class_name,
            width=width,
            height=height,
            output_size=width,
            unit=unit,
            smallest=low,
            largest=high,
            square=False,
            default_steps=steps,
            default_guidance=guidance,
            takes_negative=not family.guided_by_input,
            takes_guidance=family.takes_guidance,
            provider=self.denoiser.provider,
            sha256=file.sha256(),
            most_rows=most_rows or providers.default_batch(self.denoiser.provider),
        )


def _rows(canvas: Canvas) -> list[Row]:
    seen = canvas.schedule.model_input(canvas.x, canvas.done)
    timestep = float(canvas.schedule.timesteps[canvas.done])
    return [Row(seen, timestep, text, canvas.guidance) for text in canvas.texts]
