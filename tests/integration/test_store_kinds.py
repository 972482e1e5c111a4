"""Both links over a socket, with a password and a database, by Sentinel and in a Cluster."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from services.local_mesh.ports import free_port
from services.local_mesh.store import find_binary
from services.quota.office import Holder
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.quota.reservation import RefundReason, State
from services.quota.store import Ask
from services.runtime.errors import Fault, Reason
from services.runtime.pipelined import PipelinedLink
from services.runtime.redis_link import RedisLink

SERVICE = "oven"
Server = subprocess.Popen[bytes]


@contextmanager
def server(folder: Path, *arguments: str, port: int = 0) -> Iterator[tuple[int, Server]]:
    """A server with its own arguments; its port, and its process to be killed."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    command = [find_binary(), *arguments, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield port, process
    finally:
        process.kill()
        process.wait(10)


def client(port: int, **more: Any) -> "redis.Redis":
    return redis.Redis(port=port, decode_responses=True, **more)


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    limit = time.monotonic() + seconds
    while True:
        try:
            if true():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < limit
        time.sleep(0.02)


@asynccontextmanager
async def links(url: str, tag: str = TAG) -> AsyncIterator[tuple[PipelinedLink, RedisLink]]:
    fast, pooled = PipelinedLink(url, tag=tag, budget=0.5), RedisLink(url)
    try:
        yield fast, pooled
    finally:
        await fast.close()
        await pooled.close()


async def both_work(url: str) -> None:
    """What one writes the other reads."""
    async with links(url) as (fast, pooled):
        assert await fast.quick.call("SET", f"{TAG}:cake", "crêpe") == "OK"
        assert await pooled.do(lambda: pooled.text.get(f"{TAG}:cake")) == "crêpe"
        script = fast.script("return redis.call('GET', KEYS[1])")
        assert await script([f"{TAG}:cake"], []) == "crêpe"


