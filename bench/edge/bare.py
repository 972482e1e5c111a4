"""CPU of the edge's process a request, against a bare Starlette route under the same server that reads the same
JSON and makes one gRPC call to a peer that does nothing.

Nearly every request of a surge is a refusal, so that is what is measured: a picture asked for on an allowance
that is spent, in OpenAI's form and over /v1/jobs. The edge checks the key and every field, asks the desk, and
answers in the caller's language with every header; the bare route does none of it. The ways alternate in short
rounds.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.edge.stage import REPO, cpu_seconds, stage
from services.local_mesh.ports import free_port

ROUNDS, EACH, CONNECTIONS = 40, 160, 8
GOAL = 1.5
BODY = json.dumps({"prompt": "a crab next to a boat on a beach", "n": 2, "count": 2, "size": "auto"}).encode()
WAYS = {"OpenAI's form": b"/v1/images/generations", "/v1/jobs": b"/v1/jobs"}


async def rows() -> list[dict[str, object]]:
    """One row a way; times are CPU microseconds a request."""
    noop, port = free_port(), free_port()
    commands = (("bench.quota.noop", str(noop)), ("bench.edge.bare_app", str(port), str(noop)))
    # In sessions of their own, as the edge is: Linux may share a busy machine's cores out by session.
    others = [
        await asyncio.to_thread(
            subprocess.Popen, [sys.executable, "-m", *command], cwd=REPO, start_new_session=True
        )
        for command in commands
    ]
    try:
        with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder:
            async with stage(Path(folder)) as running:
                key = await running.key("poor", "free")
                await _listening(port)
                bare = (others[1].pid, port, b"/")
                ways = {name: (running.pid, running.port, path) for name, path in WAYS.items()}
                return _judged(await _measure({"bare": bare, **ways}, key))
    finally:
        for process in others:
            process.kill()
            process.wait(10)


async def _measure(ways: dict[str, tuple[int, int, bytes]], key: str) -> dict[str, list[float]]:
    """CPU microseconds a request, a figure a round; the first round is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, (pid, port, path) in ways.items():
            before = cpu_seconds(pid)
            await asyncio.gather(*(_ask(port, path, key, EACH // CONNECTIONS) for _ in range(CONNECTIONS)))
            if number:
                spent[name].append((cpu_seconds(pid) - before) / EACH * 1e6)
    return spent


def _judged(spent: dict[str, list[float]]) -> list[dict[str, object]]:
    middle = {name: statistics.median(times) for name, times in spent.items()}
    other = middle.pop("bare")
    return [
        {
            "name": f"edge CPU a refused request in us, {name}: ours / a bare route with a gRPC call",
            "ours": round(ours),
            "other": round(other),
            "ratio": round(ours / other, 3),
            "goal": f"<= {GOAL}",
            "holds": ours / other <= GOAL,
        }
        for name, ours in middle.items()
    ]


async def _ask(port: int, path: bytes, key: str, times: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST %b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\ncontent-type: application/json\r\n"
    request = head % (path, key.encode()) + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
    for _ in range(times):
        writer.write(request)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert answer.startswith((b"http/1.1 429", b"http/1.1 200")), answer
        await reader.readexactly(int(answer.split(b"content-length:")[1].split(b"\r\n")[0]))
    writer.close()


async def _listening(port: int) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise TimeoutError("the bare route does not listen")
