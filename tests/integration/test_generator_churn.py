"""A thousand callers that stay, leave, run out of time or go before others: nothing leaks, all is accounted."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import grpc

from fournil.generator.v1 import generator_pb2 as pb
from fournil.generator.v1 import generator_pb2_grpc
from tests.integration.test_generator_service import Generator, free_port, open_desk, request, started

CALLERS, AT_ONCE = 1_000, 12
MOST_GROWTH = 64 * 2**20
"""Bytes of memory; the first hundred callers warm caches and arenas up and do not count."""
ENDS = {
    "read": {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED},
    "cancel": {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED},
    "deadline": {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED},
}


async def call(stub: generator_pb2_grpc.GeneratorServiceStub, rng: random.Random, number: int) -> tuple[str, str]:
    """One caller; returns what it meant to do and how it ended. A call that ends well must have brought all."""
    fate = rng.choices(("read", "cancel", "deadline"), (0.5, 0.3, 0.2))[0]
    count = rng.choice((1, 1, 1, 2, 3))
    wishes = request(
        job_id=f"job_{number}",
        seed=number,
        count=count,
        steps=rng.choice((1, 2, 4, 8, 20)),
        guidance=rng.choice((1.0, 3.0)),
        priority=rng.choice((pb.PRIORITY_FREE, pb.PRIORITY_PAID)),
        prompt=f"a red boat {rng.randrange(40)}",
    )
    patience = rng.uniform(0.001, 0.2) if fate == "deadline" else 30.0
    stream, to_read = stub.Generate(wishes, timeout=patience), rng.randrange(12)
    seeds, done = set(), False
    try:
        async for event in stream:
            if event.HasField("picture"):
                seeds.add(event.picture.seed)
            done = done or event.HasField("usage")
            to_read -= 1
            if fate == "cancel" and to_read < 0:
                stream.cancel()
    except (grpc.aio.AioRpcError, asyncio.CancelledError):
        pass
    code = await stream.code()
    assert code in ENDS[fate], f"{fate} ended with {code}: {await stream.details()}"
    if code is grpc.StatusCode.OK:
        assert done and seeds == set(range(number, number + count))
    return fate, code.name


async def thousand(port: int, numbers: range) -> Counter[tuple[str, str]]:
    """Callers, AT_ONCE at a time."""
    ends: Counter[tuple[str, str]] = Counter()
    room = asyncio.Semaphore(AT_ONCE)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)

        async def one(number: int) -> None:
            async with room:
                ends[await call(stub, random.Random(number), number)] += 1

        async with asyncio.timeout(300):
            await asyncio.gather(*map(one, numbers))
    return ends


def held(pid: int) -> tuple[int, int, int]:
    """Threads, open files and resident bytes of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return (
        int(status["Threads"]),
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        int(status["VmRSS"].split()[0]) * 1024,
    )


def test_a_thousand_callers_leave_nothing_behind() -> None:
    port = free_port()
    with open_desk(port), started(port) as generator:
        asyncio.run(thousand(generator.port, range(CALLERS // 10)))
        assert generator.becomes_empty()
        before = held(generator.process.pid)
        ends = asyncio.run(thousand(generator.port, range(CALLERS // 10, CALLERS)))
        assert generator.becomes_empty()
        after = held(generator.process.pid)
        assert (
            ends["read", "OK"] > 200
            and ends["cancel", "CANCELLED"] > 20
            and ends["deadline", "DEADLINE_EXCEEDED"] > 20
        )
        assert_nothing_is_left(generator)
    assert after[0] <= before[0] + 2, "threads"
    assert after[1] <= before[1] + 4, "files and streams"
    assert after[2] <= before[2] + MOST_GROWTH, "memory"


def assert_nothing_is_left(generator: Generator) -> None:
    """No rows, no jobs, and still a picture for who asks."""
    for state in ("running", "waiting", "paused"):
        assert generator.metric("fournil_generator_rows", state=state) == 0
    assert any(event.HasField("picture") for event in generator.bake())
