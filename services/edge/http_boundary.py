"""What every HTTP answer of the edge goes through: request id, language, bounded heads and waits, header fields,
metrics, faults to answers.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.edge import rate_limits
from services.edge.connection import room
from services.edge.problems import problem
from services.runtime import call_context
from services.runtime.errors import Fault, Reason, invalid

log = logging.getLogger("fournil.http")

MOST_HEADERS = 200
MOST_HEADER_BYTES = 32 * 1024
MOST_TARGET = 8 * 1024
"""Bytes of path and query."""
SEND_SECONDS = 60.0
"""Longest wait for a reader to take what is written to it; one that takes nothing for so long is let go."""

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
