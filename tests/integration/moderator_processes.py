"""Real moderators over one store, called with the operator's token."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from fournil.moderator.v1 import admin_pb2, admin_pb2_grpc, moderator_pb2, moderator_pb2_grpc
from services.local_mesh.ports import free_port
from services.runtime.errors import Reason
from services.runtime.wire_errors import error_info

ROOT = Path(__file__).parents[2]
TOKEN = "salt, sugar and a spoon"
SHOWN = (("authorization", f"Bearer {TOKEN}"),)


@dataclass
class Taster:
    """One process, called with the token."""

    process: subprocess.Popen[bytes]
    stub: moderator_pb2_grpc.ModeratorServiceStub
    office: admin_pb2_grpc.ModeratorAdminServiceStub
    target: str

    async def verdict(self, prompt: str, account: str = "ada", **more: Any) -> Any:
        request = moderator_pb2.ScreenPromptRequest(prompt=prompt, account_id=account, job_id="job", **more)
        return (await self.stub.ScreenPrompt(request, timeout=20)).verdict

    async def admin(self, method: str, **fields: Any) -> Any:
        request = getattr(admin_pb2, f"{method}Request")(**fields)
        return await getattr(self.office, method)(request, timeout=20, metadata=SHOWN)


def started(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "services.moderator"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


@asynccontextmanager
async def tasters(url: str, count: int, **extra: str) -> AsyncIterator[list[Taster]]:
    ports = [free_port() for _ in range(count)]
    common = {
        **os.environ,
        "REDIS_URL": url,
        "FOURNIL_METRICS_LISTEN": "127.0.0.1:0",
        "FOURNIL_DRAIN_SECONDS": "0.1",
    }
    common |= {"FOURNIL_ADMIN_TOKEN": TOKEN, "FOURNIL_MODERATION_KEY": "k" * 16, "FOURNIL_GRACE_SECONDS": "2"}
    processes = [started({**common, **extra, "FOURNIL_LISTEN": f"127.0.0.1:{port}"}) for port in ports]
    options = [("grpc.max_send_message_length", 32 << 20)]
    channels = [grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) for port in ports]
    try:
        for channel in channels:
            await asyncio.wait_for(channel.channel_ready(), 60)
        yield [
            Taster(
                process,
                moderator_pb2_grpc.ModeratorServiceStub(channel),
                admin_pb2_grpc.ModeratorAdminServiceStub(channel),
                f"127.0.0.1:{port}",
            )
            for process, channel, port in zip(processes, channels, ports, strict=True)
        ]
    finally:
        for channel in channels:
            await channel.close()
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            assert process.wait(20) == 0


def reason_of(error: Any) -> Reason:
    found = error_info(error)
    assert found is not None, error
    return found[0]


async def within_a_second(check: Any) -> None:
    deadline = time.monotonic() + 1.0
    while not await check():
        assert time.monotonic() < deadline
