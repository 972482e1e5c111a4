"""The whole work of a picture, by the generator's own code: what the peers and the bare loop draw with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.peers.manners import EARLY, MANNERS
from bench.peers.plan import Want
from bench.traffic.systems import REPO
from services.generator.families.interface import Wish
from services.generator.picture import to_png
from services.generator.shelf import load_models

MODEL = "fournil-mini"
WEIGHTS = REPO / "models" / "weights"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SIZES = (1, 2, 4, 8)
"""Rows of a call that are tried."""


class Kitchen:
    """The model, its calls on `threads` threads. Used by one thread at a time."""

    def __init__(self, threads: int) -> None:
        self._model: Any = load_models(WEIGHTS, threads=threads, most_rows=max(SIZES))[MODEL]
        self._finishing = ThreadPoolExecutor(threads)

    def begin(self, want: Want) -> Any:
        """A canvas of noise for a request, its prompt encoded."""
        facts = self._model.facts
        wish = Wish(want["seed"], want["steps"], facts.default_guidance, facts.width, facts.height)
        return self._model.start(wish, 0, self._model.encode(want["prompt"], None))

    def step(self, canvases: Sequence[Any]) -> None:
        """One step of each, in as few calls as their prompts' lengths allow."""
        for key in {canvas.key for canvas in canvases}:
            self._model.step([canvas for canvas in canvases if canvas.key == key])

    def finish(self, canvas: Any) -> bytes:
        """The PNG."""
        size = self._model.facts.output_size
        return to_png(self._model.picture(canvas), size, size)

    def draw(self, wants: Sequence[Want], manner: str) -> list[bytes]:
        """A batch that starts together and is answered together, in a manner of `bench.peers.manners`."""
        canvases = [self.begin(want) for want in wants]
        together = [canvases]
        if MANNERS[manner] != EARLY:
            counts = {canvas.steps for canvas in canvases}
            together = [[canvas for canvas in canvases if canvas.steps == count] for count in sorted(counts)]
        for company in together:
            while baking := [canvas for canvas in company if not canvas.finished]:
                self.step(baking)
        return list(self._finishing.map(self.finish, canvases))
