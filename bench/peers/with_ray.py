"""Ray Serve with @serve.batch. POST /.

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
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from bench.peers.plan import Plan, Want
from bench.traffic.meter import VARIABLE, Meter

HEAVY_PERCENT = 65
"""Load in per cent of the device from which the long wait is the better one."""
QUIET: dict[str, Any] = {"log_level": "WARNING", "enable_access_log": False}


class Baker:
    """The replica."""

    def __init__(self, plan: Plan, meter: str) -> None:
        self.light, self.heavy = plan.waits
        os.environ[VARIABLE] = meter
        self.meter = Meter(Path(meter))
        self.worker = plan.new_worker()
        self.bake.set_max_batch_size(plan.rows)

    async def __call__(self, request: Request) -> dict[str, str]:
        """One request."""
        heavy = self.meter.read("load_percent") >= HEAVY_PERCENT
        self.bake.set_batch_wait_timeout_s(self.heavy if heavy else self.light)
        return {"picture": await self.bake(await request.json())}

    @serve.batch
    async def bake(self, wants: list[Want]) -> list[str]:
        """Bakes a batch, off the replica's loop."""
        return await asyncio.to_thread(self.worker.bake, wants)


def main() -> None:
    """Serves until it is told to stop."""
    plan, port = Plan.read(), int(sys.argv[1])
    ray.init(
        address="local", num_cpus=4, include_dashboard=False, configure_logging=True, logging_level=logging.WARNING
    )
    serve.start(http_options={"host": "127.0.0.1", "port": port}, logging_config=QUIET)
    replicas = serve.deployment(
        num_replicas=plan.workers,
        max_ongoing_requests=10_000,
        ray_actor_options={"num_cpus": 1},
        logging_config=QUIET,
    )(Baker)
    serve.run(replicas.bind(plan, os.environ[VARIABLE]))
    print("serving", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
