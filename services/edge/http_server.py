"""The HTTP server of the edge: uvicorn on h11 inside our own loop, with a bound on everything a stranger may hold.

| what | bound |
|---|---|
| a request's head | 32 KiB (h11's), 10 s from its first byte, or from the connection for the first one |
| a request's body | 30 s, whatever its size; sizes are the endpoints' (`http_body`, `form_body`) |
| an idle connection | 30 s |
| connections | 5,000 |

uvicorn bounds the last two by itself and has no clock for a head or a body that drips: `Unhurried` adds it.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.edge.connection import CONNECTION
from services.runtime.settings import split_address

HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
IDLE_SECONDS = 30
MOST_HEAD = 32 * 1024
MOST_CONNECTIONS = 5_000
DELIVERY_SECONDS = 60.0
SETTLED_SECONDS = 0.3
"""After the last byte was sent, within which a reader that is no more makes itself known."""
_LOOK = 0.05


class Unhurried(H11Protocol):
    """uvicorn's connection, closed when a request's head or body does not come in time."""

    _clock: asyncio.TimerHandle | None = None
    _waits_for: object = None
    _lost: bool | None = None
    """None while it is open, then whether it ended badly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, CONNECTION: self}

    @property
    def has_room(self) -> bool:
        """Whether what is written now need not wait for the reader."""
        return not self.flow.write_paused

    @property
    def body_is_here(self) -> bool:
        """Whether all of the body has come of the request that is being answered."""
        return not self.cycle.more_body

    async def delivered(self) -> bool:
        """Whether the answer that was just written was taken from our hands: all of it was sent and its reader did
        not break off at once, or went on to ask for more. At most `DELIVERY_SECONDS`."""
        answered, settled = self.cycle, 0.0
        for _ in range(int(DELIVERY_SECONDS / _LOOK)):
            if self._lost is not None:
                return not self._lost
            if self.cycle is not answered:
                return True
            settled = settled + _LOOK if self.transport.get_write_buffer_size() == 0 else 0.0
            if settled > SETTLED_SECONDS:
                return True
            await asyncio.sleep(_LOOK)
        return False

    def connection_made(self, transport: Any) -> None:
        """The head of the first request is waited for."""
        super().connection_made(transport)
        self._wait_for(h11.IDLE, HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Starts or stops the clock by what has come."""
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._wait_for(state, BODY_SECONDS)
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait_for(state, HEAD_SECONDS)
        else:
            self._wait_for(None, 0.0)

    def connection_lost(self, exc: Exception | None) -> None:
        """No clock outlives its connection."""
        self._lost = exc is not None or self.transport.get_write_buffer_size() > 0
        self._wait_for(None, 0.0)
        super().connection_lost(exc)

    def _wait_for(self, state: object, seconds: float) -> None:
        if state is self._waits_for:
            return
        if self._clock is not None:
            self._clock.cancel()
        self._waits_for = state
        self._clock = None if state is None else self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


class WebServer(uvicorn.Server):
    """uvicorn inside our loop: signals stay with `ServiceProcess`."""

    def __init__(self, app: Any, listen: str, grace_seconds: float) -> None:
        host, port = split_address(listen)
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=Unhurried,
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=int(grace_seconds),
                h11_max_incomplete_event_size=MOST_HEAD,
            )
        )
        self._ended = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of them."""
        yield

    async def run_until_stopped(self) -> None:
        """Serves; an early end (the port is taken) ends the process."""
        try:
            await self.serve()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Takes no more connections and waits for those in flight (bounded by the configured grace)."""
        self.should_exit = True
        await self._ended.wait()
