"""BentoML with adaptive batching: its dispatcher learns how long to wait. POST /bake {"wants": [one]}; where each
step count has a queue of its own, POST /bake4, /bake8 or /bake20.

Run by `bentoml serve bench.peers.with_bentoml:Baker`.
"""

from __future__ import annotations

from typing import Any

import bentoml

from bench.peers.plan import Plan

PLAN = Plan.read()
BATCHING: dict[str, Any] = {"batchable": True, "max_batch_size": PLAN.rows, "max_latency_ms": 120_000}
if PLAN.rows == 1:
    BATCHING = {}  # it takes no batches of one: requests come as they are


@bentoml.service(workers=PLAN.workers, threads=4, logging={"access": {"enabled": False}}, traffic={"timeout": 120})
class Baker:
    """The worker."""

    def __init__(self) -> None:
        self.worker = PLAN.new_worker()

    @bentoml.api(**BATCHING)
    def bake(self, wants: list[dict[str, Any]]) -> list[str]:
        """Bakes a batch of any steps, in a thread of its own."""
        return self.worker.bake(wants)

    @bentoml.api(**BATCHING)
    def bake4(self, wants: list[dict[str, Any]]) -> list[str]:
        """The queue of four steps."""
        return self.worker.bake(wants)

    @bentoml.api(**BATCHING)
    def bake8(self, wants: list[dict[str, Any]]) -> list[str]:
        """The queue of eight steps."""
        return self.worker.bake(wants)

    @bentoml.api(**BATCHING)
    def bake20(self, wants: list[dict[str, Any]]) -> list[str]:
        """The queue of twenty steps."""
        return self.worker.bake(wants)
