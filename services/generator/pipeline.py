"""One model, ready to draw: a prompt to vectors, canvases through a step.

Batch-invariant: every number of a picture comes from its own prompt, seed, steps and guidance, element by
element, and the model's rows do not see each other. On the CPU provider pictures are bit-equal alone and in
company, whatever text length the company has (tests/unit/generator/test_pipeline.py). GPU providers choose
their kernels by shape; there pixels may differ by 1 of 255.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.generator.folder import ModelFolder
from services.generator.noise import normal
from services.generator.recipe import Recipe
from services.generator.schedules import clean_estimate, euler_step, flow_match_levels, guide
from services.generator.session import Denoiser, Rows
from services.runtime.sentence_encoder import SentenceEncoder

Array = NDArray[np.float32]

PROMPTS_KEPT = 128
"""Encoded prompts; each is at most 0.7 MB."""


@dataclass(frozen=True, slots=True)
class Conditioning:
    """An encoded prompt of T tokens."""

    tokens: Array  # [T,D]
    mask: Array  # [T]
    pooled: Array  # [P]


@dataclass(slots=True, eq=False)
class Canvas:
    """A picture on its way from noise: `x` is at level `levels[done]`."""

    x: Array  # [C,S,S]
    levels: NDArray[np.float64]  # [steps + 1]
    guidance: float
    prompt: Conditioning
    done: int = 0
    velocity: Array | None = None

    @property
    def finished(self) -> bool:
        """Whether `x` is the picture."""
        return self.done == len(self.levels) - 1

    def rough(self) -> Array:
        """[C,S,S]: the picture it is heading for, judged by the last step."""
        if self.velocity is None:
            return self.x
        return clean_estimate(self.x, self.velocity, float(self.levels[self.done]))


class Pipeline:
    """`encode` and `step` may run in two threads; each in one at a time."""

    def __init__(self, folder: ModelFolder, encoder: SentenceEncoder, denoiser: Denoiser) -> None:
        self.folder = folder
        self.denoiser = denoiser
        self._encoder = encoder
        self.encode = functools.lru_cache(maxsize=PROMPTS_KEPT)(self._encode)
        # What the model was trained to read as "no prompt": one token of zeros.
        self._nothing = Conditioning(
            np.zeros((1, folder.token_dim), np.float32),
            np.ones(1, np.float32),
            np.zeros(folder.pooled_dim, np.float32),
        )

    def start(self, recipe: Recipe, index: int, prompt: Conditioning) -> Canvas:
        """Picture `index` of a recipe as noise."""
        folder = self.folder
        shape = (folder.channels, folder.native_size, folder.native_size)
        levels = flow_match_levels(recipe.steps, folder.shift)
        return Canvas(normal(recipe.seed_of(index), shape), levels, recipe.guidance, prompt)

    def step(self, canvases: Sequence[Canvas]) -> None:
        """Takes each canvas one step further, in one call of the model."""
        rows: list[tuple[Canvas, Conditioning]] = []
        for canvas in canvases:
            if canvas.guidance != 1.0:
                rows.append((canvas, self._nothing))
            if canvas.guidance != 0.0:
                rows.append((canvas, canvas.prompt))
        answers = iter(self.denoiser.velocity(self._gather(rows)))
        for canvas in canvases:
            velocity = next(answers)
            if canvas.guidance not in {0.0, 1.0}:
                velocity = guide(velocity, next(answers), canvas.guidance)
            now, after = canvas.levels[canvas.done], canvas.levels[canvas.done + 1]
            canvas.x = euler_step(canvas.x, velocity, now, after)
            canvas.velocity = velocity
            canvas.done += 1

    def _gather(self, rows: Sequence[tuple[Canvas, Conditioning]]) -> Rows:
        """B rows, padded to the T tokens of the longest prompt."""
        longest = max(len(prompt.mask) for _, prompt in rows)
        tokens = np.zeros((len(rows), longest, self.folder.token_dim), np.float32)
        mask = np.zeros((len(rows), longest), np.float32)
        for at, (_, prompt) in enumerate(rows):
            tokens[at, : len(prompt.mask)] = prompt.tokens
            mask[at, : len(prompt.mask)] = prompt.mask
        return Rows(
            sample=np.stack([canvas.x for canvas, _ in rows]),
            timestep=np.array([canvas.levels[canvas.done] * 1000.0 for canvas, _ in rows], np.float32),
            tokens=tokens,
            mask=mask,
            pooled=np.stack([prompt.pooled for _, prompt in rows]),
        )

    def _encode(self, prompt: str) -> Conditioning:
        # One prompt a call, so that its vectors cannot depend on its company either.
        encoded = self._encoder.encode([prompt])
        return Conditioning(encoded.tokens[0], encoded.mask[0].astype(np.float32), encoded.sentence[0])
