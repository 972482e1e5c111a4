"""Which server to talk to, by URL.

    redis://[user:password@]host[:port][/db]      one server; rediss:// with TLS, unix:///path[?db=n] for a socket
    redis+sentinel://host:port,host:port/service[/db]      the present master of a service, asked of its sentinels
    redis+cluster://host:port,host:port           the node of a cluster that owns the slot of one hash tag

User and password go before the first host and are those of the data servers; sentinels are asked without. With
rediss+sentinel:// and rediss+cluster:// everything is TLS. `?ssl_ca_certs=`, `ssl_certfile=`, `ssl_keyfile=` and
`ssl_cert_reqs=none` as in redis-py.

Sources: the guidelines for clients of Sentinel (redis.io/docs/latest/develop/reference/sentinel-clients: ask each
sentinel in turn, then check ROLE) and the cluster specification (slot = CRC16 of the tag modulo 16,384).
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis
from redis.crc import key_slot

from services.runtime.redis_wire import Lost, Wire
from services.runtime.settings import SettingsError, split_address

SEED_PATIENCE = 0.2
"""Seconds a sentinel or a cluster's node may take to say where to go, before the next one is asked."""

Host = tuple[str, int]


@dataclass(frozen=True)
class Address:
    """A URL, read. `seeds` is one server, or those that know the others; `path` is a socket's."""

    kind: str
    """"", "sentinel" or "cluster"."""
    seeds: tuple[Host, ...]
    service: str = ""
    db: int = 0
    path: str = ""
    username: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    tls_options: Mapping[str, str] = field(default_factory=dict)
    """What was said of TLS, as redis-py takes it."""


def read_url(url: str) -> Address:
    """Raises SettingsError; its text has no password."""
    parts = urlsplit(url)
    scheme, _, kind = parts.scheme.partition("+")
    if scheme not in {"redis", "rediss", "unix"} or kind not in {"", "sentinel", "cluster"}:
        raise SettingsError(f"REDIS_URL: no such scheme: {parts.scheme!r}")
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    query = {name: said[0] for name, said in parse_qs(parts.query).items()}
    options = {name: said for name, said in query.items() if name.startswith("ssl_")}
    path = parts.path.strip("/")
    service, _, db = path.partition("/") if kind == "sentinel" else ("", "", "" if scheme == "unix" else path)
    if kind == "sentinel" and not service:
        raise SettingsError("REDIS_URL: a sentinel URL names the service after its hosts")
    db = query.get("db", db) or "0"
    if not db.isdigit() or (kind == "cluster" and db != "0"):
        raise SettingsError(f"REDIS_URL: no such database: {db!r}")
    return Address(
        kind,
        () if scheme == "unix" else tuple(_host(one, kind) for one in hosts.split(",")),
        service,
        int(db),
        unquote(parts.path) if scheme == "unix" else "",
        unquote(username),
        unquote(password),
        _tls(options) if scheme == "rediss" else None,
        options if scheme == "rediss" else {},
    )


class Servers:
    """Opens connections to the server that is right now. `tag` is the hash tag of all keys, for a cluster."""

    def __init__(self, address: Address, tag: str) -> None:
        self._address = address
        self._seeds = deque(address.seeds)
        """The one that answered last is first; those that did not are last."""
        self._slot = key_slot(tag.encode())
        self._told: Host | None = None

    def moved(self, target: str) -> None:
        """A cluster's node said that another ("host:port") owns the slot: the next connection goes there. A node
        that does not know the other's name says ":port"; then the seeds are asked."""
        host, _, port = target.rpartition(":")
        self._told = (host, int(port)) if host else None

    async def open(self, lost: Lost) -> Wire:
        """A connection that has answered. Raises OSError, TimeoutError, or hiredis.ReplyError."""
        told, self._told = self._told, None
        if self._address.kind == "sentinel":
            wire = await self._connect(await self._ask_seeds(), lost)
            role = await wire.ask("ROLE")
            if role[0] != "master":
                wire.close()
                raise ConnectionError("the sentinels' master is none yet")
            return wire
        if self._address.kind == "cluster":
            return await self._connect(told or await self._ask_seeds(), lost)
        return await self._connect(self._address.seeds[0] if self._address.seeds else None, lost)

    async def _connect(self, host: Host | None, lost: Lost, *, greet: bool = True) -> Wire:
        """A connection; greeted, it is authorised, in its database, and has answered."""
        address, loop = self._address, asyncio.get_running_loop()
        if host is None:
            _, wire = await loop.create_unix_connection(lambda: Wire(lost), address.path)
        else:
            name = host[0] if address.tls else None
            _, wire = await loop.create_connection(
                lambda: Wire(lost), *host, ssl=address.tls, server_hostname=name
            )
        try:
            if greet and address.password:
                user = (address.username,) if address.username else ()
                await wire.ask("AUTH", *user, address.password)
            if greet and address.db:
                await wire.ask("SELECT", address.db)
            await wire.ask("PING")
        except BaseException:
            wire.close()
            raise
        return wire

    async def _ask_seeds(self) -> Host:
        """Where the master, or the slot's owner, is. Raises ConnectionError when no seed knows."""
        for _ in range(len(self._seeds)):
            try:
                async with asyncio.timeout(SEED_PATIENCE):
                    found = await self._ask_seed(self._seeds[0])
            except (OSError, TimeoutError, hiredis.ReplyError):
                found = None
            if found:
                return found
            self._seeds.rotate(-1)
        raise ConnectionError("no seed knows where to go")

    async def _ask_seed(self, seed: Host) -> Host | None:
        cluster = self._address.kind == "cluster"
        wire = await self._connect(seed, _nobody, greet=cluster)
        try:
            if not cluster:
                found = await wire.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service)
                return (found[0], int(found[1])) if found else None
            rows: list[list[Any]] = await wire.ask("CLUSTER", "SLOTS")
        finally:
            wire.close()
        for low, high, owner, *_ in rows:
            if low <= self._slot <= high:
                # A node that does not know its own name means the one that was asked.
                return (owner[0] or seed[0], int(owner[1]))
        return None


def _nobody(wire: Wire) -> None:
    """For connections that only ask their way."""


def _host(text: str, kind: str) -> Host:
    usual = 26379 if kind == "sentinel" else 6379
    if not text:
        return ("localhost", usual)
    host, port = (text, usual) if text.endswith("]") or ":" not in text else split_address(text)
    return host.strip("[]"), port


def _tls(options: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if "ssl_certfile" in options:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    if options.get("ssl_cert_reqs") == "none":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
