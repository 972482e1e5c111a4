"""The generators over gRPC: their models, and baking on the one that a turn names. Translation only."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import fields

import grpc

from fournil.generator.v1 import generator_pb2, generator_pb2_grpc
from services.edge.asking import ModelFacts
from services.edge.job import Format, Job, Sent, Usage
from services.edge.peer_faults import faults_of
from services.edge.peers import (
    BakedPicture,
    Baking,
    RoughPicture,
    StepDone,
    Turn,
)
from services.runtime.channels import open_channel
from services.runtime.errors import Fault, Reason
from services.runtime.wire_time import seconds

BAKE_SECONDS = 900.0
"""Longest one job may be in the oven."""
CONNECT_SECONDS = 10.0
"""Longest wait for a generator's connection. Its turn's lease (30 s) outlasts it."""
MOST_OVENS = 256
"""Channels to generators that are kept open; the one unused for longest is closed first."""
_PRIORITIES = {"free": generator_pb2.PRIORITY_FREE}
_FORMATS = {
    Format.PNG: generator_pb2.PICTURE_FORMAT_PNG,
    Format.JPEG: generator_pb2.PICTURE_FORMAT_JPEG,
    Format.WEBP: generator_pb2.PICTURE_FORMAT_WEBP,
}


class GrpcOvens:
    """Implements `peers.Ovens`: one channel to each generator that turns were given for."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, grpc.aio.Channel] = OrderedDict()

    async def generate(self, job: Job, turn: Turn, sent: Sent) -> AsyncIterator[Baking]:
        channel = await self._channel(turn.address)
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        spec = job.spec
        request = generator_pb2.GenerateRequest(
            job_id=job.id,
            model=spec.model,
            prompt=spec.prompt,
            count=spec.count,
            seed=spec.seed,
            steps=spec.steps,
            width=spec.width,
            height=spec.height,
            priority=_PRIORITIES.get(job.account.tier, generator_pb2.PRIORITY_PAID),
            previews=spec.previews,
            guidance=spec.guidance,
            negative_prompt=spec.negative_prompt,
            source=sent.source,
            mask=sent.mask,
            strength=spec.strength,
            format=_FORMATS[spec.output_format],
            quality=spec.quality,
        )
        whole = False
        with faults_of("generator"):
            await _connected(channel)
            async for event in stub.Generate(request, timeout=BAKE_SECONDS):
                match event.WhichOneof("event"):
                    case "progress":
                        yield StepDone(event.progress.index, event.progress.step, event.progress.steps)
                    case "preview":
                        rough = event.preview
                        yield RoughPicture(rough.index, rough.step, rough.png, rough.thumbnail)
                    case "picture":
                        baked = event.picture
                        yield BakedPicture(baked.index, baked.seed, baked.data, baked.thumbnail)
                    case "usage":
                        whole = True
                        yield _usage(event.usage)
        if not whole:
            raise Fault(Reason.UNAVAILABLE, "the generator's stream ended early", peer="generator")

    async def close(self) -> None:
        """Closes every channel."""
        for channel in self._channels.values():
            await channel.close()

    async def _channel(self, address: str) -> grpc.aio.Channel:
        if address not in self._channels:
            self._channels[address] = open_channel(address, service="fournil.generator.v1.GeneratorService")
            if len(self._channels) > MOST_OVENS:
                _, oldest = self._channels.popitem(last=False)
                await oldest.close(grace=BAKE_SECONDS)
        self._channels.move_to_end(address)
        return self._channels[address]


async def _connected(channel: grpc.aio.Channel) -> None:
    """Waits for the connection. A generator that was just restarted reports to the desk before our channel has
    ended its pause between two tries; failing at once would spend the job's turns within a second or two."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await channel.channel_ready()
    except TimeoutError:
        raise Fault(Reason.UNAVAILABLE, "the generator cannot be reached", peer="generator") from None


async def list_models(channel: grpc.aio.Channel) -> dict[str, ModelFacts]:
    """The models of one generator replica, by name."""
    stub = generator_pb2_grpc.GeneratorServiceStub(channel)
    with faults_of("generator"):
        answer = await stub.ListModels(generator_pb2.ListModelsRequest(), timeout=3.0)
    return {model.name: _model(model) for model in answer.models}


def _model(message: generator_pb2.Model) -> ModelFacts:
    same = {field.name for field in fields(ModelFacts)} - {"takes_image"}
    return ModelFacts(takes_image=message.takes_source, **{name: getattr(message, name) for name in same})


def _usage(message: generator_pb2.Usage) -> Usage:
    joules = message.energy_joules if message.HasField("energy_joules") else None
    return Usage(seconds(message.compute_time), joules)
