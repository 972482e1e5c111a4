"""The hot path to Redis or Valkey: what is asked in one turn of the event loop travels in one write, over one
connection, and is answered or refused within a budget.

    call ──> tick ──one write──> wire ──> reply, in order
               │                  │
               │                  └─ silent for a whole budget, or lost: everybody in flight is told UNAVAILABLE,
               │                     the connection is dropped, the lane is away
               └─ away: UNAVAILABLE at once. One prober opens fresh connections until one answers.

A lane is one connection with one budget. There are two, because whoever runs a long script must not lose its reply
when the others' budget ends: `quick` for what a caller waits for, `patient` for rounds and reports.

What was sent is never sent again from here: its reply may be lost after the work was done. What the server says it
did not do (it did not know the script, it is no master) is asked again, within the same budget.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import hiredis
from prometheus_client import Counter, Gauge

from services.runtime.errors import Fault, Reason
from services.runtime.redis_servers import Servers, read_url
from services.runtime.redis_wire import Part, Reply, Waiting, Wire, pack

log = logging.getLogger("fournil.store")

BUDGET = 0.05
PATIENCE = 2.0
"""Seconds a call of the quick and of the patient lane may take, connecting included."""
GRACE = 0.01
"""Seconds more, in which replies that have come are read: a loop that was held up must not blame the store."""
PROBE_EVERY = 0.1
PROBE_PATIENCE = 0.5
"""Seconds between two probes, and for one: TLS and a sentinel's answer included. Nobody waits for a probe."""
MOST_IN_FLIGHT = 20_000

AWAY = Gauge("fournil_store_away", "1 while the store does not answer and calls fail at once.", ["lane"])
UNANSWERED = Counter(
    "fournil_store_unanswered_total", "Calls that ran out of their budget or were lost.", ["lane"]
)

_ELSEWHERE = {"MOVED", "READONLY", "MASTERDOWN"}
_NOT_NOW = {"LOADING", "CLUSTERDOWN", "TRYAGAIN", "ASK", "BUSY", "OOM", "MISCONF", "NOREPLICAS", "NOAUTH"}


