"""BentoML with adaptive batching: its dispatcher learns how long to wait. POST /bake {"steps": [n]}; where each
step count has a queue of its own, POST /bake4, /bake8 or /bake20.

MANNER in the environment; run by `bentoml serve bench.oven.peers.with_bentoml:Baker`.
"""

from __future__ import annotations

import os
from typing import Any

import bentoml

from bench.oven.curve import CAP
from bench.oven.manners import calls_of
from bench.oven.peers import new_device

BATCHING: dict[str, Any] = {"batchable": True, "max_batch_size": CAP, "max_latency_ms": 120_000}


@bentoml.service(workers=1, threads=4, logging={"access": {"enabled": False}}, traffic={"timeout": 120})
class Baker:
    """The worker."""

    def __init__(self) -> None:
        self.manner = os.environ["MANNER"]
        self.accelerator = new_device()

    @bentoml.api(**BATCHING)
    def bake(self, steps: list[int]) -> list[int]:
        """Bakes a batch of any steps, in a thread of its own."""
        return self._bake(steps)

    @bentoml.api(**BATCHING)
    def bake4(self, steps: list[int]) -> list[int]:
        """The queue of four steps."""
        return self._bake(steps)

    @bentoml.api(**BATCHING)
    def bake8(self, steps: list[int]) -> list[int]:
        """The queue of eight steps."""
        return self._bake(steps)

    @bentoml.api(**BATCHING)
    def bake20(self, steps: list[int]) -> list[int]:
        """The queue of twenty steps."""
        return self._bake(steps)

    def _bake(self, steps: list[int]) -> list[int]:
        self.accelerator.run(calls_of(self.manner, list(steps)))
        return list(steps)
