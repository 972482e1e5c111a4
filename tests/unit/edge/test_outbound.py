"""Where calls may go: addresses, URLs, names that lie, answers without end."""

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from services.edge import outbound
from services.edge.outbound import NotReached, Outbound, Reach, Target, is_public, read_url
from services.runtime.errors import Fault, Reason


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_addresses_that_nobody_outside_may_name(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Fault) as refused:
        read_url(f"https://{host}/hook", "webhook_url", Reach.PUBLIC)
    assert refused.value.metadata["field"] == "webhook_url"


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "/hook", "ftp://example.com", "file:///etc/passwd", "http://example.com/", "https://",
        "https:///hook", "https://user@example.com/", "https://user:pass@example.com/", "https://example.com/#a",
        "https://example.com:99999/", "https://example.com:port/", "https://exa mple.com/", "https://exámple.com/",
        "https://example.com\\@evil.example/", "https://example.com/\r\nhost: evil", "https://[::1/", 7, None,
        "https://example.com/" + "a" * 2_048, "javascript:alert(1)", "gopher://example.com/",
    ],
)  # fmt: skip
def test_what_is_no_url_to_call_is_refused(url: object) -> None:
    with pytest.raises(Fault) as refused:
        read_url(url, "webhook_url", Reach.PUBLIC)
    assert refused.value.reason is Reason.INVALID_ARGUMENT


def test_what_is_one_is_taken_apart() -> None:
    target = read_url("https://Example.com:8443/a/b?c=d%20e", "webhook_url", Reach.PUBLIC)
    assert target == Target("https", "example.com", 8443, "/a/b?c=d%20e")
    assert read_url("https://example.com", "webhook_url", Reach.PUBLIC) == Target("https", "example.com", 443, "/")
    assert read_url("http://127.0.0.1:9/", "webhook_url", Reach.ANY) == Target("http", "127.0.0.1", 9, "/")
    with pytest.raises(Fault, match="calls nobody"):
        read_url("https://example.com", "webhook_url", Reach.OFF)


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[tuple[int, list[str]]]:
    """A server on loopback: its port, and the hosts it was asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append(next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: ")))
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


def says(text: str) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text.encode())
        await writer.drain()

    return answer


async def post(reach: Reach, host: str, port: int) -> int:
    out = Outbound(reach)
    try:
        return await out.post(Target("http", host, port, "/hook"), {"host": host, "content-length": "2"}, b"{}")
    finally:
        await out.close()


async def test_a_status_comes_back_and_a_redirect_is_not_followed() -> None:
    async with listening(
        says("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
    ) as (
        port,
        asked,
    ):
        assert await post(Reach.ANY, "127.0.0.1", port) == 302
        assert len(asked) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "::1"])
async def test_nothing_private_is_reached_however_it_is_written(host: str) -> None:
    async with listening(says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as (port, asked):
        with pytest.raises(NotReached):
            await post(Reach.PUBLIC, host, port)
        assert asked == []


async def test_a_name_that_answers_differently_a_moment_later_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The address that was looked at is the one that is called: it is asked for once."""
    loop, questions = asyncio.get_running_loop(), []
    called: list[str] = []

    async def lying(host: str, port: int, **options: object) -> list[object]:
        questions.append(host)
        address = "93.184.216.34" if len(questions) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async def connect(self: object, host: str, *rest: object) -> object:
        called.append(host)
        raise outbound.httpcore.ConnectError("not in a test")

    monkeypatch.setattr(loop, "getaddrinfo", lying)
    monkeypatch.setattr(outbound.httpcore.AnyIOBackend, "connect_tcp", connect)
    with pytest.raises(NotReached):
        await post(Reach.PUBLIC, "rebinding.example", 443)
    assert (questions, called) == (["rebinding.example"], ["93.184.216.34"])


async def test_an_answer_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + bytes(4096) + b"\r\n")
            await writer.drain()

    async with listening(flood) as (port, _):
        assert await asyncio.wait_for(post(Reach.ANY, "127.0.0.1", port), 5) == 200


async def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "SECONDS", 0.2)

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    async with listening(silence) as (port, _):
        began = time.monotonic()
        with pytest.raises(NotReached):
            await post(Reach.ANY, "127.0.0.1", port)
        assert time.monotonic() - began < 2
