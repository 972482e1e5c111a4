"""An endless stream of training batches: pictures drawn on the fly with captions in both languages.

Encoding a caption costs more than drawing its picture, so encoded captions are kept in a bounded pool
and drawn again with fresh pictures: position, size and all that the caption leaves open still change.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.text2image.captions import LANGUAGES, caption
from models.text2image.render import Painter, SpriteBook, as_array
from models.text2image.scenes import Scene, sample_scene
from services.runtime.sentence_encoder import SentenceEncoder

POOL_CAPTIONS = 30_000
FRESH_SHARE = 0.25  # of a batch, once the pool is full
CAPTION_DROPOUT = 0.1  # share of pictures trained without a prompt, for classifier-free guidance


@dataclass(frozen=True)
class Batch:
    """B pictures with their prompts, padded to the longest."""

    pictures: np.ndarray  # float32[B, 3, S, S], -1..1
    tokens: np.ndarray  # float32[B, T, 1280]
    mask: np.ndarray  # float32[B, T], 1 token / 0 padding
    pooled: np.ndarray  # float32[B, 512]


@dataclass(frozen=True)
class _Captioned:
    scene: Scene
    text: str
    tokens: np.ndarray  # float16[T, 1280]
    pooled: np.ndarray  # float32[512]


def as_typed(text: str, rng: random.Random) -> str:
    """`text` as people type it: sometimes with a capital or a full stop."""
    if rng.random() < 0.15:
        text = text[0].upper() + text[1:]
    return f"{text}." if rng.random() < 0.05 else text


class SceneStream:
    """Batches from a seed. Two streams of the same seed and calls give the same batches."""

    def __init__(self, sprites: SpriteBook, encoder: SentenceEncoder, size: int, seed: int) -> None:
        self._painter = Painter(sprites, size)
        self._encoder = encoder
        self._rng = random.Random(seed)
        self._pool: list[_Captioned] = []

    def _write_captions(self, count: int) -> list[_Captioned]:
        scenes = [sample_scene(self._rng) for _ in range(count)]
        texts = [as_typed(caption(scene, self._rng.choice(LANGUAGES), self._rng), self._rng) for scene in scenes]
        encoded = self._encoder.encode(texts)
        lengths = encoded.mask.sum(axis=1)
        written = [
            _Captioned(scene, text, encoded.tokens[i, : lengths[i]].astype(np.float16), encoded.sentence[i])
            for i, (scene, text) in enumerate(zip(scenes, texts, strict=True))
        ]
        for item in written:
            if len(self._pool) < POOL_CAPTIONS:
                self._pool.append(item)
            else:
                self._pool[self._rng.randrange(POOL_CAPTIONS)] = item
        return written

    def batch(self, count: int) -> Batch:
        """The next `count` pictures with their prompts."""
        full = len(self._pool) >= POOL_CAPTIONS
        fresh = round(count * FRESH_SHARE) if full else count
        items = self._write_captions(fresh)
        items += [self._rng.choice(self._pool) for _ in range(count - fresh)]
        longest = max(len(item.tokens) for item in items)
        tokens = np.zeros((count, longest, items[0].tokens.shape[1]), np.float32)
        mask = np.zeros((count, longest), np.float32)
        pooled = np.zeros((count, items[0].pooled.shape[0]), np.float32)
        pictures = []
        for row, item in enumerate(items):
            pictures.append(as_array(self._painter.draw(item.scene, self._rng)))
            if self._rng.random() < CAPTION_DROPOUT:
                mask[row, 0] = 1.0  # no prompt: one zero token, zero sentence
                continue
            tokens[row, : len(item.tokens)] = item.tokens
            mask[row, : len(item.tokens)] = 1.0
            pooled[row] = item.pooled
        return Batch(np.stack(pictures), tokens, mask, pooled)


def open_encoder(folder: Path) -> SentenceEncoder:
    """The prompt encoder from its weights folder, on one thread."""
    return SentenceEncoder(folder, threads=1)
