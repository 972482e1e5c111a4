"""How each system is asked for one picture, in its own protocol. A call that is cancelled ends its connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import httpx

from bench.oven.workload import Arrival
from fournil.generator.v1 import generator_pb2 as pb
from fournil.generator.v1 import generator_pb2_grpc

Ask = Callable[[Arrival], Awaitable[None]]
"""Returns when the picture is here. Raises Refused, or what its protocol raises."""
Dialect = Callable[[AsyncExitStack, int], Awaitable[Ask]]
"""Opens a way to ask the server at a port; the stack closes it."""


class Refused(Exception):
    """The server answered, but with no picture."""


async def ask_ours(stack: AsyncExitStack, port: int) -> Ask:
    """GeneratorService.Generate: steps are streamed, then the picture."""
    channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
    stub = generator_pb2_grpc.GeneratorServiceStub(channel)

    async def ask(arrival: Arrival) -> None:
        request = pb.GenerateRequest(
            job_id="bench",
            model="emulated",
            prompt="a picture",
            count=1,
            steps=arrival.steps,
            priority=pb.PRIORITY_PAID if arrival.paid else pb.PRIORITY_FREE,
        )
        pictures = [answer async for answer in stub.Generate(request) if answer.HasField("picture")]
        if not pictures:
            raise Refused("the stream ended without a picture")

    return ask


def over_http(path: Callable[[Arrival], str], body: Callable[[Arrival], dict[str, Any]]) -> Dialect:
    """A way to ask by POST of JSON; any answer but 200 is a refusal."""

    async def open_client(stack: AsyncExitStack, port: int) -> Ask:
        boundless = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=None, limits=boundless)
        await stack.enter_async_context(client)

        async def ask(arrival: Arrival) -> None:
            answer = await client.post(path(arrival), json=body(arrival))
            if answer.status_code != httpx.codes.OK:
                raise Refused(f"{answer.status_code} {answer.text[:200]}")

        return ask

    return open_client


def _triton_body(arrival: Arrival) -> dict[str, Any]:
    steps = {"name": "steps", "shape": [1, 1], "datatype": "INT32", "data": [arrival.steps]}
    return {"inputs": [steps], "parameters": {"priority": 1 if arrival.paid else 2}}


def _bentoml_body(arrival: Arrival) -> dict[str, Any]:
    return {"steps": [arrival.steps]}


ask_litserve = over_http(lambda _: "/predict", lambda arrival: {"steps": arrival.steps})
ask_bentoml = over_http(lambda _: "/bake", _bentoml_body)
ask_bentoml_queues = over_http(lambda arrival: f"/bake{arrival.steps}", _bentoml_body)
ask_ray = over_http(lambda _: "/", lambda arrival: {"steps": arrival.steps})
ask_triton = over_http(lambda _: "/v2/models/oven/infer", _triton_body)
ask_triton_queues = over_http(lambda arrival: f"/v2/models/oven{arrival.steps}/infer", _triton_body)
