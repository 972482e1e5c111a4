"""The whole work of a picture: what the peers and the bare loop draw with.

A plain onnxruntime session and around it the generator's own code for prompts, noise, steps and PNG, so that every
system does the same work and draws the same pictures.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import onnxruntime

from bench.peers.manners import EARLY, MANNERS
from bench.peers.plan import Want
from bench.traffic.systems import REPO
from services.generator.families.interface import Wish
from services.generator.folder import read_folder
from services.generator.picture import encode
from services.generator.pipeline import Canvas, Pipeline
from services.generator.session import Rows
from services.runtime.sentence_encoder import SentenceEncoder

MODEL = "fournil-mini"
WEIGHTS = REPO / "models" / "weights"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SIZES = (1, 2, 4, 8)
"""Rows of a call that are tried."""


class Session:
    """The graph in onnxruntime with the generator's settings, and nothing more."""

    def __init__(self, path: str, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def velocity(self, rows: Rows) -> Any:
        """One call."""
        return self._session.run(["out_sample"], rows.named())[0]


class Kitchen:
    """The model, each call on `threads` threads. Used by one thread at a time."""

    def __init__(self, threads: int) -> None:
        self._folder = read_folder(WEIGHTS / MODEL)
        session: Any = Session(str(self._folder.denoiser), threads)
        self._pipeline = Pipeline(self._folder, SentenceEncoder(self._folder.encoder), session)
        self._finishing = ThreadPoolExecutor(threads)

    def begin(self, want: Want) -> Canvas:
        """A canvas of noise for a request, its prompt encoded."""
        folder = self._folder
        size = folder.native_size
        wish = Wish(want["seed"], want["steps"], folder.default_guidance, size, size)
        return self._pipeline.start(wish, 0, self._pipeline.encode(want["prompt"]))

    def step(self, canvases: Sequence[Canvas]) -> None:
        """One step of each, in as few calls as their prompts' lengths allow."""
        for key in {canvas.key for canvas in canvases}:
            self._pipeline.step([canvas for canvas in canvases if canvas.key == key])

    def finish(self, canvas: Canvas) -> bytes:
        """The PNG."""
        return encode(canvas.x, self._folder.output_size, self._folder.output_size).data

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
