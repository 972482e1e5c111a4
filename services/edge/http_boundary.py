"""What every HTTP answer of the edge goes through: request id, language, bounded bodies, faults to problems.

One table maps reasons to HTTP status. The native surface answers `application/problem+json` (RFC 9457), paths
of OpenAI's API answer OpenAI's error object (`openai_form` makes it).
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.edge import rate_limits
from services.edge.connection import body_is_here, room
from services.edge.links import APPEALS
from services.edge.messages import text
from services.edge.shapes import AppealLinks
from services.runtime import call_context
from services.runtime.errors import Fault, Reason, invalid

log = logging.getLogger("fournil.http")

MAX_BODY = 256 * 1024
MAX_BODY_WITH_IMAGE = 3 * 2**20
"""Of a caller who has shown a key: an image of 2 MiB in base64, and a prompt."""
MAX_BODY_WITH_MASK = 6 * 2**20
"""The same with a mask of 2 MiB."""

HTTP_STATUS: dict[Reason, int] = {
    Reason.INVALID_ARGUMENT: 400,
    Reason.KEY_MISSING: 401,
    Reason.KEY_UNKNOWN: 401,
    Reason.KEY_REVOKED: 401,
    Reason.KEY_EXPIRED: 401,
    Reason.NOT_FOUND: 404,
    Reason.MODEL_UNKNOWN: 404,
    Reason.ALLOWANCE_SPENT: 429,
    Reason.TOO_MANY_LIVE_JOBS: 429,
    Reason.LINE_FULL: 503,
    Reason.ASKED_TOO_FAST: 429,
    Reason.ACCOUNT_BANNED: 403,
    Reason.SCOPE_MISSING: 403,
    Reason.MODERATION_BLOCKED: 400,
    Reason.REQUEST_ID_REUSED: 422,
    Reason.WRONG_STATE: 400,
    Reason.UNAVAILABLE: 503,
    Reason.OVERLOADED: 503,
    Reason.INTERNAL: 500,
    Reason.JOB_CANCELLED: 400,
    Reason.JOB_FAILED: 500,
    Reason.DEADLINE_EXCEEDED: 504,
    Reason.JOB_EXPIRED: 503,
    Reason.NOT_APPEALABLE: 400,
    Reason.LIMIT_REACHED: 429,
}

MOST_HEADERS = 200
MOST_HEADER_BYTES = 32 * 1024
MOST_TARGET = 8 * 1024
"""Bytes of path and query."""
BODY_SECONDS = 20.0
"""Within which a body has come, or its caller is told so."""
SEND_SECONDS = 60.0
"""Longest wait for a reader to take what is written to it; one that takes nothing for so long is let go."""

LONGEST_RETRY_AFTER = 60.0
"""A longer Retry-After would hang a client for hours; the time then stands in the body only."""

REQUESTS = Counter("fournil_http_requests_total", "HTTP requests answered.", ["method", "status"])
SECONDS = Histogram("fournil_http_seconds", "Time to the first byte of an answer.", ["method"])

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FOR_PAGES = [(b"referrer-policy", b"no-referrer"), (b"content-security-policy", _PAGE_POLICY.encode())]
_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"vary", b"accept-language")]


class HttpBoundary:
    """ASGI middleware around the whole application. `shape` makes the answer to what is wrong with a request
    before any endpoint sees it, by its path; a problem where none is given. `doors` are endpoints by method and
    path that are gone to without trying the application's routes; they raise nothing (`guarded`)."""

    def __init__(
        self,
        app: ASGIApp,
        shape: Callable[[str, Fault], Response] | None = None,
        doors: Mapping[tuple[str, str], "Endpoint"] | None = None,
    ) -> None:
        self._app = app
        self._doors = doors or {}
        self._shape = shape or (lambda path, fault: problem(fault))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = call_context.accept_request_id(headers.get(b"x-request-id"))
        call_context.request_id.set(request_id)
        call_context.language.set(call_context.pick_language(headers.get(b"accept-language")))
        call_context.deadline.set(None)
        limits = rate_limits.LimitsSeen()
        rate_limits.seen.set(limits)
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message["headers"], request_id, limits)
                _seconds(scope["method"]).observe(time.perf_counter() - started)
            if room(scope):
                await send(message)
                return
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            if (fault := _head_fault(scope)) is not None:
                refused = self._shape(scope["path"], fault)
                refused.headers["connection"] = "close"
                await refused(scope, receive, send_with_headers)
                return
            if (door := self._doors.get((scope["method"], scope["path"]))) is not None:
                response = await door(Request(scope, receive, send_with_headers))
                await response(scope, receive, send_with_headers)
                return
            await self._app(scope, receive, send_with_headers)
        finally:
            _requests(scope["method"], status).inc()
            if log.isEnabledFor(logging.INFO):
                elapsed = round((time.perf_counter() - started) * 1e3, 2)
                fields = {"method": scope["method"], "path": scope["path"], "status": status, "ms": elapsed}
                log.info("http", extra=fields)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@lru_cache(maxsize=1_000)
def _requests(method: str, status: int) -> Counter:
    return REQUESTS.labels(method if method in _METHODS else "other", str(status))


