"""Our whole mesh as users run it, its limits opened wide: `python -m bench.serving.mesh PORT`, until SIGTERM.

Everything it keeps is in a folder `mesh` of the working directory, the keys too.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc

from bench.serving.kitchen import WEIGHTS
from bench.traffic.asking import Ask, Refused
from bench.traffic.workload import Arrival
from fournil.edge.v1 import edge_pb2, edge_pb2_grpc
from services.local_mesh.mesh import LocalMesh
from services.local_mesh.ports import Ports

POLICY = """
max_attempts = 3
max_cost = 10
default_tier = "free"
[times]
lease = 30
heartbeat = 1
silence = 3
keep_final = 48
keep_request = 24
[[tier]]
name = "free"
weight = 1
live = 10000
line = 100000
window = [{ name = "daily", limit = 1000000, period = "1d" }]
[[tier]]
name = "paid"
weight = 4
live = 10000
line = 100000
window = [{ name = "daily", limit = 1000000, period = "1d" }]
"""
"""The policy that ships but for its limits."""


async def ask_mesh(stack: AsyncExitStack, port: int, folder: Path) -> Ask:
    """ImageService: CreateJob, WatchJob to its end, GetImage. The keys are read when they are there."""
    channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
    stub = edge_pb2_grpc.ImageServiceStub(channel)
    keys: dict[str, str] = {}

    async def ask(arrival: Arrival) -> None:
        if not keys:
            keys.update(json.loads((folder / "mesh" / "demo-keys.json").read_text("utf-8")))
        key: Any = (("authorization", f"Bearer {keys['paid' if arrival.paid else 'free']}"),)
        request = edge_pb2.CreateJobRequest(
            prompt=arrival.prompt, seed=arrival.number, steps=arrival.steps, previews=0
        )
        job = (await stub.CreateJob(request, metadata=key)).job
        async for event in stub.WatchJob(edge_pb2.WatchJobRequest(id=job.id), metadata=key):
            if event.HasField("failed"):
                raise Refused(event.failed.reason)
        await stub.GetImage(edge_pb2.GetImageRequest(id=job.id, index=0), metadata=key)

    return ask


def main() -> None:
    """Serves until it is told to stop."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    folder = Path.cwd() / "mesh"
    folder.mkdir()
    policy = folder / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    ports = replace(Ports.any(), edge_grpc=int(sys.argv[1]))
    mesh = LocalMesh(folder, ports, WEIGHTS, {"FOURNIL_POLICY": str(policy), "FOURNIL_LOG_LEVEL": "WARNING"})
    try:
        mesh.start()
        while not stopping:
            time.sleep(0.2)
    finally:
        mesh.stop(3.0)


if __name__ == "__main__":
    main()
