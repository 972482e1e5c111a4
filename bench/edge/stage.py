"""One edge, one desk, a store and the kitchen, each a process, and the keys to use them."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc
from services.local_mesh.ports import free_port
from services.local_mesh.store import start_store
from services.local_mesh.supervisor import Child

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
TOKEN = "bench-token-0123456789abcdef"


@dataclass(frozen=True)
class Stage:
    """What runs: ports of the edge's HTTP and gRPC, its process, the desk's port."""

    port: int
    grpc_port: int
    pid: int
    quota: int

    async def key(self, account: str, tier: str) -> str:
        """A new key."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.quota}") as channel:
            admin = admin_pb2_grpc.QuotaAdminServiceStub(channel)
            request = admin_pb2.CreateKeyRequest(account_id=account, tier=tier, reason="bench")
            shown = (("authorization", f"Bearer {TOKEN}"),)
            return str((await admin.CreateKey(request, timeout=30, metadata=shown, wait_for_ready=True)).api_key)


@asynccontextmanager
async def stage(folder: Path, edge_environment: Mapping[str, str] | None = None) -> AsyncIterator[Stage]:
    """Until the block ends; the edge's process may have more in its environment. Raises TimeoutError when the edge
    is not ready within 60 s."""
    store = await asyncio.to_thread(start_store, folder / "store")
    quota, kitchen, http, served = (free_port() for _ in range(4))
    usual = {"REDIS_URL": store.url, "FOURNIL_LOG_LEVEL": "WARNING", "FOURNIL_DRAIN_SECONDS": "0"}
    usual |= {"FOURNIL_GRACE_SECONDS": "1"}
    desk = Child(
        "quota",
        {
            **usual,
            "FOURNIL_LISTEN": f"127.0.0.1:{quota}",
            "FOURNIL_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "FOURNIL_POLICY": str(HERE / "policy.toml"),
            "FOURNIL_KEY_PEPPER": "flour, water, salt and time",
            "FOURNIL_ADMIN_TOKEN": TOKEN,
            "FOURNIL_REDIS_BUDGET_MS": "2000",
        },
        folder / "quota.log",
    )
    edge = Child(
        "edge",
        {
            **usual,
            **(edge_environment or {}),
            "FOURNIL_LISTEN": f"127.0.0.1:{served}",
            "FOURNIL_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "FOURNIL_HTTP_LISTEN": f"127.0.0.1:{http}",
            "FOURNIL_QUOTA": f"127.0.0.1:{quota}",
            "FOURNIL_MODERATOR": f"127.0.0.1:{kitchen}",
            "FOURNIL_GENERATOR": f"127.0.0.1:{kitchen}",
            "FOURNIL_RESULTS_URL": (folder / "results").as_uri(),
            "FOURNIL_LINK_SECRET": "a secret of the bench's own, long enough",
            "FOURNIL_DEFAULT_MODEL": "stone",
        },
        folder / "edge.log",
    )
    command = [sys.executable, "-m", "bench.edge.kitchen", str(kitchen), f"127.0.0.1:{quota}"]
    cook = await asyncio.to_thread(subprocess.Popen, command, cwd=REPO)
    try:
        desk.start()
        edge.start()
        assert edge.process is not None
        await _ready(http)
        yield Stage(http, served, edge.process.pid, quota)
    finally:
        cook.kill()
        cook.wait(10)
        edge.stop(10)
        desk.stop(10)
        await asyncio.to_thread(store.stop)


async def _ready(port: int) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            if answer.startswith(b"HTTP/1.1 200"):
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("the edge is not ready")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process so far, to the nanosecond: the clock that
    clock_getcpuclockid(3) gives for it on Linux."""
    return time.clock_gettime(~pid << 3 | 2)


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
