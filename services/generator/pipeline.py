"""One model, ready to draw: a prompt to vectors, canvases through a step.

Batch-invariant: every number of a picture comes from its own prompt, seed, steps and guidance, element by
element, and the model's rows do not see each other. A prompt is padded to a length that only itself decides, and
only pictures of one length share a call, because a sum over more zeros may round otherwise. On the CPU provider
pictures are bit-equal alone and in company (tests/unit/generator/test_pipeline.py). GPU providers choose their
kernels by the number of rows; there pixels may differ by 1 of 255.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.generator.families.interface import Reading, Wish
from services.generator.families.kept import Kept
from services.generator.folder import ModelFolder
from services.generator.noise import normal
from services.generator.schedules import (
    clean_estimate,
    euler_step,
    flow_match_levels,
    flow_match_start,
    guide,
    noised,
)
from services.generator.session import Denoiser, Rows
from services.runtime.sentence_encoder import SentenceEncoder

Array = NDArray[np.float32]

PROMPTS_KEPT = 128
"""Encoded prompts; each is at most 0.7 MB."""
TEXT_STEP = 64
"""T is a multiple of this many tokens. Nearly every prompt fits in one; the padding costs under 5 % of a step."""


@dataclass(frozen=True, slots=True)
class Conditioning:
    """An encoded prompt, padded to T tokens."""

    tokens: Array  # [T,D]
    mask: Array  # [T]
    pooled: Array  # [P]

    @property
    def length(self) -> int:
        """T."""
        return len(self.mask)


@dataclass(slots=True, eq=False)
class Canvas:
    """A picture on its way from noise: `x` is at level `levels[done]`."""

    x: Array  # [C,S,S]
    levels: NDArray[np.float64]  # [steps + 1]
    guidance: float
    prompt: Conditioning
    done: int = 0
    velocity: Array | None = None
    kept: Kept | None = None

    @property
    def steps(self) -> int:
        """Calls of the model it takes in all."""
        return len(self.levels) - 1

    @property
    def rows(self) -> int:
        """Rows it takes of a call: the one answer of guidance 0 or 1 needs no second row."""
        return 1 if self.guidance in {0.0, 1.0} else 2

    @property
    def key(self) -> int:
        """Only canvases of one key may share a call."""
        return self.prompt.length

    @property
    def finished(self) -> bool:
        """Whether `x` is the picture."""
        return self.done == len(self.levels) - 1

    def take(self, velocity: Array) -> None:
        """One step further, by the guided answer [C,S,S]."""
        now, after = float(self.levels[self.done]), float(self.levels[self.done + 1])
        x, kept = euler_step(self.x, velocity, now, after), self.kept
        # At level 0 what is kept is without noise.
        self.x = x if kept is None else kept.around(x, noised(kept.latent, kept.noise, after))
        self.velocity = velocity
        self.done += 1

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
        self._nothing = functools.lru_cache(maxsize=None)(self._no_prompt)

    def start(self, wish: Wish, index: int, prompt: Conditioning, base: Reading | None = None) -> Canvas:
        """Picture `index` as noise, or `base` noised as far as `strength` says. Raises ValueError."""
        folder = self.folder
        shape = (folder.channels, folder.native_size, folder.native_size)
        levels = flow_match_levels(wish.steps, folder.shift)
        noise = normal(wish.seed_of(index), shape)
        if base is None:
            return Canvas(noise, levels, wish.guidance, prompt)
        begin = flow_match_start(wish.steps, wish.strength)
        x = noised(base.mean, noise, float(levels[begin]))
        kept = None if base.anew is None else Kept(base.anew, base.mean, noise)
        return Canvas(x, levels, wish.guidance, prompt, begin, kept=kept)

    def step(self, canvases: Sequence[Canvas]) -> None:
        """Takes each canvas one step further, in one call of the model. All have prompts of one length."""
        rows: list[tuple[Canvas, Conditioning]] = []
        for canvas in canvases:
            if canvas.guidance != 1.0:
                rows.append((canvas, self._nothing(canvas.prompt.length)))
            if canvas.guidance != 0.0:
                rows.append((canvas, canvas.prompt))
        answers = iter(self.denoiser.velocity(self._gather(rows)))
        for canvas in canvases:
            velocity = next(answers)
            if canvas.guidance not in {0.0, 1.0}:
                velocity = guide(velocity, next(answers), canvas.guidance)
            canvas.take(velocity)

    def _gather(self, rows: Sequence[tuple[Canvas, Conditioning]]) -> Rows:
        """B rows. Raises ValueError if prompts differ in length."""
        return Rows(
            sample=np.stack([canvas.x for canvas, _ in rows]),
            timestep=np.array([canvas.levels[canvas.done] * 1000.0 for canvas, _ in rows], np.float32),
            tokens=np.stack([prompt.tokens for _, prompt in rows]),
            mask=np.stack([prompt.mask for _, prompt in rows]),
            pooled=np.stack([prompt.pooled for _, prompt in rows]),
        )

    def _encode(self, prompt: str) -> Conditioning:
        # One prompt a call, so that its vectors cannot depend on its company either.
        encoded = self._encoder.encode([prompt])
        count = encoded.mask.shape[1]
        padding = -count % TEXT_STEP
        return Conditioning(
            np.pad(encoded.tokens[0], ((0, padding), (0, 0))),
            np.pad(encoded.mask[0].astype(np.float32), (0, padding)),
            encoded.sentence[0],
        )

    def _no_prompt(self, length: int) -> Conditioning:
        """What the model was trained to read as "no prompt": one token of zeros."""
        mask = np.zeros(length, np.float32)
        mask[0] = 1.0
        tokens = np.zeros((length, self.folder.token_dim), np.float32)
        return Conditioning(tokens, mask, np.zeros(self.folder.pooled_dim, np.float32))
