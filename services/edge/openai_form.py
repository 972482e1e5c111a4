"""OpenAI's form of the same jobs, for clients that people already have.

A call is held until its picture is drawn (with SSE when `stream` is set), refused at once when the line is
longer than a held call may wait, and cancelled and refunded when its client goes away. What each status and
header does inside the SDKs is why they are as they are: see `_SHAPES`.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from services.edge.asking import Asked, ModelFacts
from services.edge.authenticator import Authenticator
from services.edge.catalogue import ALIASES
from services.edge.counter import Counter, as_fault
from services.edge.http_boundary import HTTP_STATUS, guarded, json_body, refusal_of, retry_headers
from services.edge.job import Account, Job, Scope
from services.edge.job_codec import unpack_failure
from services.edge.links import Links
from services.edge.messages import text
from services.edge.rest import SSE_HEADERS
from services.runtime import call_context
from services.runtime.errors import Fault, Reason, invalid


class _Shape(NamedTuple):
    type: str
    code: str


_SHAPES: dict[Reason, _Shape] = {
    Reason.INVALID_ARGUMENT: _Shape("invalid_request_error", "invalid_value"),
    Reason.KEY_MISSING: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.KEY_UNKNOWN: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.KEY_REVOKED: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.KEY_EXPIRED: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.NOT_FOUND: _Shape("invalid_request_error", "not_found"),
    Reason.MODEL_UNKNOWN: _Shape("invalid_request_error", "model_not_found"),
    # SDKs read this pair as "do not come back today"; with x-should-retry: false they ask once.
    Reason.ALLOWANCE_SPENT: _Shape("insufficient_quota", "insufficient_quota"),
    Reason.TOO_MANY_LIVE_JOBS: _Shape("requests", "rate_limit_exceeded"),
    Reason.LINE_FULL: _Shape("server_error", "server_overloaded"),
    Reason.ASKED_TOO_FAST: _Shape("requests", "rate_limit_exceeded"),
    Reason.ACCOUNT_BANNED: _Shape("invalid_request_error", "account_deactivated"),
    Reason.SCOPE_MISSING: _Shape("invalid_request_error", "insufficient_permissions"),
    Reason.OVERLOADED: _Shape("server_error", "server_overloaded"),
    Reason.MODERATION_BLOCKED: _Shape("image_generation_user_error", "moderation_blocked"),
    Reason.REQUEST_ID_REUSED: _Shape("invalid_request_error", "idempotency_key_reused"),
    Reason.JOB_CANCELLED: _Shape("invalid_request_error", "job_cancelled"),
}
_OTHERWISE = _Shape("server_error", "server_error")


def openai_error(fault: Fault) -> JSONResponse:
    """A fault as OpenAI's error object."""
    return JSONResponse({"error": error_object(fault)}, HTTP_STATUS[fault.reason], retry_headers(fault))


def error_object(fault: Fault) -> dict[str, Any]:
    """The inner object; `message` is in the caller's language."""
    shape = _SHAPES.get(fault.reason, _OTHERWISE)
    body: dict[str, Any] = {
        "message": text(fault, call_context.language.get()),
        "type": shape.type,
        "param": fault.metadata.get("field"),
        "code": shape.code,
        "reason": fault.reason,
        "request_id": call_context.request_id.get(),
    }
    if fault.reason is Reason.ALLOWANCE_SPENT:
        body["reset_time"] = fault.metadata.get("reset")
    if fault.reason is Reason.MODERATION_BLOCKED:
        refusal = refusal_of(fault)
        names = ("decision_id", "score", "policy_version", "appealable", "appeal_url")
        body |= {name: refusal[name] for name in names}
        details = {"moderation_stage": refusal["stage"], "categories": [refusal["category"]]}
        body["moderation_details"] = {**details, "words": refusal["words"]}
    if fault.retry_after is not None:
        body["retry_after"] = round(fault.retry_after, 3)
    return body


