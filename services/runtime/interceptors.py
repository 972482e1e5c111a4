"""The boundary of every RPC.

Serving: takes request id, language and deadline from the call, counts and times it, and turns what was raised
into a status: a `Fault` by the table of `wire_errors`, anything else INTERNAL with its traceback in the log
and none on the wire. The calling side is `calling`.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from prometheus_client import Counter, Histogram

from services.runtime import call_context
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.wire_errors import to_status

log = logging.getLogger("fournil.rpc")

CALLS = Counter("fournil_rpc_total", "Calls served.", ["method", "code"])
SECONDS = Histogram(
    "fournil_rpc_seconds", "Time to serve a call.", ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)  # fmt: skip

# Looking a series up by its labels costs as much as counting in it.
_calls, _seconds = cache(CALLS.labels), cache(SECONDS.labels)

Localize = Callable[[Fault], tuple[str, str]]
"""A fault to (locale, text) in the language of the call."""


class ServingBoundary(grpc.aio.ServerInterceptor):
    """Wraps every handler but those of gRPC's own services (health, reflection)."""

    def __init__(self, localize: Localize | None = None) -> None:
        self._localize = localize
        self._wrapped: dict[str, Any] = {}
        """Our handlers by method: made once, not at every call."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None or method.startswith("/grpc.") or handler.request_streaming:
            return handler
        if method not in self._wrapped:
            self._wrapped[method] = self._wrap(method, handler)
        return self._wrapped[method]

    def _wrap(self, method: str, handler: Any) -> Any:
        parse, serialize = _tolerant(handler.request_deserializer), handler.response_serializer
        if handler.response_streaming:
            behaviour = self._streaming(method, handler.unary_stream)
            return grpc.unary_stream_rpc_method_handler(behaviour, parse, serialize)
        return grpc.unary_unary_rpc_method_handler(self._unary(method, handler.unary_unary), parse, serialize)

    def _unary(self, method: str, inner: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            started = self._enter(context)
            try:
                response = await inner(_parsed(request), context)
            except asyncio.CancelledError:
                self._leave(method, started, "CANCELLED")
                raise
            except Exception as error:
                await self._fail(method, started, context, error)
            self._leave(method, started, "OK")
            return response

        return serve

    def _streaming(self, method: str, inner: Callable[..., AsyncIterator[Any]]) -> Callable[..., Any]:
        async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            started = self._enter(context)
            try:
                async for response in inner(_parsed(request), context):
                    yield response
            except asyncio.CancelledError:
                self._leave(method, started, "CANCELLED")
                raise
            except Exception as error:
                await self._fail(method, started, context, error)
            self._leave(method, started, "OK")

        return serve

    @staticmethod
    def _enter(context: grpc.aio.ServicerContext[Any, Any]) -> float:
        metadata = dict(context.invocation_metadata() or ())
        request_id = call_context.accept_request_id(metadata.get("x-request-id"))
        call_context.request_id.set(request_id)
        call_context.language.set(call_context.pick_language(metadata.get("accept-language")))
        left = context.time_remaining()
        call_context.deadline.set(None if left is None else time.monotonic() + left)
        context.set_trailing_metadata((("x-request-id", request_id),))
        return time.perf_counter()

    async def _fail(
        self, method: str, started: float, context: grpc.aio.ServicerContext[Any, Any], error: Exception
    ) -> None:
        if isinstance(error, grpc.aio.AbortError):
            raise error
        if isinstance(error, Fault):
            fault = error
            if fault.reason is Reason.INTERNAL:
                log.error("call failed", extra={"method": method}, exc_info=error)
        else:
            log.error("unhandled exception", extra={"method": method}, exc_info=error)
            fault = Fault(Reason.INTERNAL, "internal error; the request id finds it in the logs")
        self._leave(method, started, fault.reason)
        status = to_status(fault, localized=self._localize(fault) if self._localize else None)
        context.set_trailing_metadata(
            (("x-request-id", call_context.request_id.get()), *(status.trailing_metadata or ()))
        )
        await context.abort(status.code, status.details)

    @staticmethod
    def _leave(method: str, started: float, code: str) -> None:
        elapsed = time.perf_counter() - started
        _calls(method, code).inc()
        _seconds(method).observe(elapsed)
        if log.isEnabledFor(logging.INFO):
            log.info("rpc", extra={"method": method, "code": code, "ms": round(elapsed * 1e3, 2)})


class _Malformed:
    """Stands for a request that is no valid message, for example text that is not UTF-8."""


def _tolerant(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """`parse`, but a malformed request reaches the boundary instead of ending as a bare INTERNAL."""

    def parse_or_mark(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return _Malformed()

    return parse_or_mark


def _parsed(request: Any) -> Any:
    if isinstance(request, _Malformed):
        raise invalid("request", "must be a valid message in UTF-8")
    return request