async def test_a_password_a_database_and_a_socket(tmp_path: Path) -> None:
    socket = str(tmp_path / "s")
    with (
        server(tmp_path, "--requirepass", "p@ss", "--unixsocket", socket) as (port, _),
        client(port, password="p@ss") as raw,
    ):
        until(raw.ping)
        await both_work(f"redis://:p%40ss@127.0.0.1:{port}/3")
        assert raw.info("keyspace").keys() == {"db3"}
        async with links(f"redis://127.0.0.1:{port}/3") as (fast, _), asyncio.timeout(5):
            with pytest.raises(Fault) as caught:
                await fast.quick.call("GET", "x")
            assert caught.value.reason is Reason.UNAVAILABLE
    with server(tmp_path, "--unixsocket", socket) as (port, _), client(port) as raw:
        until(raw.ping)
        await both_work(f"unix://{socket}")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Two nodes; the second owns the slots from 8,192 on."""
    with ExitStack() as stack:
        ports = []
        for name in ("one", "two"):
            port, _ = stack.enter_context(
                server(tmp_path / name, "--cluster-enabled", "yes", "--cluster-port", str(free_port()))
            )
            ports.append(port)
        one, two = (stack.enter_context(client(port)) for port in ports)
        until(one.ping)
        until(two.ping)
        one.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
        two.execute_command("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
        bus = two.config_get("cluster-port")["cluster-port"]
        one.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[1], bus)
        for node in (one, two):
            until(lambda node=node: node.cluster("info")["cluster_state"] == "ok")
            until(lambda node=node: len(node.execute_command("CLUSTER", "SLOTS")) == 2)
        yield ports[0], ports[1]


async def test_a_cluster_is_asked_at_the_node_that_owns_the_slot(cluster: tuple[int, int]) -> None:
    # The first seed is not there, and is not asked twice.
    url = f"redis+cluster://127.0.0.1:1,127.0.0.1:{cluster[0]}"
    await both_work(url)
    with client(cluster[0]) as one, client(cluster[1]) as two:
        slot = one.cluster("keyslot", f"{TAG}:cake")
        source, target = (one, two) if slot < 8192 else (two, one)
        new_owner = target.cluster("myid")
        async with links(url) as (fast, _):
            assert await fast.quick.call("GET", f"{TAG}:cake") == "crêpe"
            source.delete(f"{TAG}:cake")
            for node in (target, source):
                node.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new_owner)
            # The node that is asked now says MOVED, and the call goes on where it says.
            assert await fast.quick.call("SET", f"{TAG}:cake", "tarte") == "OK"
            assert target.get(f"{TAG}:cake") == "tarte"


async def test_every_script_of_the_desk_stays_in_one_slot(cluster: tuple[int, int]) -> None:
    async with links(f"redis+cluster://127.0.0.1:{cluster[1]}") as (fast, _):
        store = RedisStore(fast, load_policy(BUNDLED))
        await store.create_key("digest", Holder("ada", "paid", "key_ada", False), "a test")
        await store.reserve(ask(1))
        await store.enqueue(ask(1).id, 60.0)
        assert (await store.refund(ask(1).id, RefundReason.CANCELLED)).state is State.REFUNDED
        assert await store.discrepancies() == []


def ask(number: int) -> Ask:
    return Ask(f"{number:026d}", "ada", 1, "crumb", 60.0, work=1000)


async def test_a_failover_loses_nothing_that_the_replica_had(tmp_path: Path) -> None:
    """Replication is asynchronous: what the master took in its last moments may be lost with it. `WAIT` tells what
    a replica has; that must still be there."""
    with ExitStack() as stack:
        master, process = stack.enter_context(server(tmp_path / "master", "--appendonly", "yes"))
        replica, _ = stack.enter_context(server(tmp_path / "replica", "--replicaof", f"127.0.0.1 {master}"))
        raw = stack.enter_context(client(master))
        until(lambda: raw.info("replication").get("slave0", {}).get("state") == "online")
        sentinels = []
        for name in ("a", "b"):
            conf = tmp_path / f"{name}.conf"
            conf.write_text(
                f"sentinel monitor {SERVICE} 127.0.0.1 {master} 2\n"
                f"sentinel down-after-milliseconds {SERVICE} 500\n"
                f"sentinel failover-timeout {SERVICE} 3000\n",
                encoding="utf-8",
            )
            port, _ = stack.enter_context(server(tmp_path / name, str(conf), "--sentinel"))
            watcher = stack.enter_context(client(port))
            until(watcher.ping)
            sentinels.append(port)
        for port in sentinels:
            watcher = stack.enter_context(client(port))
            until(lambda watcher=watcher: watcher.sentinel_masters()[SERVICE]["num-other-sentinels"] == 1)
            until(lambda watcher=watcher: watcher.sentinel_masters()[SERVICE]["num-slaves"] == 1)
        url = f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in sentinels)}/{SERVICE}"
        await both_work(url)
        async with links(url) as (fast, _):
            store = RedisStore(fast, load_policy(BUNDLED))
            await store.create_key("digest", Holder("ada", "paid", "key_ada", False), "a test")
            for number in range(5):
                assert (await store.reserve(ask(number))).reservation
            await store.refund(ask(0).id, RefundReason.CANCELLED)
            assert raw.wait(1, 5_000) == 1
            process.kill()
            process.wait(10)
            async with asyncio.timeout(20):
                while True:
                    try:
                        first = await store.reserve(ask(1))
                        break
                    except Fault as fault:
                        assert fault.reason is Reason.UNAVAILABLE, fault
                        await asyncio.sleep(0.05)
            assert first.repeated, "the new master knows it"
            standings = await store.standings([ask(number).id for number in range(5)])
            states = [standings[ask(number).id].reservation.state for number in range(5)]
            assert states == [State.REFUNDED] + [State.HELD] * 4
            assert (await store.reserve(ask(9))).reservation
            assert await store.discrepancies() == []
        await both_work(url)
        with client(replica) as new:
            assert new.role()[0] == "master"
