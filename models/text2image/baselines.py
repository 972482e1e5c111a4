"""What the drawings are held against: fetching the nearest training picture instead, and copying.

`retrieve` answers a prompt with the training picture whose caption's sentence vector is nearest: what a model
that only remembers would do. `distances` tells how far pictures are from the nearest training picture: a model
that copies stands nearer than new renderings do.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.text2image.captions import LANGUAGES, caption
from models.text2image.render import Painter
from models.text2image.scenes import Scene, sample_scene
from services.runtime.sentence_encoder import SentenceEncoder

LIBRARY = 20_000
_SMALL = 16
"""Edge in pixels at which pictures are compared: grain does not count."""


@dataclass(frozen=True)
class Library:
    """Training scenes with their captions' vectors float32[N, 512] and reduced pictures float32[N, 768]."""

    scenes: list[Scene]
    vectors: np.ndarray
    reduced: np.ndarray


def gather(painter: Painter, encoder: SentenceEncoder, count: int = LIBRARY, seed: int = 77) -> Library:
    """`count` training scenes, captioned in either language and painted."""
    rng = random.Random(seed)
    scenes = [sample_scene(rng) for _ in range(count)]
    texts = [caption(scene, rng.choice(LANGUAGES), rng) for scene in scenes]
    vectors = np.concatenate([encoder.encode_sentences(texts[at : at + 64]) for at in range(0, count, 64)])
    reduced = np.stack([reduce(painter.draw(scene, rng)) for scene in scenes])
    return Library(scenes, vectors, reduced)


def retrieve(library: Library, painter: Painter, encoder: SentenceEncoder, prompts: Sequence[str]) -> np.ndarray:
    """uint8[N, S, S, 3]: for each prompt the training scene with the nearest caption, painted."""
    rng, vectors = random.Random(5), encoder.encode_sentences(list(prompts))
    nearest = (vectors @ library.vectors.T).argmax(axis=1)
    return np.stack([np.asarray(painter.draw(library.scenes[row], rng)) for row in nearest])


def distances(library: Library, pictures: Sequence[Image.Image]) -> np.ndarray:
    """float32[N]: root mean square difference, 0..255, to the nearest training picture."""
    seen = np.stack([reduce(picture) for picture in pictures])
    squares = (seen**2).sum(axis=1)[:, None] + (library.reduced**2).sum(axis=1)[None]
    nearest = (squares - 2.0 * seen @ library.reduced.T).min(axis=1)
    return np.sqrt(np.maximum(nearest, 0.0) / seen.shape[1])


def reduce(picture: Image.Image) -> np.ndarray:
    """The picture at 16 × 16 as float32[768], 0..255."""
    small = picture.resize((_SMALL, _SMALL), Image.Resampling.BOX)
    return np.asarray(small, np.float32).reshape(-1)
