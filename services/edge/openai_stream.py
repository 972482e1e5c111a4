"""Server-sent events in OpenAI's form.

A stream always ends with `completed` or an error frame, because a cut one is silent in every SDK. Place and ETA
travel as comments, which people see with curl and SDKs skip.
"""

import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from services.edge.counter import as_fault
from services.edge.job import Event, Job
from services.edge.job_codec import unpack_failure
from services.edge.openai_errors import error_object
from services.edge.picture_json import NO_PICTURE_YET, with_pictures
from services.runtime.errors import Fault, Reason

log = logging.getLogger("fournil.http")

Finished = Callable[[], AsyncIterator[tuple[dict[str, Any], bytes]]]
"""Of the ended job: each picture, in base64, with the other fields of its event."""


async def frames(
    kind: str, job: Job, events: AsyncIterator[Event | None], finished: Finished
) -> AsyncIterator[bytes]:
    """The frames of a job's events, under names that begin with `kind`. Never raises Fault: it is the last frame.

    `partial_image_index` counts from 0 for each picture; which picture is in `output_index`.
    """
    shown: Counter[int] = Counter()
    try:
        async for event in events:
            if event is None:
                yield b": keep-alive\n\n"
            elif event.kind == "queued":
                yield comment(event.data).encode()
            elif event.kind == "started":
                # Previews of a turn that was lost are shown again: the count begins anew with them.
                shown.clear()
            elif event.kind == "preview":
                index = event.data["index"]
                facts = {"b64_json": event.data["png"], "partial_image_index": shown[index], "output_index": index}
                shown[index] += 1
                yield _frame(f"{kind}.partial_image", job, facts | {"output_format": "png"})
            elif event.kind == "failed":
                yield error_frame(as_fault(unpack_failure(event.data)))
                return
            elif event.kind == "completed":
                async for facts, picture in finished():
                    yield _frame(f"{kind}.completed", job, NO_PICTURE_YET | facts, picture)
                return
        raise Fault(Reason.UNAVAILABLE, "the events ended early", retry_after=1.0)
    except Fault as fault:
        yield error_frame(fault)
    except Exception:
        log.exception("unhandled exception in a stream", extra={"job": job.id})
        yield error_frame(Fault(Reason.INTERNAL, "internal error; the request id finds it in the logs"))


_NO_TOKENS = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"text_tokens": 0, "image_tokens": 0},
}


def usage(job: Job) -> dict[str, Any]:
    """What an ended job cost. No tokens are counted here, and clients that want their fields find zeros."""
    told: dict[str, Any] = {"images": job.charged, **_NO_TOKENS}
    if job.usage is not None:
        told |= {"compute_seconds": job.usage.compute_seconds, "energy_joules": job.usage.energy_joules}
    return told


def comment(place: dict[str, Any]) -> str:
    """Place and ETA, a range of seconds, as an SSE comment."""
    eta = "" if place["eta_low"] is None else f" eta={place['eta_low']:.0f}-{place['eta_high']:.0f}s"
    return f": place={place['place']}{eta}\n\n"


def error_frame(fault: Fault) -> bytes:
    """The end of a stream that failed: SDKs raise it."""
    return _event("error", with_pictures({"error": error_object(fault)}))


def _frame(kind: str, job: Job, facts: dict[str, Any], *pictures: bytes) -> bytes:
    body = {
        "type": kind,
        "created_at": int(time.time()),
        "size": job.spec.size,
        "quality": "auto",
        "background": "opaque",
        "output_format": job.spec.output_format,
        **facts,
    }
    return _event(kind, with_pictures(body, pictures))


def _event(kind: str, data: Sequence[bytes]) -> bytes:
    return b"".join([b"event: ", kind.encode(), b"\ndata: ", *data, b"\n\n"])
