"""How far drawings are from true renderings.

A Fréchet distance like FID's, with the features of the alignment judge's image tower in place of Inception's: only
figures of one table compare with each other. Prompts are training-like captions of new scenes; drawings are held
against one set of renderings of the same scenes. Beside it: how well pictures fit their prompts (the judge's mean
cosine).
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.alignment.score import AlignmentScorer, frechet
from models.text2image.render import Painter
from models.text2image.scenes import Scene
from models.text2image.stream import order
from services.runtime.sentence_encoder import SentenceEncoder

COUNT = 500
SEED = 404
"""Of the scenes; no training run uses it."""
FEATURES = "EfficientNet-lite0, 1280"


class Yardstick:
    """COUNT scenes, their captions `texts` in either language, and what true renderings of them look like."""

    def __init__(self, judge: Path, encoder: SentenceEncoder, painter: Painter) -> None:
        self._scorer, self._painter = AlignmentScorer(judge, encoder), painter
        orders = [order(SEED, number) for number in range(COUNT)]
        self._scenes, self.texts = [scene for scene, _ in orders], [text for _, text in orders]
        self._asked = self._scorer.prompts(self.texts)
        self._true = self._scorer.pictures(self._painted(self._scenes, seed=1))[1]

    def measure(self, pictures: np.ndarray) -> dict[str, float]:
        """`distance` and `fit` of uint8[COUNT, S, S, 3], drawn for `texts`."""
        vectors, features = self._scorer.pictures(pictures)
        return {
            "distance": round(frechet(features, self._true), 2),
            "fit": round(float((vectors * self._asked).sum(axis=1).mean()), 4),
        }

    def floor(self) -> dict[str, float]:
        """The figures of other renderings of the same scenes."""
        return self.measure(self._painted(self._scenes, seed=2))

    def shuffled(self) -> dict[str, float]:
        """The figures of renderings of the same scenes, each held against another one's prompt."""
        return self.measure(self._painted(self._scenes[1:] + self._scenes[:1], seed=2))

    def _painted(self, scenes: Sequence[Scene], seed: int) -> np.ndarray:
        rng = random.Random(seed)
        return np.stack([np.asarray(self._painter.draw(scene, rng)) for scene in scenes])
