"""Calls to addresses that users name: to the public internet only, over TLS, without redirects, for ten seconds.

A name is resolved here and the connection made to the address that was looked at, so that a name which answers
differently a moment later leads nowhere else.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpcore

from services.runtime.errors import invalid

SECONDS = 10.0
LONGEST_URL = 2_048
MOST_READ = 16 * 1024
"""Bytes of an answer that are read before its connection is closed."""
MOST_CONNECTIONS = 64

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Reach(StrEnum):
    """Where calls may go."""

    OFF = "off"
    PUBLIC = "public"
    ANY = "any"
    """Plain HTTP and private addresses too: for development."""


@dataclass(frozen=True)
class Target:
    """A checked URL."""

    scheme: str
    host: str
    port: int
    path: str


class NotReached(Exception):
    """Nobody answered, or nobody may be asked there; the text says which and nothing of what is there."""


def read_url(text: object, field: str, reach: Reach) -> Target:
    """Raises Fault INVALID_ARGUMENT that names the field."""
    if reach is Reach.OFF:
        raise invalid(field, "must be empty: this mesh calls nobody")
    if not isinstance(text, str) or len(text) > LONGEST_URL or not text.isascii() or not text.isprintable():
        raise invalid(field, f"must be a URL of at most {LONGEST_URL} ASCII characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise invalid(field, "must be a URL") from None
    schemes = {"https": 443, "http": 80} if reach is Reach.ANY else {"https": 443}
    if parts.scheme not in schemes or not parts.hostname or " " in text or "\\" in text:
        raise invalid(field, f"must be a URL that begins with {' or '.join(f'{one}://' for one in schemes)}")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise invalid(field, "must hold neither a user nor a fragment")
    if reach is Reach.PUBLIC and (literal := _literal(parts.hostname)) and not is_public(literal):
        raise invalid(field, "must lead to a public address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or schemes[parts.scheme], path)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is one of the internet's own, also where an IPv6 address stands for an IPv4 one."""
    inner = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.is_global and not address.is_multicast and (inner is None or is_public(inner))


class Outbound:
    """Posts to targets."""

    def __init__(self, reach: Reach) -> None:
        backend = httpcore.AnyIOBackend() if reach is Reach.ANY else _PublicOnly()
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=MOST_CONNECTIONS, keepalive_expiry=5.0, retries=0, network_backend=backend
        )

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. Raises NotReached, also after ten seconds."""
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        try:
            async with asyncio.timeout(SECONDS):
                async with self._pool.stream("POST", url, headers=sent, content=body) as answer:
                    read = 0
                    async for chunk in answer.aiter_stream():
                        read += len(chunk)
                        if read > MOST_READ:
                            break
                    return int(answer.status)
        except TimeoutError:
            raise NotReached("no answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise NotReached(type(error).__name__) from None

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, and to the very one that was looked at."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise httpcore.ConnectError("no such name") from None
        for *_, place in found:
            address = _literal(str(place[0]))
            if address is not None and is_public(address):
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
        raise httpcore.ConnectError("no public address")

    async def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("no public address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _literal(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address written as one; what a resolver would take for one ("127.1", "0x7f000001") is judged once it has
    been resolved."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
