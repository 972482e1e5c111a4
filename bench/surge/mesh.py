"""Two replicas of the desk over a store of their own, on loopback."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.local_mesh.ports import free_port
from services.local_mesh.store import start_store

REPO = Path(__file__).resolve().parents[2]
SERVICE = "fournil.quota.v1.QuotaService"


@dataclass
class Replica:
    """One desk process that can be killed and started again on the same port."""

    redis_url: str
    policy: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Until it serves; 30 s at most, else grpc's error."""
        environment = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "FOURNIL_KEY_PEPPER": "flour, water, salt and time",
            "FOURNIL_POLICY": str(self.policy),
            "FOURNIL_LISTEN": f"127.0.0.1:{self.port}",
            "FOURNIL_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "FOURNIL_LOG_LEVEL": "ERROR",
            "FOURNIL_DRAIN_SECONDS": "0",
            "FOURNIL_GRACE_SECONDS": "1",
        }
        command = [sys.executable, "-m", "services.quota"]
        self.process = await asyncio.to_thread(subprocess.Popen, command, cwd=REPO, env=environment)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            await check(health_pb2.HealthCheckRequest(service=SERVICE), wait_for_ready=True, timeout=30)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


@dataclass(frozen=True)
class Mesh:
    """What runs."""

    redis_url: str
    replicas: list[Replica]

    @property
    def target(self) -> str:
        """All replicas, for one channel."""
        return "ipv4:" + ",".join(f"127.0.0.1:{one.port}" for one in self.replicas)


@asynccontextmanager
async def mesh(folder: Path, policy: Path, replicas: int = 2) -> AsyncIterator[Mesh]:
    """A store and its desks, until the block ends."""
    store = await asyncio.to_thread(start_store, folder)
    desks = [Replica(store.url, policy) for _ in range(replicas)]
    try:
        await asyncio.gather(*(desk.start() for desk in desks))
        yield Mesh(store.url, desks)
    finally:
        for desk in desks:
            desk.kill()
        await asyncio.to_thread(store.stop)
