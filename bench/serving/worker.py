"""What the peers bake with here: the shipped model."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence

from bench.peers.plan import Plan, Want
from bench.serving.kitchen import Kitchen


class KitchenWorker:
    """Answers PNGs in base64."""

    def __init__(self, plan: Plan) -> None:
        self._manner = plan.manner
        self._kitchen = Kitchen(plan.threads)
        self._turn = threading.Lock()
        # Drawn once before the server says that it is ready.
        self.bake([{"steps": 2, "prompt": "a boat", "seed": seed} for seed in range(plan.rows)])

    def bake(self, wants: Sequence[Want]) -> list[str]:
        """A batch in the plan's manner; batches from several threads take turns."""
        with self._turn:
            pictures = self._kitchen.draw(wants, self._manner)
        return [base64.b64encode(png).decode() for png in pictures]


def new_worker(plan: Plan) -> KitchenWorker:
    """The worker of a plan."""
    return KitchenWorker(plan)
