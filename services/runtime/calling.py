"""What every call from one service to another takes along: the request id, the language, and a bound on its time.

A channel around grpc's, and no interceptors: those of grpc.aio start a task for every unary call, which costs an
edge that refuses most of what it is asked a tenth of its CPU.
"""

from collections.abc import Callable, Iterator
from typing import Any

import grpc

from services.runtime import call_context

UNARY_SECONDS = 5.0
"""Of a unary call, unless the call or the caller's deadline says less."""
STREAM_SECONDS = 3_600.0


class CallingChannel(grpc.aio.Channel):
    """`inner`, with calls that take along what the call being served has."""

    def __init__(self, inner: grpc.aio.Channel) -> None:
        self._inner = inner

    def unary_unary(self, *args: Any, **kwargs: Any) -> Any:
        """A multi-callable as grpc's."""
        return _bounded(self._inner.unary_unary(*args, **kwargs), UNARY_SECONDS)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        """A multi-callable as grpc's."""
        return _bounded(self._inner.unary_stream(*args, **kwargs), STREAM_SECONDS)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        """As it is: no service has one."""
        return self._inner.stream_unary(*args, **kwargs)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        """As it is: only reflection has one."""
        return self._inner.stream_stream(*args, **kwargs)

    async def __aenter__(self) -> "CallingChannel":
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> Any:
        return await self._inner.__aexit__(*raised)

    async def close(self, grace: float | None = None) -> None:
        """Ends its calls within `grace` seconds."""
        await self._inner.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """As grpc's."""
        return self._inner.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """As grpc's."""
        await self._inner.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """As grpc's."""
        await self._inner.channel_ready()


def _bounded(call: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    def calling(request: Any, *, timeout: float | None = None, metadata: Any = None, **options: Any) -> Any:
        taken: tuple[tuple[str, str], ...] = (("accept-language", call_context.language.get()),)
        if request_id := call_context.request_id.get():
            taken += (("x-request-id", request_id),)
        if metadata:
            taken = (*metadata, *taken)
        bound = call_context.remaining(seconds if timeout is None else timeout)
        return call(request, timeout=bound, metadata=_Fields(taken), **options)

    return calling


class _Fields(grpc.aio.Metadata):
    """Metadata that is only read through: grpc.aio would sort a plain tuple into a dictionary of lists, and take
    it out of that again, for every call."""

    def __init__(self, fields: tuple[tuple[str, str], ...]) -> None:
        super().__init__()
        self._fields = fields

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)