@lru_cache(maxsize=100)
def _seconds(method: str) -> Histogram:
    return SECONDS.labels(method if method in _METHODS else "other")


def _add_headers(headers: list[tuple[bytes, bytes]], request_id: str, limits: rate_limits.LimitsSeen) -> None:
    """What every answer carries. A policy for pages is of no use to who reads JSON or events."""
    there = dict(headers)
    if b"cache-control" not in there:
        headers.append((b"cache-control", b"no-store"))
    data = (b"application/json", b"application/problem+json", b"text/event-stream")
    if not there.get(b"content-type", b"").startswith(data):
        headers += [one for one in _FOR_PAGES if one[0] not in there]
    headers += _ALWAYS
    headers.append((b"x-request-id", request_id.encode("ascii")))
    headers.append((b"content-language", call_context.language.get().encode("ascii")))
    headers += [(name.encode(), value.encode()) for name, value in rate_limits.headers(limits).items()]


def _head_fault(scope: Scope) -> Fault | None:
    """What is wrong with a request whatever its path, if anything."""
    names = [name for name, _ in scope["headers"]]
    if b"transfer-encoding" in names and b"content-length" in names:
        # Two lengths: a front and we might cut the stream of requests at different places.
        return invalid("content-length", "must not come with transfer-encoding")
    if len(names) > MOST_HEADERS or sum(len(n) + len(value) for n, value in scope["headers"]) > MOST_HEADER_BYTES:
        return invalid("headers", f"must be at most {MOST_HEADERS} of {MOST_HEADER_BYTES} bytes in all")
    if not scope["path"].isprintable():
        return invalid("url", "must not hold control characters")
    if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_TARGET:
        return invalid("url", f"must be at most {MOST_TARGET} bytes")
    return None


def problem(fault: Fault) -> JSONResponse:
    """A fault as problem+json in the caller's language."""
    status = HTTP_STATUS[fault.reason]
    body: dict[str, Any] = {
        "type": f"urn:fournil:error:{fault.reason.lower()}",
        "title": fault.reason.replace("_", " ").capitalize(),
        "status": status,
        "detail": text(fault, call_context.language.get()),
        "reason": fault.reason,
        "metadata": fault.metadata,
        "request_id": call_context.request_id.get(),
    }
    if fault.retry_after is not None:
        body["retry_after"] = round(fault.retry_after, 3)
    if fault.reason is Reason.MODERATION_BLOCKED:
        body["refusal"] = refusal_of(fault)
    return JSONResponse(body, status, headers=retry_headers(fault), media_type="application/problem+json")


def refusal_of(fault: Fault) -> dict[str, Any]:
    """The moderator's refusal as the surfaces show it."""
    facts = fault.metadata
    words = [word for word in facts.get("words", "").split(", ") if word]
    names = ("decision_id", "stage", "category", "policy_version")
    return {
        **{name: facts.get(name, "") for name in names},
        "words": words,
        "score": float(facts.get("score", 0.0)),
        **appeal_links(facts.get("appealable") == "true", facts.get("expire_time") or None),
    }


def appeal_links(appealable: bool, expire_time: str | None) -> AppealLinks:
    """Whether a refusal may be questioned, where, and until when."""
    return {
        "appealable": appealable,
        "appeal_url": APPEALS if appealable else None,
        "expire_time": expire_time,
    }


def retry_headers(fault: Fault) -> dict[str, str]:
    """Retry-After where waiting is short, in whole seconds and never less than the wait: who comes a moment too
    soon is refused again. x-should-retry false where trying again at once is no use."""
    if fault.retry_after is None:
        return {} if fault.transient else {"x-should-retry": "false"}
    if fault.retry_after > LONGEST_RETRY_AFTER:
        return {"x-should-retry": "false"}
    return {"retry-after": str(max(1, math.ceil(fault.retry_after)))}


async def body_bytes(request: Request, most: int) -> bytes:
    """The request's body, at most `most` bytes. Raises Fault INVALID_ARGUMENT."""
    if body_is_here(request.scope):
        return await _body(request, most)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _body(request, most)
    except TimeoutError:
        raise invalid("body", f"must come within {BODY_SECONDS:g} s") from None


async def _body(request: Request, most: int) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise invalid("body", "ended early")
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > most:
            raise invalid("body", f"must be at most {most} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def json_body(request: Request, most: int = MAX_BODY) -> dict[str, Any]:
    """The request's JSON object, at most `most` bytes. Raises Fault INVALID_ARGUMENT."""
    raw = await body_bytes(request, most)
    try:
        body = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise invalid("body", "must be valid JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise invalid("body", "must be a JSON object")
    return body


Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(endpoint: Endpoint, shape: Callable[[Fault], Response] = problem) -> Endpoint:
    """`endpoint`, with whatever it raises answered in the given shape."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Fault as fault:
            return shape(fault)
        except Exception:
            log.exception("unhandled exception", extra={"path": request.url.path})
            return shape(Fault(Reason.INTERNAL, "internal error; the request id finds it in the logs"))

    return answer
