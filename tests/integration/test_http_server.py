"""The HTTP server under callers who mean it ill, over raw sockets: what drips, what bombs, what smuggles, what
never reads. Each is refused or let go in a bounded time, and harms nobody else."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from services.edge import http_body, http_boundary, http_server
from services.edge.http_body import json_body
from services.edge.http_boundary import HttpBoundary, guarded
from services.edge.http_server import MOST_HEAD, WebServer
from services.edge.openai_errors import openai_error
from services.local_mesh.ports import free_port
from tests.integration.tasks import ended

READS = 5.0
"""Seconds that a test waits for an answer or an end."""
served: list[str] = []


async def echo(request: Request) -> Response:
    served.append(request.url.path)
    return JSONResponse(await json_body(request))


async def flood(request: Request) -> Response:
    async def forever() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536

    return StreamingResponse(forever())


async def hello(request: Request) -> Response:
    served.append(request.url.path)
    return PlainTextResponse("hello")


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with clocks of tenths of seconds."""
    for module, name, seconds in (
        (http_server, "HEAD_SECONDS", 0.4), (http_server, "BODY_SECONDS", 0.8),
        (http_body, "BODY_SECONDS", 0.4), (http_boundary, "SEND_SECONDS", 0.4),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, seconds)
    served.clear()
    routes = [
        Route("/echo", guarded(echo, openai_error), methods=["POST"]),
        Route("/flood", flood),
        Route("/{rest:path}", hello),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(HttpBoundary)
    free = free_port()
    server = WebServer(app, f"127.0.0.1:{free}", 1.0)
    running = asyncio.create_task(server.run_until_stopped())
    for _ in range(500):
        if server.started:
            break
        await asyncio.sleep(0.01)
    yield free
    await server.stop()
    await ended(running)


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def all_that_comes(reader: asyncio.StreamReader) -> bytes:
    """Until the server closes."""
    found = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(READS):
            while chunk := await reader.read(65_536):
                found += chunk
    return found


async def said(port: int, data: bytes) -> bytes:
    """All that the server says to these bytes until it closes the connection."""
    async with connected(port) as (reader, writer):
        writer.write(data)
        return await all_that_comes(reader)


async def test_who_says_nothing_is_let_go(port: int) -> None:
    async with connected(port) as (reader, _):
        assert await all_that_comes(reader) == b""


@pytest.mark.parametrize("before", [b"", b"GET /one HTTP/1.1\r\nhost: x\r\n\r\n"], ids=["first", "later"])
async def test_a_head_that_drips_is_cut(port: int, before: bytes) -> None:
    async with connected(port) as (reader, writer):
        writer.write(before)
        started = time.monotonic()

        async def drip() -> None:
            with contextlib.suppress(ConnectionError):
                for byte in b"GET /two HTTP/1.1\r\nhost: x\r\nx-slow: " + b"a" * 1_000:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        await all_that_comes(reader)
        assert time.monotonic() - started < 2.0 and "/two" not in served
        await ended(dripping)


async def test_a_body_that_drips_is_a_400_and_then_cut(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")
        started = time.monotonic()
        answer = await all_that_comes(reader)
        assert b" 400 " in answer and b'"param":"body"' in answer and b"must come within" in answer
        assert time.monotonic() - started < 2.0


async def test_an_idle_connection_outlives_the_clock_of_a_head(port: int) -> None:
    async with connected(port) as (reader, writer):
        for path in (b"/one", b"/two"):
            writer.write(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b" 200 " in await reader.readuntil(b"hello")
            await asyncio.sleep(0.6)


@pytest.mark.parametrize(
    "headers",
    [b"x: " + b"a" * MOST_HEAD, b"".join(b"h%d: a\r\n" % number for number in range(5_000)), b"a" * MOST_HEAD],
    ids=["one large", "many", "no colon"],
)
async def test_a_head_that_is_too_large_is_refused(port: int, headers: bytes) -> None:
    answer = await said(port, b"GET /bomb HTTP/1.1\r\nhost: x\r\n" + headers + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400") and served == []


async def test_a_target_that_is_too_long_is_refused(port: int) -> None:
    answer = await said(port, b"GET /" + b"a" * MOST_HEAD + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400") and served == []


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"
SHAPES = {
    "two kinds of length": (b"content-length: 2\r\ntransfer-encoding: chunked", CHUNKED),
    "two lengths": (b"content-length: 2\r\ncontent-length: 40", b"{}"),
    "a list of lengths": (b"content-length: 2, 40", b"{}"),
    "a signed length": (b"content-length: +2", b"{}"),
    "a hexadecimal length": (b"content-length: 0x2", b"{}"),
    "a negative length": (b"content-length: -2", b"{}"),
    "an unknown coding": (b"transfer-encoding: xchunked", CHUNKED),
    "two codings": (b"transfer-encoding: chunked, identity", CHUNKED),
    "a coding twice": (b"transfer-encoding: chunked\r\ntransfer-encoding: chunked", CHUNKED),
    "a space before the colon": (b"transfer-encoding : chunked", CHUNKED),
    "a control in a name": (b"transfer\x0b-encoding: chunked", CHUNKED),
    "a null in a value": (b"content-length: 2\x00", b"{}"),
    "a bad chunk size": (b"transfer-encoding: chunked", b"0x2\r\n{}\r\n0\r\n\r\n"),
    "a signed chunk size": (b"transfer-encoding: chunked", b"+2\r\n{}\r\n0\r\n\r\n"),
    "an endless chunk size": (b"transfer-encoding: chunked", b"1" * 40 + b"\r\n{}\r\n0\r\n\r\n"),
    "a chunk without its end": (b"transfer-encoding: chunked", b"2\r\n{}XX0\r\n\r\n"),
    "no host": (None, b"{}"),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_request_that_two_servers_could_read_in_two_ways_is_refused(port: int, shape: str) -> None:
    headers, body = SHAPES[shape]
    lines = b"content-length: 2" if headers is None else b"host: x\r\n" + headers
    answer = await said(port, b"POST /echo HTTP/1.1\r\n" + lines + b"\r\n\r\n" + body + SMUGGLED)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")) and answer.count(b"HTTP/1.1 ") == 1
    assert "/smuggled" not in served


async def test_a_body_that_is_longer_than_allowed_is_told_so_in_openais_form(port: int) -> None:
    body = b'{"prompt": "' + b"a" * 300_000 + b'"}'
    length = b"content-length: %d\r\n" % len(body)
    answer = await said(port, b"POST /echo HTTP/1.1\r\nhost: x\r\n" + length + b"connection: close\r\n\r\n" + body)
    assert b" 400 " in answer and b'"type":"invalid_request_error"' in answer


async def test_who_never_reads_is_let_go_and_keeps_nobody_waiting(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        waits = []
        for _ in range(20):
            started = time.monotonic()
            assert b"hello" in await said(port, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            waits.append(time.monotonic() - started)
            await asyncio.sleep(0.05)
        assert sorted(waits)[10] < 0.2, "others are served meanwhile"
        # What was in the buffers comes, and then the end: nothing is kept for who does not read.
        assert len(await all_that_comes(reader)) < 64 * 2**20 and reader.at_eof()
