"""How a system is asked for one picture, in its own protocol. A call that is cancelled ends its connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import httpx

from bench.traffic.workload import Arrival
from fournil.generator.v1 import generator_pb2 as pb
from fournil.generator.v1 import generator_pb2_grpc

Ask = Callable[[Arrival], Awaitable[None]]
"""Returns when the picture is here. Raises Refused, or what its protocol raises."""
Dialect = Callable[[AsyncExitStack, int, Path], Awaitable[Ask]]
"""Opens a way to ask the server at a port, which was started in a folder; the stack closes it."""


class Refused(Exception):
    """The server answered, but with no picture."""


def over_generate(model: str) -> Dialect:
    """GeneratorService.Generate of that model: steps are streamed, then the picture."""

    async def open_stub(stack: AsyncExitStack, port: int, _: Path) -> Ask:
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)

        async def ask(arrival: Arrival) -> None:
            request = pb.GenerateRequest(
                job_id="bench",
                model=model,
                prompt=arrival.prompt,
                count=1,
                seed=arrival.number,
                steps=arrival.steps,
                priority=pb.PRIORITY_PAID if arrival.paid else pb.PRIORITY_FREE,
            )
            pictures = [answer async for answer in stub.Generate(request) if answer.HasField("picture")]
            if not pictures:
                raise Refused("the stream ended without a picture")

        return ask

    return open_stub


def over_http(path: Callable[[Arrival], str], body: Callable[[Arrival], dict[str, Any]]) -> Dialect:
    """A way to ask by POST of JSON; any answer but 200 is a refusal."""

    async def open_client(stack: AsyncExitStack, port: int, _: Path) -> Ask:
        boundless = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=None, limits=boundless)
        await stack.enter_async_context(client)

        async def ask(arrival: Arrival) -> None:
            answer = await client.post(path(arrival), json=body(arrival))
            if answer.status_code != httpx.codes.OK:
                raise Refused(f"{answer.status_code} {answer.text[:200]}")

        return ask

    return open_client
