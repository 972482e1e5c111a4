"""One edge process under a crowd: held calls in OpenAI's form and watchers of events, each of a job of its own,
and some readers that never read.

An event's lag is the time from when the store took it (its id says when) until its watcher had it; store, edge and
watchers share this machine and its clock. It is judged while the crowd is there: from the moment that all are
open until the first is answered. What it was while the crowd came and went is printed.
"""

import asyncio
import json
import math
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from bench.edge.stage import Stage, cpu_seconds, memory_mib, stage

STEPS = 12
SLOW = 50
"""Readers that ask for large previews and never read one."""
AT_ONCE = 100
"""Calls that are begun at the same time: it is the crowd that is measured, not its arrival."""
PATIENCE = 280.0
GOAL_LAG = 0.25
"""Seconds."""
console = Console()


@dataclass
class Seen:
    """What came of it."""

    asked: int = 0
    ended: int = 0
    broken: list[str] = field(default_factory=list)
    lags: list[tuple[float, float]] = field(default_factory=list)
    """When an event was written, and how late it came."""
    open: int = 0
    most: int = 0
    all_here: float = 0.0
    first_end: float = 0.0

    def opened(self) -> None:
        """One more is connected and waits."""
        self.open += 1
        if self.open > self.most:
            self.most, self.all_here = self.open, time.time()

    def closed(self) -> None:
        """One is answered."""
        if self.first_end == 0.0:
            self.first_end = time.time()
        self.open -= 1


async def rows(held: int, watchers: int) -> list[dict[str, object]]:
    """Runs it once."""
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder:
        async with stage(Path(folder)) as running:
            return await _run(running, held, watchers)


async def _run(running: Stage, held: int, watchers: int) -> list[dict[str, object]]:
    key, seen, gate = await running.key("crowd", "crowd"), Seen(), asyncio.Semaphore(AT_ONCE)
    idle, cpu = memory_mib(running.pid), cpu_seconds(running.pid)
    began = time.monotonic()
    slow = [asyncio.create_task(_never_reads(running.port, key, gate)) for _ in range(SLOW)]
    calls = [asyncio.create_task(_held(running.port, key, number, seen, gate)) for number in range(held)]
    calls += [asyncio.create_task(_watch(running.port, key, number, seen, gate)) for number in range(watchers)]
    peak = idle
    while not all(call.done() for call in calls):
        await asyncio.wait(calls, timeout=1.0)
        peak = max(peak, memory_mib(running.pid))
    spent = time.monotonic() - began
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    console.print(f"{spent:.0f} s, edge CPU {cpu_seconds(running.pid) - cpu:.0f} s, {len(seen.lags)} events")
    for trouble in seen.broken[:5]:
        console.print(trouble)
    console.print(f"all of the time: {_told([late for _, late in seen.lags])}")
    there = [late for written, late in seen.lags if seen.all_here <= written <= seen.first_end]
    console.print(f"{seen.most} open at once, for {seen.first_end - seen.all_here:.0f} s: {_told(there)}")
    lag = statistics.quantiles(there, n=100)[98] if len(there) > 100 else math.inf
    crowd = f"{held} held calls, {watchers} watchers, {SLOW} that never read, one edge"
    console.print(
        f"memory a call: {(peak - idle) * 1024 / (held + watchers + SLOW):.0f} KiB, its job's walk included"
    )
    return [
        _row(f"{crowd}: answered whole / asked", seen.ended, seen.asked, "= 1", seen.ended == seen.asked),
        _row(f"{crowd}: event lag p99 in s / allowed", round(lag, 3), GOAL_LAG, "<= 1", lag <= GOAL_LAG),
        _row(f"{crowd}: open at once / asked", seen.most, seen.asked, "= 1", seen.most == seen.asked),
        _row(f"{crowd}: memory in MiB / idle", round(peak), round(idle), "stated", True),
    ]


def _told(lags: list[float]) -> str:
    if len(lags) < 2:
        return "no events"
    middle, p99, worst = statistics.median(lags), statistics.quantiles(lags, n=100)[98], max(lags)
    return f"{len(lags)} events, lag median {middle:.3f} s, p99 {p99:.3f} s, worst {worst:.3f} s"


def _row(name: str, ours: float, other: float, goal: str, holds: bool) -> dict[str, object]:
    ratio = round(ours / other, 3)
    return {"name": name, "ours": ours, "other": other, "ratio": ratio, "goal": goal, "holds": holds}


async def _held(port: int, key: str, number: int, seen: Seen, gate: asyncio.Semaphore) -> None:
    """A call in OpenAI's form until its answer."""
    seen.asked += 1
    body = {"prompt": f"held {number}", "steps": STEPS, "seed": number}
    try:
        async with asyncio.timeout(PATIENCE):
            async with gate:
                reader, writer = await _ask(port, key, "POST /v1/images/generations", body)
                await asyncio.sleep(0.05)
            seen.opened()
            answer = await _answer(reader)
            writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        seen.broken.append(f"held {number}: {type(error).__name__}")
        return
    seen.closed()
    if b'"url"' in answer:
        seen.ended += 1
    else:
        seen.broken.append(f"held {number}: {answer[:200]!r}")


async def _watch(port: int, key: str, number: int, seen: Seen, gate: asyncio.Semaphore) -> None:
    """A job of its own and its events, to the last."""
    seen.asked += 1
    try:
        async with asyncio.timeout(PATIENCE):
            async with gate:
                reader, writer = await _events(port, key, {"prompt": f"watched {number}", "previews": 0})
            seen.opened()
            came = time.time()
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    written = int(line[4:].partition(b"-")[0]) / 1000
                    if written >= came:
                        seen.lags.append((written, time.time() - written))
                elif line.startswith(b"event: completed"):
                    seen.ended += 1
                    seen.closed()
                    writer.close()
                    return
        seen.broken.append(f"watcher {number}: ended early")
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        seen.broken.append(f"watcher {number}: {type(error).__name__} {error}")


async def _never_reads(port: int, key: str, gate: asyncio.Semaphore) -> None:
    async with gate:
        _, writer = await _events(port, key, {"prompt": "large", "previews": 10})
    try:
        await asyncio.sleep(PATIENCE)
    finally:
        writer.close()


async def _events(
    port: int, key: str, wish: dict[str, object]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await _ask(port, key, "POST /v1/jobs", {**wish, "steps": STEPS})
    job = json.loads(await _answer(reader))
    writer.close()
    reader, writer = await _ask(port, key, f"GET /v1/jobs/{job['id']}/events", None)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _ask(
    port: int, key: str, line: str, body: dict[str, object] | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """On a connection of its own, with a small buffer: who does not read holds little."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)
    return reader, writer


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(int(length.partition(b":")[2]))
