"""What the edge knows, written as the native surface tells it (`shapes`)."""

from services.edge.iso_time import iso_time, iso_time_if
from services.edge.job import Failure, Job, State
from services.edge.links import Links
from services.edge.messages import failure_text
from services.edge.peers import Allowance, LineState
from services.edge.problems import appeal_links
from services.edge.shapes import (
    AllowanceNote,
    FailureNote,
    Image,
    JobNote,
    QueueNote,
)
from services.runtime import call_context


class JobNotes:
    """Jobs, with links to their pictures."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def job(self, job: Job) -> JobNote:
        """A job; links are paths."""
        spec = job.spec
        note: JobNote = {
            "id": job.id,
            "state": job.state,
            "prompt": spec.prompt,
            "model": spec.model,
            "count": spec.count,
            "size": spec.size,
            "seed": spec.seed,
            "steps": spec.steps,
            "guidance": spec.guidance,
            "negative_prompt": spec.negative_prompt,
            "strength": spec.strength,
            "masked": spec.masked,
            "output_format": spec.output_format,
            "moderation": spec.moderation,
            "create_time": iso_time(job.created),
            "images": [self.image(job.id, drawn.index, drawn.seed) for drawn in job.images],
            "charged": job.charged,
        }
        if job.usage is not None:
            note["usage"] = {
                "compute_seconds": job.usage.compute_seconds,
                "energy_joules": job.usage.energy_joules,
            }
        if job.ended is not None:
            note["end_time"] = iso_time(job.ended)
        if job.place is not None and job.state in {State.HELD, State.QUEUED}:
            place = job.place
            note["place"] = {
                "place": place.place,
                "eta_low": place.eta_low,
                "eta_high": place.eta_high,
                "reason": place.reason,
            }
        if job.failure is not None:
            note["failure"] = failure_note(job.failure)
        return note

    def told(self, job: Job) -> JobNote:
        """A job for somebody who does not know where it comes from: links are whole."""
        note = self.job(job)
        for image in note["images"]:
            image["url"] = self._links.url(job.id, image["index"])
        return note

    def image(self, job_id: str, index: int, seed: int) -> Image:
        """A finished picture."""
        return {"index": index, "seed": seed, "url": self._links.path(job_id, index)}


def failure_note(failure: Failure) -> FailureNote:
    """Why a job ended without pictures."""
    note: FailureNote = {
        "reason": failure.reason,
        "message": failure_text(failure, call_context.language.get()),
    }
    if (refusal := failure.refusal) is not None:
        note["refusal"] = {
            "decision_id": refusal.decision_id,
            "stage": refusal.stage,
            "category": refusal.category,
            "words": list(refusal.words),
            "score": refusal.score,
            "policy_version": refusal.policy_version,
            **appeal_links(refusal.appealable, iso_time_if(refusal.expires)),
        }
    return note


def allowance_note(account_id: str, allowance: Allowance) -> AllowanceNote:
    """What an account has left."""
    main, live = allowance.main, allowance.live
    return {
        "account_id": account_id,
        "tier": allowance.tier,
        "limit": main.limit,
        "used": main.used,
        "held": main.held,
        "remaining": max(0, main.limit - main.used - main.held),
        "reset_time": iso_time_if(main.reset),
        "live_limit": live.limit,
        "live": live.held,
        "level": allowance.level,
        "limits": [
            {
                "policy": one.policy,
                "limit": one.limit,
                "used": one.used,
                "held": one.held,
                "reset": iso_time_if(one.reset),
                "unit": one.unit,
            }
            for one in allowance.limits
        ],
    }


def queue_note(line: LineState) -> QueueNote:
    """The public state of the line."""
    surge = line.surge
    return {
        "classes": [
            {"model": one.model, "tier": one.tier, "waiting": one.waiting, "wait": one.wait}
            for one in line.classes
        ],
        "ovens": line.ovens,
        "slots": line.slots,
        "baking": line.baking,
        "surge": {
            "level": surge.level,
            "since": iso_time_if(surge.since),
            "cause": surge.cause,
            "pinned": surge.pinned,
            "backlog": surge.backlog,
        },
    }
