"""The native REST surface: jobs as resources, their events as SSE, allowance, line, pictures, the page."""

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from services.edge.asking import Asked
from services.edge.authenticator import Authenticator
from services.edge.counter import Counter
from services.edge.http_body import MAX_BODY_WITH_MASK, body_bytes, json_body
from services.edge.http_boundary import guarded
from services.edge.job import Account, Event, Job
from services.edge.job_codec import unpack_failure
from services.edge.links import Links
from services.edge.notes import JobNotes, allowance_note, failure_note, queue_note
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.pictures import media_type

_FIELDS = (
    "prompt", "count", "size", "seed", "steps", "previews", "guidance", "negative_prompt", "strength",
    "output_format", "output_compression", "moderation", "prompt_in_provenance", "webhook_url",
)  # fmt: skip

MAX_CHECKED = 16 * 2**20
"""Bytes of a picture whose provenance is asked for."""

LONGEST_WAIT = 60
"""Seconds of `Prefer: wait`."""
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(\d{1,6})\s*(?:,|;|$)", re.IGNORECASE)

SSE_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class NativeApi:
    """Endpoints of the native surface."""

    def __init__(self, counter: Counter, authenticator: Authenticator, links: Links) -> None:
        self._counter = counter
        self._authenticator = authenticator
        self._links = links
        self._notes = JobNotes(links)

    def routes(self) -> list[BaseRoute]:
        """The paths, most particular first."""
        return [
            Route("/v1/jobs", guarded(self.create), methods=["POST"]),
            Route("/v1/jobs", guarded(self.list), methods=["GET"]),
            Route("/v1/jobs/{id}/events", guarded(self.events), methods=["GET"]),
            Route("/v1/jobs/{id}/images/{index:int}", guarded(self.image), methods=["GET"]),
            Route("/v1/jobs/{id}:cancel", guarded(self.cancel), methods=["POST"]),
            Route("/v1/jobs/{id}", guarded(self.get), methods=["GET"]),
            Route("/v1/jobs/{id}", guarded(self.delete), methods=["DELETE"]),
            Route("/v1/me/webhook_secret", guarded(self.webhook_secret), methods=["GET"]),
            Route("/v1/content_provenance_checks", guarded(self.check_provenance), methods=["POST"]),
            Route("/v1/me/allowance", guarded(self.allowance), methods=["GET"]),
            Route("/v1/queue", guarded(self.queue), methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """POST /v1/jobs: 202 and where to look, or with validate_only 200 and what would be. With `Prefer: wait`
        (RFC 7240) it is answered when the job has ended, 200, or after that many seconds, 202."""
        account = await self._account(request)
        body = await json_body(request, MAX_BODY_WITH_MASK)
        validate_only = body.get("validate_only", False)
        if not isinstance(validate_only, bool):
            raise invalid("validate_only", "must be true or false")
        request_id = request.headers.get("idempotency-key") or body.get("request_id")
        if request_id is not None and not isinstance(request_id, str):
            raise invalid("request_id", "must be text")
        image, mask = (_picture(name, body.get(name)) for name in ("image", "mask"))
        asked = Asked(image=image, mask=mask, **{name: body.get(name) for name in _FIELDS})
        job = await self._counter.create(
            account, asked, model=body.get("model"), request_id=request_id, validate_only=validate_only
        )
        if validate_only:
            return JSONResponse(self._notes.job(job))
        headers = {"location": f"/v1/jobs/{job.id}"}
        if wait := _preferred_wait(request.headers.get("prefer", "")):
            headers["preference-applied"] = f"wait={wait}"
            job = await self._wait(account, job, wait)
        return JSONResponse(self._notes.job(job), 200 if job.state.final else 202, headers=headers)

    async def list(self, request: Request) -> Response:
        """GET /v1/jobs."""
        account = await self._account(request)
        raw = request.query_params.get("page_size", "20")
        if not raw.isdecimal() or not 1 <= int(raw[:6]) <= 100:
            raise invalid("page_size", "must be 1 to 100")
        token = request.query_params.get("page_token", "")
        jobs = await self._counter.list(account, before=token, limit=int(raw))
        next_token = jobs[-1].id if len(jobs) == int(raw) else ""
        return JSONResponse({"jobs": [self._notes.job(job) for job in jobs], "next_page_token": next_token})

    async def get(self, request: Request) -> Response:
        """GET /v1/jobs/{id}."""
        account = await self._account(request)
        return JSONResponse(self._notes.job(await self._counter.get(account, request.path_params["id"])))

    async def cancel(self, request: Request) -> Response:
        """POST /v1/jobs/{id}:cancel."""
        account = await self._account(request)
        return JSONResponse(self._notes.job(await self._counter.cancel(account, request.path_params["id"])))

    async def delete(self, request: Request) -> Response:
        """DELETE /v1/jobs/{id}: an ended job, its events and its pictures."""
        await self._counter.delete(await self._account(request), request.path_params["id"])
        return Response(status_code=204)

    async def webhook_secret(self, request: Request) -> Response:
        """GET /v1/me/webhook_secret: what webhooks to this account are signed with."""
        return JSONResponse({"secret": self._counter.webhook_secret(await self._account(request))})

    async def events(self, request: Request) -> Response:
        """GET /v1/jobs/{id}/events: SSE from the start or after Last-Event-ID."""
        account = await self._account(request)
        job_id = request.path_params["id"]
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        if after and not _is_event_id(after):
            raise invalid("last-event-id", "must be the id of an event")
        await self._counter.get(account, job_id)
        return StreamingResponse(
            self._sse(account, job_id, after), media_type="text/event-stream", headers=SSE_HEADERS
        )

    async def image(self, request: Request) -> Response:
        """GET /v1/jobs/{id}/images/{index}: by key, or by a signed link."""
        job_id, index = request.path_params["id"], request.path_params["index"]
        query = request.query_params
        if "s" in query:
            if not self._links.valid(job_id, index, query.get("e", ""), query["s"]):
                raise Fault(Reason.NOT_FOUND, "this link is not valid or has expired")
        else:
            await self._counter.get(await self._account(request), job_id)
        data = await self._counter.picture(job_id, index)
        headers = {"cache-control": "private, max-age=86400, immutable"}
        return Response(data, media_type=media_type(data), headers=headers)

    async def check_provenance(self, request: Request) -> Response:
        """POST /v1/content_provenance_checks: what the picture in the body says of where it comes from."""
        account = await self._account(request)
        report = await self._counter.check_provenance(account, await body_bytes(request, MAX_CHECKED))
        return JSONResponse(
            {"object": "content_provenance_check", **vars(report), "problems": list(report.problems)}
        )

    async def allowance(self, request: Request) -> Response:
        """GET /v1/me/allowance."""
        account = await self._account(request)
        return JSONResponse(allowance_note(account.account_id, await self._counter.allowance(account)))

    async def queue(self, request: Request) -> Response:
        """GET /v1/queue: public."""
        return JSONResponse(queue_note(await self._counter.line()))

    async def _wait(self, account: Account, job: Job, seconds: int) -> Job:
        """The job, once it has ended or the time is over. A caller that goes away leaves it as it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for _ in self._counter.watch(account, job.id, after=""):
                    pass
        return await self._counter.get(account, job.id)

    async def _account(self, request: Request) -> Account:
        return await self._authenticator.account(request.headers.get("authorization"))

    async def _sse(self, account: Account, job_id: str, after: str) -> AsyncIterator[str]:
        async for event in self._counter.watch(account, job_id, after=after):
            if event is None:
                yield ": keep-alive\n\n"
            else:
                data = json.dumps(await self._event_data(account, job_id, event), ensure_ascii=False)
                yield f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n"

    async def _event_data(self, account: Account, job_id: str, event: Event) -> Mapping[str, Any]:
        if event.kind == "image":
            return self._notes.image(job_id, event.data["index"], event.data["seed"])
        if event.kind == "completed":
            return self._notes.job(await self._counter.get(account, job_id))
        if event.kind == "failed":
            return failure_note(unpack_failure(event.data))
        return event.data


def _picture(field: str, text: object) -> bytes:
    """Of base64. Raises Fault INVALID_ARGUMENT."""
    if text is None:
        return b""
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError:
        raise invalid(field, "must be base64") from None


def _preferred_wait(preferences: str) -> int:
    """Seconds, at most LONGEST_WAIT; 0 where none are asked for. What a server does not know of it leaves."""
    found = _WAIT.search(preferences)
    return min(int(found.group(1)), LONGEST_WAIT) if found else 0


def _is_event_id(text: str) -> bool:
    left, dash, right = text.partition("-")
    return len(text) <= 40 and dash == "-" and left.isdecimal() and right.isdecimal()
