"""Training batches: pictures drawn on the fly with captions in both languages.

Batch number n is the same whatever came before, so a run that was killed goes on as if nothing had happened.
Encoding a caption costs more than drawing its picture, so captions come in pools of POOL_CAPTIONS, each used
for POOL_BATCHES batches with ever fresh pictures: position, size and all that the caption leaves open change.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.text2image.captions import LANGUAGES, caption
from models.text2image.render import Painter, SpriteBook, as_array
from models.text2image.scenes import Scene, sample_scene
from services.runtime.sentence_encoder import SentenceEncoder

POOL_CAPTIONS = 16_000
POOL_BATCHES = 4_000
CAPTION_DROPOUT = 0.1  # share of pictures trained without a prompt, for classifier-free guidance


@dataclass(frozen=True)
class Batch:
    """B pictures with their prompts, padded to the longest."""

    pictures: np.ndarray  # float32[B, 3, S, S], -1..1
    tokens: np.ndarray  # float32[B, T, 1280]
    mask: np.ndarray  # float32[B, T], 1 token / 0 padding
    pooled: np.ndarray  # float32[B, 512]


@dataclass(frozen=True)
class Captioned:
    """A scene with one caption of it, encoded alone."""

    scene: Scene
    text: str
    tokens: np.ndarray  # float16[T, 1280]
    pooled: np.ndarray  # float32[512]


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
    """Batches by number. Two streams of one seed give the same batches."""

    def __init__(self, sprites: SpriteBook, encoder: SentenceEncoder, size: int, seed: int) -> None:
        self._painter = Painter(sprites, size)
        self._encoder = encoder
        self._seed = seed
        self._pool_number = -1
        self._pool: dict[int, Captioned] = {}

    def batch(self, number: int, count: int) -> Batch:
        """`count` pictures with their prompts."""
        rng = numbered(self._seed, number)
        items = self._captioned(number // POOL_BATCHES, [rng.randrange(POOL_CAPTIONS) for _ in range(count)])
        longest = max(len(item.tokens) for item in items)
        tokens = np.zeros((count, longest, items[0].tokens.shape[1]), np.float32)
        mask = np.zeros((count, longest), np.float32)
        pooled = np.zeros((count, items[0].pooled.shape[0]), np.float32)
        pictures = []
        for row, item in enumerate(items):
            pictures.append(as_array(self._painter.draw(item.scene, rng)))
            if rng.random() < CAPTION_DROPOUT:
                mask[row, 0] = 1.0  # no prompt: one zero token, zero sentence
                continue
            tokens[row, : len(item.tokens)] = item.tokens
            mask[row, : len(item.tokens)] = 1.0
            pooled[row] = item.pooled
        return Batch(np.stack(pictures), tokens, mask, pooled)

    def _captioned(self, pool: int, places: list[int]) -> list[Captioned]:
        """Captions of a pool by their place in it, encoded when first asked for."""
        if pool != self._pool_number:
            self._pool_number, self._pool = pool, {}
        missing = sorted(set(places) - self._pool.keys())
        orders = [order(self._seed, pool, place) for place in missing]
        if orders:
            encoded = self._encoder.encode([text for _, text in orders])
            lengths = encoded.mask.sum(axis=1)
            for row, (place, (scene, text)) in enumerate(zip(missing, orders, strict=True)):
                words = encoded.tokens[row, : lengths[row]].astype(np.float16)
                self._pool[place] = Captioned(scene, text, words, encoded.sentence[row])
        return [self._pool[place] for place in places]


def open_encoder(folder: Path) -> SentenceEncoder:
    """The prompt encoder from its weights folder, on one thread."""
    return SentenceEncoder(folder, threads=1)
