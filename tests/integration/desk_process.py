"""The desk as a process of its own, for tests."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.local_mesh.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SERVICE = "fournil.quota.v1.QuotaService"


@dataclass
class DeskProcess:
    """One replica that can be killed and started again on the same port."""

    redis_url: str
    extra: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        environment = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "FOURNIL_KEY_PEPPER": "flour, water, salt and time",
            "FOURNIL_POLICY": str(ROOT / "tests" / "fixtures" / "policy.toml"),
            "FOURNIL_LISTEN": self.target,
            "FOURNIL_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "FOURNIL_LOG_LEVEL": "WARNING",
            # The store shares the cores with all that runs beside; tests of outages ask for what they need.
            "FOURNIL_REDIS_BUDGET_MS": "500",
            "FOURNIL_DRAIN_SECONDS": "0",
            "FOURNIL_GRACE_SECONDS": "1",
            **self.extra,
        }
        command = [sys.executable, "-m", "services.quota"]
        self.process = await asyncio.to_thread(subprocess.Popen, command, cwd=ROOT, env=environment)
        async with grpc.aio.insecure_channel(self.target) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            request = health_pb2.HealthCheckRequest(service=SERVICE)
            await check(request, wait_for_ready=True, timeout=20)

    def kill(self) -> None:
        """kill -9: nothing gets a chance to be tidy."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@asynccontextmanager
async def desk_on(redis_url: str, **extra: str) -> AsyncIterator[DeskProcess]:
    """A replica while the block lasts; `extra` are variables of its own."""
    desk = DeskProcess(redis_url, extra)
    try:
        await desk.start()
        yield desk
    finally:
        desk.stop()
