"""Jobs, their events and what became of them, as the messages of `edge.proto`, and back."""

from fournil.edge.v1 import edge_pb2
from services.edge.asking import Asked
from services.edge.job import Event, Failure, Job, Place, State, Usage
from services.edge.job_codec import unpack_failure
from services.edge.links import Links
from services.edge.messages import failure_text
from services.runtime import call_context
from services.runtime.wire_time import duration, timestamp

_STATES = {
    State.HELD: edge_pb2.JOB_STATE_HELD,
    State.QUEUED: edge_pb2.JOB_STATE_QUEUED,
    State.RUNNING: edge_pb2.JOB_STATE_RUNNING,
    State.COMMITTED: edge_pb2.JOB_STATE_COMMITTED,
    State.REFUNDED: edge_pb2.JOB_STATE_REFUNDED,
}


def asked_of(request: edge_pb2.CreateJobRequest) -> Asked:
    """What a caller asks; a field that is not there is None."""
    return Asked(
        prompt=request.prompt,
        count=request.count or None,
        size=request.size,
        seed=request.seed if request.HasField("seed") else None,
        steps=request.steps if request.HasField("steps") else None,
        previews=request.previews if request.HasField("previews") else None,
        guidance=_single(request.guidance) if request.HasField("guidance") else None,
        negative_prompt=request.negative_prompt,
        strength=_single(request.strength) if request.HasField("strength") else None,
        output_format=request.output_format,
        output_compression=request.output_compression if request.HasField("output_compression") else None,
        moderation=request.moderation or None,
        prompt_in_provenance=request.prompt_in_provenance or None,
        webhook_url=request.webhook_url,
        image=request.image,
        mask=request.mask,
    )


class JobMessages:
    """Jobs and events, with links to their pictures."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def job(self, job: Job) -> edge_pb2.Job:
        """A job; links are paths."""
        message = edge_pb2.Job(
            id=job.id,
            state=_STATES[job.state],
            prompt=job.spec.prompt,
            model=job.spec.model,
            count=job.spec.count,
            size=job.spec.size,
            seed=job.spec.seed,
            steps=job.spec.steps,
            create_time=timestamp(job.created),
            end_time=timestamp(job.ended),
            images=[self.image(job.id, drawn.index, drawn.seed) for drawn in job.images],
            charged=job.charged,
            guidance=job.spec.guidance,
            negative_prompt=job.spec.negative_prompt,
            strength=job.spec.strength,
            masked=job.spec.masked,
            output_format=job.spec.output_format,
            moderation=job.spec.moderation,
        )
        if job.place is not None and not job.state.final and job.state is not State.RUNNING:
            message.place.CopyFrom(_place(job.place))
        if job.usage is not None:
            message.usage.CopyFrom(_usage(job.usage))
        if job.failure is not None:
            message.failure.CopyFrom(_failure(job.failure))
        return message

    def event(self, job_id: str, event: Event) -> edge_pb2.WatchJobResponse:
        """What happened to a job; `completed` is left to be filled with the job."""
        message = edge_pb2.WatchJobResponse(event_id=event.id, time=timestamp(event.time))
        data = event.data
        match event.kind:
            case "queued":
                message.queued.CopyFrom(_place(Place(**data)))
            case "started":
                message.started.attempt = data["attempt"]
            case "step":
                message.step.CopyFrom(edge_pb2.Step(**data))
            case "preview":
                png = event.preview_png()
                message.preview.CopyFrom(edge_pb2.Preview(index=data["index"], step=data["step"], png=png))
            case "image":
                message.image.CopyFrom(self.image(job_id, data["index"], data["seed"]))
            case "failed":
                message.failed.CopyFrom(_failure(unpack_failure(data)))
        return message

    def image(self, job_id: str, index: int, seed: int) -> edge_pb2.Image:
        """A finished picture."""
        return edge_pb2.Image(index=index, seed=seed, url=self._links.path(job_id, index))


def _usage(usage: Usage) -> edge_pb2.Usage:
    return edge_pb2.Usage(compute_time=duration(usage.compute_seconds), energy_joules=usage.energy_joules)


def _place(place: Place) -> edge_pb2.Place:
    return edge_pb2.Place(
        place=place.place,
        eta_low=duration(place.eta_low),
        eta_high=duration(place.eta_high),
        reason=place.reason,
    )


def _failure(failure: Failure) -> edge_pb2.Failure:
    message = edge_pb2.Failure(reason=failure.reason, message=failure_text(failure, call_context.language.get()))
    if failure.refusal is not None:
        refusal = failure.refusal
        message.refusal.CopyFrom(
            edge_pb2.Refusal(
                decision_id=refusal.decision_id,
                stage=refusal.stage,
                category=refusal.category,
                words=refusal.words,
                score=refusal.score,
                policy_version=refusal.policy_version,
                appealable=refusal.appealable,
                expire_time=timestamp(refusal.expires),
            )
        )
    return message


def _single(value: float) -> float:
    """The decimal number that a caller's float32 stands for: 0.6, not 0.60000002."""
    return float(f"{value:.7g}")