class OpenAiApi:
    """Endpoints in OpenAI's form. `hold_seconds` is the longest a call is held open."""

    def __init__(self, counter: Counter, authenticator: Authenticator, links: Links, hold_seconds: float) -> None:
        self._counter = counter
        self._authenticator = authenticator
        self._links = links
        self._hold_seconds = hold_seconds

    def routes(self) -> list[BaseRoute]:
        """The paths; the last one answers for everything under /v1 that is not served."""

        async def unsupported(request: Request) -> Response:
            raise Fault(Reason.NOT_FOUND, "no such path")

        any_method = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [
            Route("/v1/images/generations", guarded(self.generate, openai_error), methods=["POST"]),
            Route("/v1/models", guarded(self.models, openai_error), methods=["GET"]),
            Route("/v1/models/{id:path}", guarded(self.model, openai_error), methods=["GET"]),
            Route("/v1/{rest:path}", guarded(unsupported, openai_error), methods=any_method),
        ]

    async def generate(self, request: Request) -> Response:
        """POST /v1/images/generations. Parameters that are not ours are accepted and have no effect."""
        account = await self._authenticator.account(request.headers.get("authorization"))
        account.check(Scope.DRAW, Scope.READ)
        body = await json_body(request)
        stream = body.get("stream") or False
        if not isinstance(stream, bool):
            raise invalid("stream", "must be true or false")
        form = _response_format(body)
        previews = (body.get("partial_images") or 0) if stream else 0
        names = ("size", "seed", "steps", "output_format", "output_compression", "moderation")
        given: dict[str, Any] = {name: body.get(name) for name in names}
        asked = Asked(body.get("prompt"), body.get("n"), previews=previews, **given)
        job = await self._counter.create(
            account,
            asked,
            model=body.get("model"),
            request_id=request.headers.get("idempotency-key"),
            validate_only=False,
        )
        await self._refuse_long_wait(account, job)
        if stream:
            frames = self._frames(account, job)
            return StreamingResponse(frames, media_type="text/event-stream", headers=SSE_HEADERS)
        return await self._hold(request, account, job, form)

    async def models(self, request: Request) -> Response:
        """GET /v1/models."""
        listed = [_model(facts) for facts in self._counter.catalogue.known.values()]
        return JSONResponse({"object": "list", "data": listed})

    async def model(self, request: Request) -> Response:
        """GET /v1/models/{id}; an id may hold a slash."""
        return JSONResponse(_model(self._counter.catalogue.pick(request.path_params["id"])))

    async def _refuse_long_wait(self, account: Account, job: Job) -> None:
        """A held call that cannot be answered in time is refused now, and costs nothing."""
        wait = job.place.eta_low if job.place is not None and not job.state.final else None
        if wait is not None and wait > self._hold_seconds:
            await self._counter.cancel(account, job.id)
            raise Fault(Reason.LINE_FULL, "the wait is longer than a held call", retry_after=wait)

    async def _hold(self, request: Request, account: Account, job: Job, form: str) -> Response:
        """Waits for the end of the job, of the client's patience, or of ours."""
        ended = asyncio.create_task(self._ended(account, job))
        gone = asyncio.create_task(_client_gone(request))
        try:
            await asyncio.wait({ended, gone}, timeout=self._hold_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await self._counter.cancel(account, job.id)
                if gone.done():
                    return Response(status_code=499)
                raise Fault(Reason.UNAVAILABLE, "not drawn in the time a call is held", retry_after=5.0)
            job = ended.result()
        finally:
            ended.cancel()
            gone.cancel()
        if job.failure is not None:
            raise as_fault(job.failure)
        data = [await self._entry(job, drawn.index, form) for drawn in job.images]
        return JSONResponse(
            {
                "created": int(job.created),
                "data": data,
                "output_format": job.spec.output_format,
                "size": job.spec.size,
            }
        )

    async def _ended(self, account: Account, job: Job) -> Job:
        async for _ in self._counter.watch(account, job.id, after=""):
            pass
        return await self._counter.get(account, job.id)

    async def _entry(self, job: Job, index: int, form: str) -> dict[str, str]:
        if form == "url":
            return {"url": self._links.url(job.id, index)}
        return {"b64_json": base64.b64encode(await self._counter.picture(job.id, index)).decode()}

    async def _frames(self, account: Account, job: Job) -> AsyncIterator[str]:
        """SSE frames. Always ends with `completed` or an error frame: a cut stream is silent in every SDK."""
        finished = False
        shown = 0
        try:
            async for event in self._counter.watch(account, job.id, after=""):
                if event is None:
                    yield ": keep-alive\n\n"
                elif event.kind == "queued":
                    yield _comment(event.data)
                elif event.kind == "preview":
                    facts = {"b64_json": event.data["png"], "partial_image_index": shown}
                    shown += 1
                    yield _frame("image_generation.partial_image", job, facts)
                elif event.kind == "failed":
                    finished = True
                    yield _error_frame(as_fault(unpack_failure(event.data)))
                elif event.kind == "completed":
                    finished = True
                    for drawn in (await self._counter.get(account, job.id)).images:
                        entry = await self._entry(job, drawn.index, "b64_json")
                        yield _frame("image_generation.completed", job, entry)
        except Fault as fault:
            finished = True
            yield _error_frame(fault)
        finally:
            if not finished:
                await asyncio.shield(self._counter.cancel(account, job.id))


def _response_format(body: dict[str, Any]) -> str:
    asked = body.get("response_format")
    if asked is None:
        name = body.get("model")
        gpt = isinstance(name, str) and name.startswith(("gpt-image", "chatgpt-image"))
        return "b64_json" if gpt else "url"
    if asked not in {"url", "b64_json"}:
        raise invalid("response_format", "must be one of url, b64_json")
    return str(asked)


def _model(facts: ModelFacts) -> dict[str, Any]:
    return {
        "id": facts.name,
        "object": "model",
        "created": 0,
        "owned_by": "fournil",
        "aliases": sorted(ALIASES),
        **{name: value for name, value in vars(facts).items() if name != "name"},
    }


def _frame(kind: str, job: Job, facts: dict[str, Any]) -> str:
    body = {
        "type": kind,
        "created_at": int(time.time()),
        "size": job.spec.size,
        "quality": "auto",
        "background": "opaque",
        "output_format": job.spec.output_format,
        **facts,
    }
    return f"event: {kind}\ndata: {json.dumps(body)}\n\n"


def _error_frame(fault: Fault) -> str:
    return f"event: error\ndata: {json.dumps({'error': error_object(fault)}, ensure_ascii=False)}\n\n"


def _comment(place: dict[str, Any]) -> str:
    """Place and ETA as an SSE comment: people see it with curl, SDKs ignore it."""
    eta = "" if place["eta_low"] is None else f" eta={place['eta_low']:.0f}-{place['eta_high']:.0f}s"
    return f": place={place['place']}{eta}\n\n"


async def _client_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
