"""The gRPC surface: messages in, messages out, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc

from fournil.generator.v1 import generator_pb2 as pb
from fournil.generator.v1 import generator_pb2_grpc
from services.generator.families.interface import Facts, Model
from services.generator.mailbox import Baked, Event, Rough, StepDone, Usage
from services.generator.oven import Oven
from services.generator.picture import Format
from services.generator.recipe import Asked, check
from services.runtime.errors import invalid
from services.runtime.wire_time import duration

_FORMATS = {
    pb.PICTURE_FORMAT_UNSPECIFIED: Format.PNG,
    pb.PICTURE_FORMAT_PNG: Format.PNG,
    pb.PICTURE_FORMAT_JPEG: Format.JPEG,
    pb.PICTURE_FORMAT_WEBP: Format.WEBP,
}

Context = grpc.aio.ServicerContext[Any, Any]


class GeneratorServicer(generator_pb2_grpc.GeneratorServiceServicer):
    """Implements fournil.generator.v1.GeneratorService."""

    def __init__(self, oven: Oven, models: Mapping[str, Model[Any, Any]]) -> None:
        self._oven = oven
        self._models = models

    async def Generate(self, request: pb.GenerateRequest, context: Context) -> AsyncIterator[pb.GenerateResponse]:
        """Bakes; the end of the call, whatever ends it, takes the job out of the oven."""
        job = self._oven.enter(check(self._models, to_asked(request)))
        context.add_done_callback(lambda _: self._oven.leave(job))  # type: ignore[arg-type]
        try:
            event: Event | None = None
            while not isinstance(event, Usage):
                event = await job.take()
                yield to_message(event)
        finally:
            self._oven.leave(job)

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        """What is loaded."""
        return pb.ListModelsResponse(models=[describe(model.facts) for model in self._models.values()])


def to_asked(request: pb.GenerateRequest) -> Asked:
    """A request off the wire. Raises Fault INVALID_ARGUMENT for a format that is not known."""
    if request.format not in _FORMATS:
        raise invalid("format", f"must be 0 to {max(_FORMATS)}, not {request.format}")
    return Asked(
        job_id=request.job_id,
        model=request.model,
        prompt=request.prompt,
        negative=request.negative_prompt if request.HasField("negative_prompt") else None,
        count=request.count,
        seed=request.seed,
        steps=request.steps if request.HasField("steps") else None,
        guidance=request.guidance if request.HasField("guidance") else None,
        width=request.width,
        height=request.height,
        source=request.source,
        mask=request.mask,
        strength=request.strength if request.HasField("strength") else None,
        previews=request.previews,
        format=_FORMATS[request.format],
        quality=request.quality,
        paid=request.priority == pb.PRIORITY_PAID,
    )


def describe(facts: Facts) -> pb.Model:
    """A model on the wire."""
    return pb.Model(
        name=facts.name,
        family=facts.family,
        native_width=facts.width,
        native_height=facts.height,
        output_width=facts.output_width,
        output_height=facts.output_height,
        smallest=facts.smallest,
        largest=facts.largest,
        unit=facts.unit,
        most_pixels=facts.most_pixels,
        square=facts.square,
        default_steps=facts.default_steps,
        default_guidance=facts.default_guidance,
        takes_guidance=facts.takes_guidance,
        takes_negative=facts.takes_negative,
        takes_source=facts.takes_source,
        provider=facts.provider,
        sha256=facts.sha256,
    )


def to_message(event: Event) -> pb.GenerateResponse:
    """An event on the wire."""
    match event:
        case StepDone(index, step, steps):
            return pb.GenerateResponse(progress=pb.Progress(index=index, step=step, steps=steps))
        case Rough(index, step, png, small):
            return pb.GenerateResponse(preview=pb.Preview(index=index, step=step, png=png, thumbnail=small))
        case Baked(index, data, width, height, seed, small):
            picture = pb.Picture(index=index, data=data, width=width, height=height, seed=seed, thumbnail=small)
            return pb.GenerateResponse(picture=picture)
        case Usage(seconds, row_steps, joules):
            # An energy of None leaves the field out: unknown is never 0.
            usage = pb.Usage(compute_time=duration(seconds), row_steps=row_steps, energy_joules=joules)
            return pb.GenerateResponse(usage=usage)
