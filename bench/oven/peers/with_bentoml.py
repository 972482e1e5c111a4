"""BentoML with adaptive batching: its dispatcher learns how long to wait. POST /bake {"steps": [n]}.

MANNER in the environment; run by `bentoml serve bench.oven.peers.with_bentoml:Baker`.
"""

from __future__ import annotations

import os

import bentoml

from bench.oven.curve import CAP
from bench.oven.manners import calls_of
from bench.oven.peers import new_device


@bentoml.service(workers=1, traffic={"timeout": 120})
class Baker:
    """The worker."""

    def __init__(self) -> None:
        self.manner = os.environ["MANNER"]
        self.accelerator = new_device()

    @bentoml.api(batchable=True, max_batch_size=CAP, max_latency_ms=120_000)
    def bake(self, steps: list[int]) -> list[int]:
        """Bakes a batch, in a thread of its own."""
        self.accelerator.run(calls_of(self.manner, list(steps)))
        return list(steps)