class Lane:
    """One connection, its budget in seconds and its breaker."""

    def __init__(self, name: str, servers: Servers, budget: float) -> None:
        self._name, self._servers, self._budget = name, servers, budget
        self._wire: Wire | None = None
        self._tick: list[Waiting] = []
        self._held: list[Waiting] = []
        """Sent before there was a connection."""
        self._away = False
        self._prober: asyncio.Task[None] | None = None

    async def call(self, *command: Part) -> Reply:
        """The reply; a NOSCRIPT error is handed back. Raises Fault UNAVAILABLE, OVERLOADED or INTERNAL."""
        wire, began = self._wire, asyncio.get_running_loop().time()
        reply = await self._send(command)
        if not isinstance(reply, hiredis.ReplyError):
            return reply
        word, _, rest = str(reply).partition(" ")
        if word in _ELSEWHERE:
            self._move(wire, rest.split()[-1] if word == "MOVED" else "")
            async with self.until(began):
                reply = await self._send(command)
            word = str(reply).partition(" ")[0] if isinstance(reply, hiredis.ReplyError) else ""
        if word == "NOSCRIPT" or not isinstance(reply, hiredis.ReplyError):
            return reply
        if word in _ELSEWHERE or word in _NOT_NOW:
            raise _away() from reply
        raise Fault(Reason.INTERNAL, "the store refused a command", peer="redis") from reply

    @asynccontextmanager
    async def until(self, began: float) -> AsyncIterator[None]:
        """What is asked once more belongs to the budget of a call that began then, in the loop's time."""
        try:
            async with asyncio.timeout_at(began + self._budget + GRACE):
                yield
        except TimeoutError:
            raise _away() from None

    async def close(self) -> None:
        """Ends the connection; whoever waits is told UNAVAILABLE."""
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
        self._fail_held()
        # The transport closes its socket in the loop's next turn.
        await asyncio.sleep(0)

    async def _send(self, command: Sequence[Part]) -> Reply:
        if self._away:
            raise _away()
        if len(self._tick) + len(self._held) + len(self._wire or ()) >= MOST_IN_FLIGHT:
            raise Fault(Reason.OVERLOADED, "too many calls wait for the store", retry_after=1.0)
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Reply] = loop.create_future()
        if not self._tick:
            loop.call_soon(self._flush)
        self._tick.append((pack(*command), waiter))
        try:
            return await waiter
        except ConnectionError as error:
            UNANSWERED.labels(self._name).inc()
            raise _away() from error

    def _flush(self) -> None:
        batch, self._tick = self._tick, []
        loop = asyncio.get_running_loop()
        loop.call_later(self._budget, self._look, batch, loop.time())
        if self._wire is not None:
            self._wire.write(batch)
        else:
            self._held += batch
            self._probe()

    def _look(self, batch: Sequence[Waiting], sent: float) -> None:
        if any(not waiter.done() for _, waiter in batch):
            asyncio.get_running_loop().call_later(GRACE, self._expire, batch, sent)

    def _expire(self, batch: Sequence[Waiting], sent: float) -> None:
        late = [waiter for _, waiter in batch if not waiter.done()]
        for waiter in late:
            waiter.set_exception(ConnectionError("no reply in time"))
        wire = self._wire
        if late and (wire is None or wire.heard < sent):
            # Not slow but silent. The connection goes with all that wait on it.
            self._gone("silent")
            if wire is not None:
                wire.close()

    def _lost(self, wire: Wire) -> None:
        if wire is self._wire:
            self._wire = None
            self._probe()

    def _move(self, wire: Wire | None, target: str) -> None:
        """The server is not, or no longer, the one for our keys."""
        if target:
            self._servers.moved(target)
        if self._wire is not None and (wire is None or wire is self._wire):
            self._wire.close()

    def _probe(self) -> None:
        if self._prober is None or self._prober.done():
            self._prober = asyncio.get_running_loop().create_task(self._reach())

    async def _reach(self) -> None:
        """Opens connections until one answers."""
        while self._wire is None:
            try:
                async with asyncio.timeout(PROBE_PATIENCE):
                    wire = await self._servers.open(self._lost)
            except (OSError, TimeoutError, hiredis.ReplyError) as error:
                self._gone(type(error).__name__)
                self._fail_held()
                await asyncio.sleep(PROBE_EVERY)
                continue
            if wire.closed:
                continue
            self._wire = wire
            if self._away:
                self._away = False
                AWAY.labels(self._name).set(0)
                log.info("the store is back", extra={"lane": self._name})
            held, self._held = self._held, []
            wire.write(held)

    def _gone(self, cause: str) -> None:
        if not self._away:
            self._away = True
            AWAY.labels(self._name).set(1)
            log.warning("the store is away", extra={"lane": self._name, "cause": cause})

    def _fail_held(self) -> None:
        held, self._held = self._held, []
        for _, waiter in held:
            if not waiter.done():
                waiter.set_exception(ConnectionError("no connection"))


class PipelinedLink:
    """Two lanes to the store of a URL. `tag` is the hash tag that all keys share; `budget` in seconds."""

    def __init__(self, url: str, *, tag: str, budget: float = BUDGET, patience: float = PATIENCE) -> None:
        address = read_url(url)
        self.quick = Lane("quick", Servers(address, tag), budget)
        self.patient = Lane("patient", Servers(address, tag), max(budget, patience))

    def script(self, source: str, *, patient: bool = False) -> "Script":
        """A Lua script on one of the lanes."""
        return Script(self.patient if patient else self.quick, source)

    async def close(self) -> None:
        """Closes both."""
        await self.quick.close()
        await self.patient.close()


class Script:
    """One Lua script, sent by hash and loaded when the server does not know it (yet, or any more)."""

    def __init__(self, lane: Lane, source: str) -> None:
        self._lane, self._source = lane, source
        self._hash = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
        self._loading: asyncio.Future[Reply] | None = None

    async def __call__(self, keys: Sequence[str], args: Sequence[Part]) -> Reply:
        """The script's reply. Raises Fault UNAVAILABLE, OVERLOADED or INTERNAL."""
        began = asyncio.get_running_loop().time()
        reply = await self._lane.call("EVALSHA", self._hash, len(keys), *keys, *args)
        if not isinstance(reply, hiredis.ReplyError):
            return reply
        async with self._lane.until(began):
            # Of many calls that find it missing, one loads.
            if self._loading is None or self._loading.done():
                self._loading = asyncio.ensure_future(self._lane.call("SCRIPT", "LOAD", self._source))
            await asyncio.shield(self._loading)
            reply = await self._lane.call("EVALSHA", self._hash, len(keys), *keys, *args)
        if isinstance(reply, hiredis.ReplyError):
            raise _away() from reply
        return reply


def _away() -> Fault:
    return Fault(Reason.UNAVAILABLE, "the store does not answer", retry_after=1.0, peer="redis")
