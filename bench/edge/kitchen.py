"""A generator and a moderator that cost next to nothing, so that the machine is the edge's.

python -m bench.edge.kitchen PORT QUOTA_TARGET

Every job takes about `PACE` seconds a step however many there are, at no other's beat; a prompt with the word
"large" gets previews of 200 KB, one with the word "huge" a picture of 8 MB, at once.
"""

import asyncio
import io
import os
import random
import sys
from collections.abc import AsyncIterator

import grpc
import uvloop
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from PIL import Image

from fournil.generator.v1 import generator_pb2, generator_pb2_grpc
from fournil.moderator.v1 import moderator_pb2, moderator_pb2_grpc
from fournil.quota.v1 import quota_pb2, quota_pb2_grpc

MODEL = "stone"
PACE = 12.0
"""Seconds a step."""
SLOTS = 4_096


def picture(side: int, noise: bool) -> bytes:
    """A PNG; one of noise is about 3 bytes a pixel."""
    stream = io.BytesIO()
    data = os.urandom(side * side * 3) if noise else bytes(side * side * 3)
    Image.frombytes("RGB", (side, side), data).save(stream, "PNG")
    return stream.getvalue()


SMALL, LARGE = picture(16, False), picture(256, True)
HUGE_SIDE = 1_672
PASSED = moderator_pb2.Verdict(allowed=True, decision_id="dec_bench")


class Kitchen(generator_pb2_grpc.GeneratorServiceServicer, moderator_pb2_grpc.ModeratorServiceServicer):
    """Both."""

    async def Generate(
        self, request: generator_pb2.GenerateRequest, context: object
    ) -> AsyncIterator[generator_pb2.GenerateResponse]:
        large, huge = "large" in request.prompt, "huge" in request.prompt
        for step in range(1, request.steps + 1):
            await asyncio.sleep(0 if huge else random.uniform(0.5, 1.5) * PACE)
            progress = generator_pb2.Progress(index=0, step=step, steps=request.steps)
            yield generator_pb2.GenerateResponse(progress=progress)
            if request.previews:
                preview = generator_pb2.Preview(index=0, step=step, png=LARGE if large else SMALL)
                yield generator_pb2.GenerateResponse(preview=preview)
        data, side = (picture(HUGE_SIDE, True), HUGE_SIDE) if huge else (SMALL, 16)
        baked = generator_pb2.Picture(index=0, data=data, width=side, height=side, seed=request.seed)
        yield generator_pb2.GenerateResponse(picture=baked)
        yield generator_pb2.GenerateResponse(usage=generator_pb2.Usage())

    async def ListModels(
        self, request: generator_pb2.ListModelsRequest, context: object
    ) -> generator_pb2.ListModelsResponse:
        model = generator_pb2.Model(
            name=MODEL, family="Stone", native_width=64, native_height=64, output_width=64, output_height=64,
            smallest=64, largest=1024, unit=1, most_pixels=1024**2, square=True, default_steps=4,
        )  # fmt: skip
        return generator_pb2.ListModelsResponse(models=[model])

    async def ScreenPrompt(
        self, request: moderator_pb2.ScreenPromptRequest, context: object
    ) -> moderator_pb2.ScreenPromptResponse:
        return moderator_pb2.ScreenPromptResponse(verdict=PASSED)

    async def ScreenImage(
        self, request: moderator_pb2.ScreenImageRequest, context: object
    ) -> moderator_pb2.ScreenImageResponse:
        return moderator_pb2.ScreenImageResponse(verdict=PASSED)


async def main() -> None:
    """Serves and reports to the desk until it is ended."""
    port, target = sys.argv[1:3]
    bound = ("grpc.max_receive_message_length", "grpc.max_send_message_length")
    server = grpc.aio.server(options=[(name, 16 << 20) for name in bound])
    kitchen = Kitchen()
    generator_pb2_grpc.add_GeneratorServiceServicer_to_server(kitchen, server)
    moderator_pb2_grpc.add_ModeratorServiceServicer_to_server(kitchen, server)
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    for name in ("", "fournil.generator.v1.GeneratorService", "fournil.moderator.v1.ModeratorService"):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    async with grpc.aio.insecure_channel(target) as channel:
        desk = quota_pb2_grpc.QuotaServiceStub(channel)
        report = quota_pb2.HeartbeatRequest(
            generator_id="kitchen", address=f"127.0.0.1:{port}", models=[MODEL], slots=SLOTS,
            picture_time=Duration(nanos=1_000_000),
        )  # fmt: skip
        while True:
            try:
                await desk.Heartbeat(report, timeout=5)
            except grpc.aio.AioRpcError as error:
                print(error.code())
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    uvloop.run(main())
