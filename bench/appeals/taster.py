"""Real moderators, each a process, and stores for them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from fournil.moderator.v1 import admin_pb2_grpc, moderator_pb2, moderator_pb2_grpc
from services.local_mesh.ports import free_port
from services.local_mesh.store import start_store

REPO = Path(__file__).resolve().parents[2]
ACCOUNT = "bench"
"""Who asks, and of which job."""


@dataclass
class Taster:
    """A moderator process and its two services."""

    stub: moderator_pb2_grpc.ModeratorServiceStub
    office: admin_pb2_grpc.ModeratorAdminServiceStub

    def verdict(self, prompt: str) -> moderator_pb2.Verdict:
        """On a prompt."""
        request = moderator_pb2.ScreenPromptRequest(prompt=prompt, account_id=ACCOUNT, job_id=ACCOUNT)
        return self.stub.ScreenPrompt(request, timeout=30).verdict


@contextmanager
def taster(url: str, **settings: str) -> Iterator[Taster]:
    """One on a store; `settings` are further variables of its environment."""
    port = free_port()
    environment = {**os.environ, "REDIS_URL": url, "FOURNIL_LISTEN": f"127.0.0.1:{port}"}
    environment |= {"FOURNIL_METRICS_LISTEN": "127.0.0.1:0", "FOURNIL_LOG_LEVEL": "WARNING", **settings}
    process = subprocess.Popen([sys.executable, "-m", "services.moderator"], cwd=REPO, env=environment)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            stub = moderator_pb2_grpc.ModeratorServiceStub(channel)
            yield Taster(stub, admin_pb2_grpc.ModeratorAdminServiceStub(channel))
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def store() -> Iterator[str]:
    """The URL of an empty one."""
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder:
        started = start_store(Path(folder))
        try:
            yield started.url
        finally:
            started.stop()
