"""What the peers bake with here: the emulated accelerator, on the meter that the bench named."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bench.oven.device import Device
from bench.peers.manners import calls_of
from bench.peers.plan import Plan, Want
from bench.traffic.meter import VARIABLE, Meter


class EmulatedWorker:
    """Answers the step count it baked."""

    def __init__(self, manner: str, device: Device) -> None:
        self._manner = manner
        self._device = device

    def bake(self, wants: Sequence[Want]) -> list[str]:
        """A batch in the plan's manner."""
        steps = [int(want["steps"]) for want in wants]
        self._device.run(calls_of(self._manner, steps))
        return [str(count) for count in steps]


def new_worker(plan: Plan) -> EmulatedWorker:
    """The worker of a plan."""
    return EmulatedWorker(plan.manner, Device(Meter(Path(os.environ[VARIABLE]))))
