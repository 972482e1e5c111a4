"""Training batches made ahead of their use.

On a CPU one thread paints the next batch while one is learned. On a GPU a batch is learned in a few hundredths
of a second, so as many processes paint as there are cores, and threads put words and noise to what they painted.
"""

import os
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from models.text2image.model import ModelConfig
from models.text2image.noising import Noised, add_noise
from models.text2image.run import TrainConfig
from models.text2image.sprites import load_sprites
from models.text2image.stream import Captions, Drawn, SceneStream
from services.runtime.sentence_encoder import SentenceEncoder

SPARED = 3
"""Cores beside a GPU that do not paint."""
WORDING = 6
"""Threads beside a GPU that encode captions and carry batches over."""

_stream: SceneStream


def _open_stream(cache: Path, size: int, cells: int, seed: int) -> None:
    global _stream  # noqa: PLW0603 - one a painting process
    _stream = SceneStream(load_sprites(cache), size, cells, seed)


def _draw(number: int, count: int) -> Drawn:
    return _stream.draw(number, count)


class PaintedRows:
    """Noised batches of scenes by number, made ahead; a context manager that ends its painters."""

    def __init__(
        self, cache: Path, encoder: SentenceEncoder, config: TrainConfig, model: ModelConfig, device: torch.device
    ) -> None:
        load_sprites(cache)  # here, so that what is missing is fetched once and a failure is told
        self._config, self._device = config, device
        on_gpu = device.type == "cuda"
        self._captions = Captions(encoder, config.seed, pad=on_gpu)
        paints = (cache, model.image_size, model.cells, config.seed)
        painters = max(1, (os.cpu_count() or 1) - SPARED) if on_gpu else 1
        self._painters = ProcessPoolExecutor(painters, get_context("spawn"), _open_stream, paints)
        self._workers = ThreadPoolExecutor(WORDING if on_gpu else 1)
        self._reach = 2 * painters
        self._ahead: dict[int, Future[Noised]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._painters.shutdown(cancel_futures=True)
        self._workers.shutdown(cancel_futures=True)

    def __call__(self, number: int) -> Noised:
        for wanted in range(number, number + self._reach):
            if wanted not in self._ahead:
                drawn = self._painters.submit(_draw, wanted, self._config.batch)
                self._ahead[wanted] = self._workers.submit(self._finished, wanted, drawn)
        return self._ahead.pop(number).result()

    def _finished(self, number: int, painted: Future[Drawn]) -> Noised:
        drawn = painted.result()
        return add_noise(drawn, self._captions.of(drawn), self._config.seed * 1_000_003 + number, self._device)
