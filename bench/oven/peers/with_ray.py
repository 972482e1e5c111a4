"""Ray Serve with @serve.batch. POST / {"steps": n}.

It seals a batch while the one before is still baking, so how long it may wait for a fuller one decides: short when
the load is light, long when it is heavy. The bench says which load comes (`Meter`), so it has its better wait.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from pathlib import Path

import ray
from ray import serve
from starlette.requests import Request

from bench.oven.curve import CAP
from bench.oven.device import Device
from bench.oven.manners import calls_of
from bench.oven.meter import VARIABLE, Meter

LIGHT_WAIT, HEAVY_WAIT = 0.3, 0.7
"""Seconds a batch may wait to fill: the best of 0.06, 0.12, 0.2, 0.3 and 0.45 at half load; with 0.7 and 1.0
beside them, the best at 0.8, 1.0 and 1.5 times the device. Shorter ones made waits up to three times as long."""
HEAVY_PERCENT = 65
"""Load in per cent of the device from which the long wait is the better one."""
QUIET = {"log_level": "WARNING", "enable_access_log": False}


@serve.deployment(
    num_replicas=1, max_ongoing_requests=10_000, ray_actor_options={"num_cpus": 1}, logging_config=QUIET
)
class Baker:
    """The replica."""

    def __init__(self, manner: str, meter: str) -> None:
        self.manner = manner
        self.meter = Meter(Path(meter))
        self.accelerator = Device(self.meter)

    async def __call__(self, request: Request) -> dict[str, int]:
        """One request."""
        heavy = self.meter.read("load_percent") >= HEAVY_PERCENT
        self.bake.set_batch_wait_timeout_s(HEAVY_WAIT if heavy else LIGHT_WAIT)
        return {"steps": await self.bake(int((await request.json())["steps"]))}

    @serve.batch(max_batch_size=CAP, batch_wait_timeout_s=LIGHT_WAIT)
    async def bake(self, steps: list[int]) -> list[int]:
        """Bakes a batch, off the replica's loop."""
        await asyncio.to_thread(self.accelerator.run, calls_of(self.manner, steps))
        return steps


def main() -> None:
    """Serves until it is told to stop."""
    manner, port = sys.argv[1], int(sys.argv[2])
    ray.init(
        address="local", num_cpus=4, include_dashboard=False, configure_logging=True, logging_level=logging.WARNING
    )
    serve.start(http_options={"host": "127.0.0.1", "port": port}, logging_config=QUIET)
    serve.run(Baker.bind(manner, os.environ[VARIABLE]))
    print("serving", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
