"""The life of a service process: start, serve, drain, stop.

On SIGTERM or SIGINT: every health name turns NOT_SERVING; `drain_seconds` later (balancers have seen it) the
server takes no new call; calls in flight have `grace_seconds`; background tasks are cancelled; what was given
as `close` is closed. A background task that fails ends the process with exit code 1: its supervisor restarts
it, and nothing half-alive serves on.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

import grpc
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.runtime.interceptors import Localize, ServingBoundary
from services.runtime.settings import Environment, ProcessSettings, SettingsError, log_level
from services.runtime.telemetry import start_logging, start_metrics

log = logging.getLogger("fournil.process")

CANCEL_TRIES = 3

MAX_SEND_BYTES = 16 << 20


class ServiceProcess:
    """One gRPC server with health, reflection, metrics and an orderly end. Build it inside a running loop."""

    def __init__(self, settings: ProcessSettings, *, localize: Localize | None = None) -> None:
        self.settings = settings
        self.server = grpc.aio.server(
            interceptors=[ServingBoundary(localize)],
            maximum_concurrent_rpcs=settings.max_concurrent_calls,
            options=[
                ("grpc.max_receive_message_length", settings.max_receive_bytes),
                ("grpc.max_send_message_length", MAX_SEND_BYTES),
                # Old connections are renewed so that new replicas get their share; streams may finish.
                ("grpc.max_connection_age_ms", 300_000),
                ("grpc.max_connection_age_grace_ms", 3_600_000),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.so_reuseport", 0),
            ],
        )
        self._health = health.aio.HealthServicer()
        self._names: list[str] = []
        self._stop = asyncio.Event()
        self.port = 0

    def add(self, register: Callable[[object, grpc.aio.Server], None], servicer: object, full_name: str) -> None:
        """Registers a servicer under its full service name, which is also its health name."""
        register(servicer, self.server)
        self._names.append(full_name)

    async def serve(
        self,
        *,
        background: Sequence[Callable[[], Awaitable[None]]] = (),
        before_drain: Sequence[Callable[[], Awaitable[None]]] = (),
        stop: Sequence[Callable[[], Awaitable[None]]] = (),
        close: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        """Serves until a signal. `background` runs beside the server; `before_drain` runs at the signal (a
        generator tells the desk it takes no more turns); `stop` ends other servers of the process while the
        gRPC one ends; `close` runs last, in order."""
        await self._startup()
        tasks = [asyncio.create_task(self._guard(task)) for task in background]
        try:
            await self._stop.wait()
        finally:
            await self._shutdown(tasks, before_drain, stop, close)
        for task in tasks:
            if not task.cancelled() and task.exception() is not None:
                raise SystemExit(1)

    @property
    def stopping(self) -> bool:
        """Whether the process is on its way out."""
        return self._stop.is_set()

    def request_stop(self) -> None:
        """What the signals do."""
        self._stop.set()

    async def _startup(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request_stop)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        reflection.enable_server_reflection(
            (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME), self.server
        )
        self.port = self.server.add_insecure_port(self.settings.listen)
        start_metrics(self.settings.metrics_listen)
        await self.server.start()
        for name in ("", *self._names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        log.info("serving", extra={"listen": self.settings.listen, "port": self.port})

    async def _guard(self, task: Callable[[], Awaitable[None]]) -> None:
        """Runs a background task; its failure stops the process."""
        try:
            await task()
        except Exception:
            log.exception("background task failed")
            self._stop.set()
            raise

    async def _shutdown(
        self,
        tasks: Sequence["asyncio.Task[None]"],
        before_drain: Sequence[Callable[[], Awaitable[None]]],
        stop: Sequence[Callable[[], Awaitable[None]]],
        close: Sequence[Callable[[], Awaitable[None]]],
    ) -> None:
        log.info("draining", extra={"seconds": self.settings.drain_seconds})
        await self._health.enter_graceful_shutdown()
        await _bounded(before_drain, self.settings.drain_seconds + 1)
        await asyncio.sleep(self.settings.drain_seconds)
        grace = self.settings.grace_seconds
        await asyncio.gather(self.server.stop(grace), *(_bounded([step], grace + 2) for step in stop))
        await _ended(tasks)
        await _bounded(close, 5.0)
        log.info("stopped")


async def _ended(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancels the tasks, again where one has swallowed it, for `CANCEL_TRIES` seconds at most."""
    pending = set(tasks)
    for _ in range(CANCEL_TRIES):
        for task in pending:
            task.cancel()
        if pending:
            _, pending = await asyncio.wait(pending, timeout=1.0)
    for task in pending:
        log.error("background task does not end", extra={"task": task.get_name()})


async def _bounded(steps: Sequence[Callable[[], Awaitable[None]]], seconds: float) -> None:
    """Each step in turn, none longer than `seconds`; a failing step is logged and does not stop the rest."""
    for step in steps:
        try:
            async with asyncio.timeout(seconds):
                await step()
        except Exception:
            log.exception("shutdown step failed")


def run(name: str, main: Callable[[], Awaitable[None]]) -> None:
    """Runs a service's async main on uvloop. A settings error is one line and exit code 2."""
    start_logging(name)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            logging.getLogger().setLevel(log_level(Environment(os.environ)))
            uvloop.run(main())  # type: ignore[arg-type]
        except SettingsError as error:
            log.error("bad setting", extra={"detail": str(error)})
            sys.exit(2)
