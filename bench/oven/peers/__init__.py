"""One server a peer, run by the interpreter it is installed in: `python -m bench.oven.peers.NAME MANNER PORT`.

They import their peer, the standard library and `bench.oven.{device,meter,manners}`, nothing of the services. Each
bakes in one worker on one device, takes up to `CAP` pictures a batch and answers the step count it baked.
"""

from __future__ import annotations

import os
from pathlib import Path

from bench.oven.device import Device
from bench.oven.meter import VARIABLE, Meter


def new_device() -> Device:
    """The worker's accelerator, on the meter the bench named."""
    return Device(Meter(Path(os.environ[VARIABLE])))
