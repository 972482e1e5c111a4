"""A system's server process, from start to ready to ended, with a way to ask it and its meter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.traffic.asking import Ask
from bench.traffic.meter import VARIABLE, Meter
from bench.traffic.systems import REPO, System
from bench.traffic.workload import Arrival, Mix

READY_SECONDS = 90.0
"""Within which a server must draw its first pictures."""
TRAINING = 8
"""Requests of each step count at once before anything is measured: BentoML's dispatchers learn from them."""
EMPTY_SECONDS, STILL_SECONDS = 20.0, 0.4
"""How long a backlog may take to go without taking time, and how long a device must be still to be called idle."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers. `mark` is in the environment of all its processes."""

    system: System
    ask: Ask
    meter: Meter
    mix: Mix
    mark: str

    async def becomes_idle(self) -> None:
        """Lets what nobody waits for go by without taking time. Raises TimeoutError.

        A free picture of each step count comes last in every queue there is: its answer says that they are empty.
        """
        self.meter.write("hurry", 1)
        try:
            async with asyncio.timeout(EMPTY_SECONDS):
                await asyncio.gather(*(self.ask(Arrival(0.0, steps, False, None)) for steps in self.mix.counts))
                seen = -1
                while seen != (now := self.meter.read("calls")):
                    seen = now
                    await asyncio.sleep(STILL_SECONDS)
        finally:
            self.meter.write("hurry", 0)


@contextlib.asynccontextmanager
async def running(system: System, folder: Path, mix: Mix, training: int = TRAINING) -> AsyncIterator[Running]:
    """Starts the system's server, which logs to `folder`, and asks it for `training` pictures of each step
    count at once; ends it and all its children. Raises TimeoutError."""
    path = folder / f"{system.label}.meter"
    meter = Meter(path)
    with _process(system, path) as port:
        async with AsyncExitStack() as stack:
            ask = await system.dialect(stack, port, folder)
            await _answers(ask, system, mix, path.with_suffix(".log"))
            for steps in mix.counts:
                await asyncio.gather(*(ask(Arrival(0.0, steps, False, None)) for _ in range(training)))
            yield Running(system, ask, meter, mix, str(path))
    meter.close()


async def _answers(ask: Ask, system: System, mix: Mix, log: Path) -> None:
    """Waits until a picture of each step count comes: a queue of its own may open later than another's."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            while True:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(5.0):
                        for steps in mix.counts:
                            await ask(Arrival(0.0, steps, False, None))
                        return
                await asyncio.sleep(0.25)
    except TimeoutError:
        late = f"{system.name} drew nothing within {READY_SECONDS:g} s"
        raise TimeoutError(f"{late}:\n{_last_words(log)}") from None


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-500:]


@contextlib.contextmanager
def _process(system: System, meter: Path) -> Iterator[int]:
    """The server, in a process group of its own so that its workers end with it; gives its port."""
    port = _free_port()
    command = [part.replace("{port}", str(port)) for part in system.command]
    own = {VARIABLE: str(meter), "PYTHONPATH": str(REPO), **dict(system.environment)}
    quiet = {"FOURNIL_LOG_LEVEL": "WARNING", "BENTOML_DO_NOT_TRACK": "true", "RAY_USAGE_STATS_ENABLED": "0"}
    with meter.with_suffix(".log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=meter.parent,
            env={**os.environ, **own, **quiet},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield port
        finally:
            _end(server)


def end_servers_when_ended() -> None:
    """SIGTERM unwinds this process as Ctrl-C does: servers are in groups of their own and would live on."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def _end(server: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10.0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
