"""OpenAI's form of the same jobs, for clients that people already have.

A call is held until its picture is drawn (with SSE when `stream` is set), and refused at once when the line is
longer than a held call may wait. While it is held nothing can be written in answer to a call without `stream`:
its status would have to be told before its outcome, and SDKs know an error by its status alone. When its client
goes away the job is given up after a grace, in which the client's own retry joins it (`held_calls`).
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from services.edge.asking import ModelFacts
from services.edge.authenticator import Authenticator
from services.edge.catalogue import ALIASES
from services.edge.connection import delivered
from services.edge.counter import Counter, as_fault
from services.edge.form_body import read_form
from services.edge.held_calls import Hold
from services.edge.http_body import json_body
from services.edge.http_boundary import guarded
from services.edge.job import Account, Job, Scope
from services.edge.links import Links
from services.edge.openai_call import Attempt, ImageCall, attempt, edit, generation
from services.edge.openai_errors import openai_error
from services.edge.openai_stream import frames, usage
from services.edge.picture_json import NO_PICTURE_YET, with_pictures
from services.edge.rest import SSE_HEADERS
from services.runtime.errors import Fault, Reason


class OpenAiApi:
    """Endpoints in OpenAI's form. `hold_seconds` is the longest a call is held open."""

    def __init__(self, counter: Counter, authenticator: Authenticator, links: Links, hold_seconds: float) -> None:
        self._counter = counter
        self._authenticator = authenticator
        self._links = links
        self._hold_seconds = hold_seconds

    def routes(self) -> list[BaseRoute]:
        """The paths, the one asked most first."""
        return [
            Route("/v1/images/generations", guarded(self.generate, openai_error), methods=["POST"]),
            Route("/v1/images/edits", guarded(self.edit, openai_error), methods=["POST"]),
            Route("/v1/models", guarded(self.models, openai_error), methods=["GET"]),
            Route("/v1/models/{id:path}", guarded(self.model, openai_error), methods=["GET"]),
        ]

    async def generate(self, request: Request) -> Response:
        """POST /v1/images/generations."""
        account = await self._who(request)
        return await self._draw(request, account, generation(await json_body(request)))

    async def edit(self, request: Request) -> Response:
        """POST /v1/images/edits: a picture to start from, for models that take one."""
        account = await self._who(request)
        return await self._draw(request, account, edit(await read_form(request)))

    async def models(self, request: Request) -> Response:
        """GET /v1/models."""
        listed = [_model(facts) for facts in self._counter.catalogue.known.values()]
        return JSONResponse({"object": "list", "data": listed})

    async def model(self, request: Request) -> Response:
        """GET /v1/models/{id}; an id may hold a slash, and an alias answers under its own name."""
        asked = request.path_params["id"]
        if not asked:
            raise Fault(Reason.NOT_FOUND, "no model was named")
        return JSONResponse({**_model(self._counter.catalogue.pick(asked)), "id": asked})

    async def _who(self, request: Request) -> Account:
        account = await self._authenticator.account(request.headers.get("authorization"))
        account.check(Scope.DRAW, Scope.READ)
        return account

    async def _draw(self, request: Request, account: Account, call: ImageCall) -> Response:
        job = await self._job(request, account, call)
        if call.stream:
            hold = Hold()
            stream = self._stream(account, job, call, hold)
            done = BackgroundTask(self._delivered, request, job.id, hold)
            return StreamingResponse(stream, media_type="text/event-stream", headers=SSE_HEADERS, background=done)
        return await self._hold(request, account, job, call)

    async def _job(self, request: Request, account: Account, call: ImageCall) -> Job:
        """The job of an earlier attempt, or a new one."""
        request_id = request.headers.get("idempotency-key")
        tried = attempt(request.headers)
        if tried is not Attempt.FIRST and not request_id:
            counted = tried is Attempt.AGAIN
            earlier = await self._counter.rejoin(account, call.asked, model=call.model, counted=counted)
            if earlier is not None:
                return earlier
        job = await self._counter.create(
            account,
            call.asked,
            model=call.model,
            request_id=request_id,
            validate_only=False,
            held=True,
            again=tried is not Attempt.FIRST,
        )
        await self._refuse_long_wait(account, job)
        return job

    async def _refuse_long_wait(self, account: Account, job: Job) -> None:
        """A held call that cannot be answered in time is refused now, and costs nothing."""
        wait = job.place.eta_low if job.place is not None and not job.state.final else None
        if wait is not None and wait > self._hold_seconds:
            await self._counter.cancel(account, job.id)
            raise Fault(Reason.LINE_FULL, "the wait is longer than a held call", retry_after=wait)

    async def _hold(self, request: Request, account: Account, job: Job, call: ImageCall) -> Response:
        """Waits for the end of the job, of the client's patience, or of ours. Whoever tries again after either
        of the latter finds the job where it was."""
        with self._counter.held.holding(job.id) as hold:
            ended = asyncio.create_task(self._ended(account, job))
            gone = asyncio.create_task(_client_gone(request))
            try:
                await asyncio.wait({ended, gone}, timeout=self._hold_seconds, return_when=asyncio.FIRST_COMPLETED)
                if not ended.done():
                    if gone.done():
                        return Response(status_code=499)
                    raise Fault(Reason.UNAVAILABLE, "not drawn in the time a call is held", retry_after=1.0)
                job = ended.result()
            finally:
                ended.cancel()
                gone.cancel()
            if job.failure is not None:
                raise as_fault(job.failure)
            pictures = await self._pictures(job) if call.form == "b64_json" else ()
            hold.answering = True
        links = [{"url": self._links.url(job.id, one.index)} for one in job.images]
        answer = {
            "created": int(job.created),
            "background": "opaque",
            "data": [NO_PICTURE_YET] * len(pictures) or links,
            "output_format": job.spec.output_format,
            "quality": "auto",
            "size": job.spec.size,
            "usage": usage(job),
        }
        done = BackgroundTask(self._delivered, request, job.id, hold)
        content = b"".join(with_pictures(answer, pictures))
        return Response(content, media_type="application/json", background=done)

    async def _delivered(self, request: Request, job_id: str, hold: Hold) -> None:
        """After an answer: whether a retry may still want it."""
        if hold.answering and await delivered(request.scope):
            await self._counter.held.answered(job_id)
        else:
            self._counter.held.not_delivered(job_id)

    async def _ended(self, account: Account, job: Job) -> Job:
        async for _ in self._counter.watch(account, job.id, after=""):
            pass
        return await self._counter.get(account, job.id)

    async def _stream(self, account: Account, job: Job, call: ImageCall, told: Hold) -> AsyncIterator[bytes]:
        """`told.answering` once the pictures were written."""

        async def finished() -> AsyncIterator[tuple[dict[str, Any], bytes]]:
            done = await self._counter.get(account, job.id)
            cost = {"usage": usage(done)}
            for one in done.images:
                yield {"output_index": one.index, **cost}, await self._picture(job, one.index)

        with self._counter.held.holding(job.id) as hold:
            events = self._counter.watch(account, job.id, after="")
            async for frame in frames(call.kind, job, events, finished):
                yield frame
                # Whoever got an error instead was not answered: what still runs is given up.
                hold.answering = told.answering = frame.startswith(f"event: {call.kind}.completed".encode())

    async def _pictures(self, job: Job) -> list[bytes]:
        return [await self._picture(job, one.index) for one in job.images]

    async def _picture(self, job: Job, index: int) -> bytes:
        """In base64."""
        return base64.b64encode(await self._counter.picture(job.id, index))


def _model(facts: ModelFacts) -> dict[str, Any]:
    return {
        "id": facts.name,
        "object": "model",
        "created": 0,
        "owned_by": "fournil",
        "root": facts.name,
        "aliases": sorted(ALIASES),
        **{name: value for name, value in vars(facts).items() if name != "name"},
    }


async def _client_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
