"""How long a decision takes while the store is stopped, dead, and back: the desk as a process, 32 in flight."""

import asyncio
import os
import signal
import time
from pathlib import Path

import grpc

from bench.quota.place import open_accounts, policy_store
from bench.quota.wire import Served, request, serve_desk
from services.local_mesh.store import start_store
from services.quota.redis_office import TAG
from services.runtime.errors import Reason
from services.runtime.pipelined import PipelinedLink
from services.runtime.wire_errors import error_info

IN_FLIGHT = 32
SECONDS = 3.0


async def measure(folder: Path) -> dict[str, float]:
    """Seconds of the longest wait while the store was `stopped` and `dead`; seconds from its return to the first
    right answer (`continued`, `restarted`); answers that were decisions though nobody can have decided (`open`);
    errors other than UNAVAILABLE (`other errors`), and any after the first right answer (`errors after`)."""
    local = start_store(folder)
    try:
        link = PipelinedLink(local.url, tag=TAG, budget=2.0)
        await open_accounts(policy_store(link))
        await link.close()
        async with serve_desk(local.url) as desk:
            await _ask(desk, SECONDS / 3)
            os.kill(local.process.pid, signal.SIGSTOP)
            stopped = await _ask(desk, SECONDS)
            os.kill(local.process.pid, signal.SIGCONT)
            continued = await _until_right(desk)
            await asyncio.sleep(1.2)
            local.process.kill()
            local.process.wait(10)
            dead = await _ask(desk, SECONDS)
            local.process = start_store(folder, port=local.port).process
            restarted = await _until_right(desk)
            after = await _ask(desk, SECONDS / 3)
    finally:
        os.kill(local.process.pid, signal.SIGCONT)
        local.stop()
    return {
        "stopped": stopped[0],
        "dead": dead[0],
        "continued": continued,
        "restarted": restarted,
        "open": float(stopped[1] + dead[1]),
        "other errors": float(stopped[2] + dead[2] + after[2]),
        "errors after": float(after[3]),
    }


async def _ask(desk: Served, seconds: float) -> tuple[float, int, int, int]:
    """The longest wait; answers that were decisions; errors other than UNAVAILABLE; errors."""
    longest, decided, others, errors = 0.0, 0, 0, 0
    end = time.perf_counter() + seconds

    async def ask_on() -> None:
        nonlocal longest, decided, others, errors
        while (began := time.perf_counter()) < end:
            try:
                await desk.stub.Reserve(request("spent"))
                decided += 1
            except grpc.aio.AioRpcError as error:
                found = error_info(error)
                errors += 1
                others += found is None or found[0] is not Reason.UNAVAILABLE
            longest = max(longest, time.perf_counter() - began)
            # A client that is told to come later comes later.
            await asyncio.sleep(0.02)

    await asyncio.gather(*(ask_on() for _ in range(IN_FLIGHT)))
    return longest, decided, others, errors


async def _until_right(desk: Served) -> float:
    began = time.perf_counter()
    while time.perf_counter() - began < 20:
        try:
            answer = await desk.stub.Reserve(request("spent"))
        except grpc.aio.AioRpcError:
            await asyncio.sleep(0.005)
            continue
        assert answer.WhichOneof("outcome") == "refusal"
        return time.perf_counter() - began
    raise TimeoutError("the desk did not find its store again")
