"""Training batches: pictures drawn on the fly with captions in both languages.

Batch number n is the same whatever came before, so a run that was killed goes on as if nothing had happened.
Encoding a caption costs more than drawing its picture, so captions come in pools of POOL_CAPTIONS, each used
for POOL_PICTURES ever fresh pictures: position, size and all that the caption leaves open change.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.text2image.captions import LANGUAGES, caption
from models.text2image.layout import places
from models.text2image.planning import plan_of
from models.text2image.render import Painter, SpriteBook
from models.text2image.scenes import Scene, sample_scene
from services.runtime.sentence_encoder import SENTENCE_DIM, TOKEN_DIM, SentenceEncoder

POOL_CAPTIONS = 16_000
POOL_PICTURES = 64_000
CAPTION_DROPOUT = 0.1  # share of pictures trained without a prompt, for classifier-free guidance
MOST_TOKENS = 48
"""What `Captions` can pad to, for devices that like one shape. Of 128,000 captions
the longest has 34; one that is longer is cut."""


@dataclass(frozen=True)
class Drawn:
    """B pictures of a batch, and what tells their captions: `row` of its pool, or -1 for no prompt."""

    pictures: np.ndarray  # uint8[B, S, S, 3]
    plans: np.ndarray  # int64[B, 2, cells²], see planning
    pool: int
    rows: list[int]


@dataclass(frozen=True)
class Words:
    """B encoded prompts, padded."""

    tokens: np.ndarray  # float16[B, T, 1280]
    mask: np.ndarray  # float32[B, T], 1 token / 0 padding
    pooled: np.ndarray  # float32[B, 512]


def as_typed(text: str, rng: random.Random) -> str:
    """`text` as people type it: sometimes with a capital or a full stop."""
    if rng.random() < 0.15:
        text = text[0].upper() + text[1:]
    return f"{text}." if rng.random() < 0.05 else text


def order(seed: int, *numbers: int) -> tuple[Scene, str]:
    """A scene and a caption of it, in either language; the same for the same numbers."""
    rng = numbered(seed, *numbers)
    scene = sample_scene(rng)
    return scene, as_typed(caption(scene, rng.choice(LANGUAGES), rng), rng)


def numbered(seed: int, *numbers: int) -> random.Random:
    """A generator of its own for every sequence of numbers."""
    return random.Random("/".join(map(str, (seed, *numbers))))


class SceneStream:
    """Batches of pictures by number. Two streams of one seed draw the same; `cells` is the edge of the plans."""

    def __init__(self, sprites: SpriteBook, size: int, cells: int, seed: int) -> None:
        self._painter, self._cells, self._seed = Painter(sprites, size), cells, seed

    def draw(self, number: int, count: int) -> Drawn:
        """Batch `number` of those of `count` pictures."""
        rng, pool = numbered(self._seed, number), number * count // POOL_PICTURES
        rows, pictures, plans = [], [], []
        for _ in range(count):
            row = rng.randrange(POOL_CAPTIONS)
            scene, _ = order(self._seed, pool, row)
            standing = places(scene, rng)
            pictures.append(np.asarray(self._painter.draw_standing(scene, standing, rng)))
            plans.append(plan_of(standing, self._cells))
            rows.append(-1 if rng.random() < CAPTION_DROPOUT else row)
        return Drawn(np.stack(pictures), np.stack(plans), pool, rows)


class Captions:
    """The captions of a stream's pools, encoded when first asked for. Safe to call from several threads."""

    def __init__(self, encoder: SentenceEncoder, seed: int, pad: bool = False) -> None:
        """`pad`: to MOST_TOKENS always, instead of to the longest of the batch."""
        self._encoder, self._seed, self._pad = encoder, seed, pad
        self._kept: dict[int, dict[int, tuple[np.ndarray, np.ndarray]]] = {}

    def of(self, drawn: Drawn) -> Words:
        """The words of a batch; a row without a prompt has one zero token and a zero sentence."""
        known = self._encoded(drawn.pool, drawn.rows)
        longest = MOST_TOKENS if self._pad else max([1, *(len(tokens) for tokens, _ in known.values())])
        count = len(drawn.rows)
        tokens, mask, pooled = self._nothing(count, longest)
        for place, row in enumerate(drawn.rows):
            if row < 0:
                mask[place, 0] = 1.0
                continue
            words, sentence = known[row][0][:longest], known[row][1]
            tokens[place, : len(words)], mask[place, : len(words)], pooled[place] = words, 1.0, sentence
        return Words(tokens, mask, pooled)

    @staticmethod
    def _nothing(count: int, longest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return (
            np.zeros((count, longest, TOKEN_DIM), np.float16),
            np.zeros((count, longest), np.float32),
            np.zeros((count, SENTENCE_DIM), np.float32),
        )

    def _encoded(self, pool: int, rows: Sequence[int]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Tokens float16[T, 1280] and sentence float32[512] of rows of a pool. Of older pools, one is kept."""
        for old in [number for number in list(self._kept) if number < pool - 1]:
            self._kept.pop(old, None)
        kept = self._kept.setdefault(pool, {})
        missing = sorted({row for row in rows if row >= 0} - kept.keys())
        if missing:
            encoded = self._encoder.encode([order(self._seed, pool, row)[1] for row in missing])
            lengths = encoded.mask.sum(axis=1)
            for place, row in enumerate(missing):
                words = encoded.tokens[place, : lengths[place]].astype(np.float16)
                kept[row] = words, encoded.sentence[place]
        return {row: kept[row] for row in rows if row >= 0}


def open_encoder(folder: Path) -> SentenceEncoder:
    """The prompt encoder from its weights folder, on one thread."""
    return SentenceEncoder(folder, threads=1)
