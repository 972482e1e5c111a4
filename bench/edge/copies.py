"""How often the edge copies a picture's bytes: of one of 8 MB, from the generator's message to the store, and from
the store to each kind of client.

The edge that serves runs with `copied.c` loaded, which counts what memcpy and memmove move in all its libraries
(needs a C compiler and glibc). Writing base64 is no copy in that sense, nor are the kernel's reads and writes.
Which copies these are, and why, is in docs/edge-profile.md.
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import httpx

from bench.edge.stage import Stage, stage
from fournil.edge.v1 import edge_pb2, edge_pb2_grpc

GOALS = {"drawn and kept": 15.1, "by its link": 1.1, "b64_json": 2.4, "a stream's last event": 3.8, "gRPC": 5.1}
"""Most copies that docs/edge-profile.md has a reason for, and a tenth of a picture for all else that is copied."""
TIMES = 5
WISH = {"prompt": "huge", "steps": 1, "response_format": "b64_json"}


async def rows() -> list[dict[str, object]]:
    """One row a way, none without a compiler; `ours` are the bytes copied a picture, `other` its own."""
    if shutil.which("cc") is None:
        print("copies are not counted: there is no C compiler")
        return []
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder:
        library, count = Path(folder) / "copied.so", Path(folder) / "count"
        count.write_bytes(bytes(8))
        source = Path(__file__).with_name("copied.c")
        flags = ["-O2", "-fno-builtin", "-shared", "-fPIC"]
        await asyncio.to_thread(subprocess.run, ["cc", *flags, "-o", library, source, "-ldl"], check=True)
        async with stage(Path(folder), {"LD_PRELOAD": str(library), "COPIED": str(count)}) as running:
            size, copied = await _counted(running, count)
    return [_row(name, copied[name], size) for name in GOALS]


async def _counted(running: Stage, count: Path) -> tuple[int, dict[str, float]]:
    """A picture's bytes, and how many were copied each way, on average."""
    key = await running.key("rich", "crowd")
    shown = {"authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", headers=shown, timeout=60) as client,
        grpc.aio.insecure_channel(
            f"127.0.0.1:{running.grpc_port}", options=[("grpc.max_receive_message_length", 16 << 20)]
        ) as channel,
    ):
        stub = edge_pb2_grpc.ImageServiceStub(channel)
        drawn: list[str] = []

        async def draw() -> None:
            job = await client.post("/v1/jobs", json={"prompt": "huge", "steps": 1}, headers={"prefer": "wait=60"})
            drawn.append(job.json()["images"][0]["url"])

        async def link() -> bytes:
            return (await client.get(drawn[-1])).raise_for_status().content

        async def form(**more: object) -> bytes:
            """Of a job that was drawn before: the key is that of the first call."""
            asked = await client.post(
                "/v1/images/generations", json=WISH | more, headers={"idempotency-key": "the same"}
            )
            assert b"iVBOR" in asked.raise_for_status().content
            return asked.content

        async def call() -> None:
            wanted = edge_pb2.GetImageRequest(id=drawn[-1].split("/")[3], index=0)
            await stub.GetImage(wanted, metadata=tuple(shown.items()))

        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "drawn and kept": draw,
            "by its link": link,
            "b64_json": form,
            "a stream's last event": lambda: form(stream=True),
            "gRPC": call,
        }
        await form()
        copied: dict[str, float] = {}
        for name, ask in ways.items():
            await ask()
            before = _read(count)
            for _ in range(TIMES):
                await ask()
            copied[name] = (_read(count) - before) / TIMES
        return len(await link()), copied


def _read(count: Path) -> int:
    return int.from_bytes(count.read_bytes(), "little")


def _row(name: str, copied: float, size: int) -> dict[str, object]:
    return {
        "name": f"a picture of 8 MB, {name}: bytes copied / its own",
        "ours": round(copied),
        "other": size,
        "ratio": round(copied / size, 3),
        "goal": f"<= {GOALS[name]}",
        "holds": copied / size <= GOALS[name],
    }
