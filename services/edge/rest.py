"""The native REST surface: jobs as resources, their events as SSE, allowance, line, pictures, the page."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.edge.asking import Asked
from services.edge.authenticator import Authenticator
from services.edge.counter import Counter
from services.edge.http_boundary import MAX_BODY_WITH_IMAGE, HttpBoundary, guarded, json_body, problem
from services.edge.job import Account, Event, Failure, Job, State
from services.edge.job_codec import unpack_failure
from services.edge.links import Links
from services.edge.messages import failure_text
from services.edge.peers import Limit
from services.runtime import call_context
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.pictures import media_type

_FIELDS = (
    "prompt", "count", "size", "seed", "steps", "previews", "guidance", "negative_prompt", "strength",
    "output_format", "output_compression",
)  # fmt: skip

PAGE = Path(__file__).parent / "page"
SSE_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class NativeApi:
    """Endpoints of the native surface."""

    def __init__(self, counter: Counter, authenticator: Authenticator, links: Links) -> None:
        self._counter = counter
        self._authenticator = authenticator
        self._links = links

    def routes(self) -> list[BaseRoute]:
        """The paths, most particular first."""
        return [
            Route("/v1/jobs", guarded(self.create), methods=["POST"]),
            Route("/v1/jobs", guarded(self.list), methods=["GET"]),
            Route("/v1/jobs/{id}/events", guarded(self.events), methods=["GET"]),
            Route("/v1/jobs/{id}/images/{index:int}", guarded(self.image), methods=["GET"]),
            Route("/v1/jobs/{id}:cancel", guarded(self.cancel), methods=["POST"]),
            Route("/v1/jobs/{id}", guarded(self.get), methods=["GET"]),
            Route("/v1/me/allowance", guarded(self.allowance), methods=["GET"]),
            Route("/v1/queue", guarded(self.queue), methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """POST /v1/jobs: 202 and where to look, or with validate_only 200 and what would be."""
        account = await self._account(request)
        body = await json_body(request, MAX_BODY_WITH_IMAGE)
        validate_only = body.get("validate_only", False)
        if not isinstance(validate_only, bool):
            raise invalid("validate_only", "must be true or false")
        request_id = request.headers.get("idempotency-key") or body.get("request_id")
        if request_id is not None and not isinstance(request_id, str):
            raise invalid("request_id", "must be text")
        asked = Asked(image=_image(body.get("image")), **{name: body.get(name) for name in _FIELDS})
        job = await self._counter.create(
            account, asked, model=body.get("model"), request_id=request_id, validate_only=validate_only
        )
        if validate_only:
            return JSONResponse(self.job(job))
        return JSONResponse(self.job(job), 202, headers={"location": f"/v1/jobs/{job.id}"})

    async def list(self, request: Request) -> Response:
        """GET /v1/jobs."""
        account = await self._account(request)
        raw = request.query_params.get("page_size", "20")
        if not raw.isdecimal() or not 1 <= int(raw[:6]) <= 100:
            raise invalid("page_size", "must be 1 to 100")
        token = request.query_params.get("page_token", "")
        jobs = await self._counter.list(account, before=token, limit=int(raw))
        next_token = jobs[-1].id if len(jobs) == int(raw) else ""
        return JSONResponse({"jobs": [self.job(job) for job in jobs], "next_page_token": next_token})

    async def get(self, request: Request) -> Response:
        """GET /v1/jobs/{id}."""
        account = await self._account(request)
        return JSONResponse(self.job(await self._counter.get(account, request.path_params["id"])))

    async def cancel(self, request: Request) -> Response:
        """POST /v1/jobs/{id}:cancel."""
        account = await self._account(request)
        return JSONResponse(self.job(await self._counter.cancel(account, request.path_params["id"])))

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

    async def allowance(self, request: Request) -> Response:
        """GET /v1/me/allowance."""
        account = await self._account(request)
        allowance = await self._counter.allowance(account)
        daily, live = allowance.main, allowance.live
        return JSONResponse(
            {
                "account_id": account.account_id,
                "tier": allowance.tier,
                "limit": daily.limit,
                "used": daily.used,
                "held": daily.held,
                "remaining": max(0, daily.limit - daily.used - daily.held),
                "reset_time": None if daily.reset is None else iso_time(daily.reset),
                "live_limit": live.limit,
                "live": live.held,
                "level": allowance.level,
                "limits": [_limit(limit) for limit in allowance.limits],
            }
        )

    async def queue(self, request: Request) -> Response:
        """GET /v1/queue: public."""
        line = await self._counter.line()
        classes = [vars(entry) for entry in line.classes]
        facts = {"ovens": line.ovens, "slots": line.slots, "baking": line.baking}
        surge = {**vars(line.surge), "since": None if line.surge.since is None else iso_time(line.surge.since)}
        return JSONResponse({"classes": classes, **facts, "surge": surge})

    def job(self, job: Job) -> dict[str, Any]:
        """A job as JSON."""
        body: dict[str, Any] = {
            "id": job.id,
            "state": job.state,
            "prompt": job.spec.prompt,
            "model": job.spec.model,
            "count": job.spec.count,
            "size": job.spec.size,
            "seed": job.spec.seed,
            "steps": job.spec.steps,
            "guidance": job.spec.guidance,
            "negative_prompt": job.spec.negative_prompt,
            "strength": job.spec.strength,
            "output_format": job.spec.output_format,
            "create_time": iso_time(job.created),
            "images": [self._image(job.id, drawn.index, drawn.seed) for drawn in job.images],
            "charged": job.charged,
        }
        if job.ended is not None:
            body["end_time"] = iso_time(job.ended)
        if job.place is not None and job.state in {State.HELD, State.QUEUED}:
            body["place"] = vars(job.place)
        if job.failure is not None:
            body["failure"] = _failure(job.failure)
        return body

    async def _account(self, request: Request) -> Account:
        return await self._authenticator.account(request.headers.get("authorization"))

    def _image(self, job_id: str, index: int, seed: int) -> dict[str, Any]:
        return {"index": index, "seed": seed, "url": self._links.path(job_id, index)}

    async def _sse(self, account: Account, job_id: str, after: str) -> AsyncIterator[str]:
        async for event in self._counter.watch(account, job_id, after=after):
            if event is None:
                yield ": keep-alive\n\n"
            else:
                data = json.dumps(await self._event_data(account, job_id, event), ensure_ascii=False)
                yield f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n"

    async def _event_data(self, account: Account, job_id: str, event: Event) -> dict[str, Any]:
        if event.kind == "image":
            return self._image(job_id, event.data["index"], event.data["seed"])
        if event.kind == "completed":
            return self.job(await self._counter.get(account, job_id))
        if event.kind == "failed":
            return _failure(unpack_failure(event.data))
        return event.data


def build_app(
    native: NativeApi, openai_routes: list[BaseRoute], *, ready: Callable[[], bool], demo_keys: dict[str, str]
) -> Starlette:
    """The whole HTTP surface: native, OpenAI's form, probes, page. Unknown paths under /v1 are problems."""

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        return PlainTextResponse("ready\n") if ready() else PlainTextResponse("starting\n", 503)

    async def demo_key(request: Request) -> Response:
        if not demo_keys:
            return problem(Fault(Reason.NOT_FOUND, "this mesh gives no demo keys"))
        return JSONResponse(demo_keys)

    routes: list[BaseRoute] = [
        Route("/v1/demo-key", demo_key),
        *native.routes(),
        *openai_routes,
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Mount("/", StaticFiles(directory=PAGE, html=True, check_dir=False)),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(HttpBoundary)
    return app


def iso_time(seconds: float) -> str:
    """RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _failure(failure: Failure) -> dict[str, Any]:
    body: dict[str, Any] = {
        "reason": failure.reason,
        "message": failure_text(failure, call_context.language.get()),
    }
    if failure.refusal is not None:
        body["refusal"] = {**vars(failure.refusal), "words": list(failure.refusal.words)}
    return body


def _limit(limit: Limit) -> dict[str, Any]:
    return {**vars(limit), "reset": None if limit.reset is None else iso_time(limit.reset)}


def _image(text: object) -> bytes:
    """Of base64. Raises Fault INVALID_ARGUMENT."""
    if text is None:
        return b""
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError:
        raise invalid("image", "must be base64") from None


def _is_event_id(text: str) -> bool:
    left, dash, right = text.partition("-")
    return len(text) <= 40 and dash == "-" and left.isdecimal() and right.isdecimal()
