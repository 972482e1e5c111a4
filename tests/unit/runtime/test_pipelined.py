"""The pipelined link against a real store, and against one that misbehaves as a real one rarely does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import redis
import uvloop

from services.runtime import pipelined
from services.runtime.errors import Fault, Reason
from services.runtime.pipelined import PipelinedLink
from services.runtime.redis_servers import read_url
from services.runtime.settings import SettingsError

TAG = "{test}"
ECHO = "return {ARGV[1], redis.call('INCR', KEYS[1])}"


@asynccontextmanager
async def open_link(url: str, *, budget: float = 2.0) -> AsyncIterator[PipelinedLink]:
    link = PipelinedLink(url, tag=TAG, budget=budget)
    try:
        yield link
    finally:
        await link.close()


async def reason_of(call: Awaitable[object]) -> Reason:
    with pytest.raises(Fault) as caught:
        await call
    return caught.value.reason


async def many_calls(url: str) -> None:
    """200 calls of a tick reach the store in a few reads, and each gets its own reply."""
    async with open_link(url) as link:
        script = link.script(ECHO)
        await script(["{test}:n"], ["first"])
        with redis.Redis.from_url(url) as client:
            before = client.info("stats")["total_reads_processed"]
            replies = await asyncio.gather(*(script(["{test}:n"], [f"é{n}"]) for n in range(200)))
            reads = client.info("stats")["total_reads_processed"] - before
    assert replies == [[f"é{n}", n + 2] for n in range(200)]
    assert reads <= 20


async def test_calls_of_a_tick_travel_together(valkey_url: str) -> None:
    await many_calls(valkey_url)


def test_so_they_do_on_the_loop_that_services_run_on(valkey_url: str) -> None:
    uvloop.run(many_calls(valkey_url))


async def test_a_script_that_was_flushed_is_loaded_once(valkey_url: str) -> None:
    async with open_link(valkey_url) as link:
        script = link.script(ECHO)
        await script(["{test}:n"], ["x"])
        with redis.Redis.from_url(valkey_url) as client:
            client.script_flush()
            client.config_resetstat()
            replies = await asyncio.gather(*(script(["{test}:n"], [n]) for n in range(50)))
            loads = client.info("commandstats")["cmdstat_script|load"]["calls"]
    assert sorted(count for _, count in replies) == list(range(2, 52)), "each ran exactly once"
    assert [said for said, _ in replies] == [str(n) for n in range(50)]
    assert loads == 1


async def test_an_error_is_its_own_callers_only(valkey_url: str) -> None:
    async with open_link(valkey_url) as link:
        call = link.quick.call
        await call("SET", "{test}:text", "bread")
        wrong, right = call("INCR", "{test}:text"), call("GET", "{test}:text")
        results = await asyncio.gather(wrong, right, return_exceptions=True)
        assert isinstance(results[0], Fault) and results[0].reason is Reason.INTERNAL
        assert "integer" not in results[0].message, "the store's text stays inside"
        assert results[1] == "bread"


async def test_a_caller_that_left_leaves_the_order(valkey_url: str) -> None:
    async with open_link(valkey_url) as link:
        tasks = [asyncio.create_task(link.quick.call("ECHO", n)) for n in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        assert await asyncio.gather(*tasks[1::2]) == [str(n) for n in range(1, 20, 2)]
        assert await link.quick.call("ECHO", "after") == "after"


async def test_what_nobody_waits_for_is_not_sent(valkey_url: str) -> None:
    async with open_link(valkey_url) as link:
        await link.quick.call("SET", "{test}:n", 0)
        left = asyncio.create_task(link.quick.call("INCR", "{test}:n"))
        await asyncio.sleep(0)
        left.cancel()
        assert await link.quick.call("GET", "{test}:n") == "0"


async def test_what_waits_is_bounded(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelined, "MOST_IN_FLIGHT", 10)
    async with open_link(valkey_url) as link:
        results = await asyncio.gather(*(link.quick.call("ECHO", n) for n in range(12)), return_exceptions=True)
        assert results[:10] == [str(n) for n in range(10)]
        assert [fault.reason for fault in results[10:] if isinstance(fault, Fault)] == [Reason.OVERLOADED] * 2


Answer = Callable[[int], Awaitable[bytes]]


@asynccontextmanager
async def fake_server(answer: Answer) -> AsyncIterator[str]:
    """Answers PING, then the n-th command, one after another, with what `answer` says; b"" hangs up."""
    count = 0
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            while True:
                parts = []
                for _ in range(int((await reader.readline())[1:] or 0)):
                    await reader.readline()
                    parts.append((await reader.readline()).strip())
                if not parts:
                    break
                if parts[0] == b"PING":
                    writer.write(b"+PONG\r\n")
                    continue
                count += 1
                said = await answer(count)
                if not said:
                    break
                writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()
        for task in served:
            task.cancel()
        await asyncio.gather(*served)
        await asyncio.sleep(0)


async def test_a_late_reply_goes_to_nobody() -> None:
    async def slow(number: int) -> bytes:
        await asyncio.sleep(0.1)
        return b":%d\r\n" % number

    async with fake_server(slow) as url, open_link(url, budget=0.25) as link:
        first = await asyncio.gather(*(link.quick.call("X") for _ in range(4)), return_exceptions=True)
        assert first[:2] == [1, 2]
        assert all(isinstance(one, Fault) and one.reason is Reason.UNAVAILABLE for one in first[2:])
        # The server is slow, not silent: the link stays, and the third and fourth reply come and are dropped.
        assert await link.quick.call("X") in {5, 6}


async def test_a_silent_server_is_left_and_found_again() -> None:
    speaks = asyncio.Event()

    async def answer(number: int) -> bytes:
        await speaks.wait()
        return b"+here\r\n"

    async with fake_server(answer) as url, open_link(url, budget=0.05) as link:
        loop = asyncio.get_running_loop()
        began = loop.time()
        results = await asyncio.gather(*(link.quick.call("X") for _ in range(20)), return_exceptions=True)
        assert all(isinstance(one, Fault) and one.reason is Reason.UNAVAILABLE for one in results)
        assert 0.05 <= loop.time() - began < 0.3
        # PING is answered, so the link comes back; until then it fails at once.
        speaks.set()
        async with asyncio.timeout(5):
            while True:
                with contextlib.suppress(Fault):
                    assert await link.quick.call("X") == "here"
                    break
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("nonsense", [b"?what\r\n", b":1\r\n:2\r\n:3\r\n"], ids=["no protocol", "more than asked"])
async def test_nonsense_ends_the_connection_and_not_the_link(nonsense: bytes) -> None:
    async def answer(number: int) -> bytes:
        return nonsense if number == 1 else b"+sense\r\n"

    async with fake_server(answer) as url, open_link(url) as link:
        first = await asyncio.gather(link.quick.call("X"), return_exceptions=True)
        assert first == [1] or isinstance(first[0], Fault)
        assert await link.quick.call("X") == "sense"


async def test_a_lost_connection_fails_what_was_sent_and_serves_what_comes() -> None:
    async def answer(number: int) -> bytes:
        return b"" if number == 1 else b":%d\r\n" % number

    async with fake_server(answer) as url, open_link(url) as link:
        assert await reason_of(link.quick.call("X")) is Reason.UNAVAILABLE
        assert await link.quick.call("X") == 2, "sent once: what was lost is not sent again from here"


@pytest.mark.parametrize("word", ["LOADING", "OOM", "CLUSTERDOWN", "BUSY"])
async def test_a_store_that_cannot_now_is_away_not_broken(word: str) -> None:
    async def answer(number: int) -> bytes:
        return f"-{word} not now\r\n".encode()

    async with fake_server(answer) as url, open_link(url) as link:
        assert await reason_of(link.quick.call("X")) is Reason.UNAVAILABLE


async def test_nobody_there_is_said_at_once_and_not_for_ever() -> None:
    async with open_link("redis://127.0.0.1:1/0", budget=0.2) as link:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(20):
            assert await reason_of(link.quick.call("X")) is Reason.UNAVAILABLE
        assert loop.time() - began < 0.5


def test_urls_are_read() -> None:
    plain = read_url("redis://ada:b%40d@kitchen:7000/3")
    assert (plain.kind, plain.seeds, plain.db) == ("", (("kitchen", 7000),), 3)
    assert (plain.username, plain.password, plain.tls) == ("ada", "b@d", None)
    watched = read_url("redis+sentinel://:pw@one:1,two/oven/2")
    assert (watched.seeds, watched.service, watched.db) == ((("one", 1), ("two", 26379)), "oven", 2)
    assert (watched.username, watched.password) == ("", "pw")
    assert read_url("redis+sentinel://one/oven").service == "oven"
    assert read_url("redis+cluster://one:1,two").seeds == (("one", 1), ("two", 6379))
    socket = read_url("unix:///run/valkey.sock?db=4")
    assert (socket.path, socket.db, socket.seeds) == ("/run/valkey.sock", 4, ())
    assert read_url("redis://[::1]:7000").seeds == (("::1", 7000),)
    assert read_url("redis://[::1]").seeds == (("::1", 6379),)
    strict, loose = read_url("rediss://one").tls, read_url("rediss://one?ssl_cert_reqs=none").tls
    assert strict and strict.check_hostname
    assert loose and not loose.check_hostname


@pytest.mark.parametrize(
    "url",
    [
        "http://one",
        "redis+ring://one",
        "redis+sentinel://:secret@one",
        "redis://:secret@one/x",
        "redis+cluster://:secret@one/1",
    ],
)
def test_wrong_urls_are_named_without_their_password(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_url(url)
    assert "REDIS_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
