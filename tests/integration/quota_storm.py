"""Many clients at two replicas of the desk that are killed at random: do the books balance to the unit?

    python -m tests.integration.quota_storm --clients 64 --operations 10000

Each client does what edges do, in random order and again when no answer came: reserves, takes places, extends,
gives turns back, frees slots, commits, refunds. Ovens report all the while. At random moments a replica is killed
(SIGKILL) and started anew. In the end every job is brought to its end, and what the clients were told is held
against the books, every account's window, and a recount of all counters.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf.duration_pb2 import Duration
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc, quota_pb2, quota_pb2_grpc
from services.local_mesh.store import start_store
from services.quota.policy_file import load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.quota.surge import Level
from services.runtime.pipelined import PipelinedLink
from tests.integration.desk_process import DeskProcess

ACCOUNTS = 40
MODELS = ("crumb", "brioche")
KILL_EVERY = (1.0, 4.0)
"""Seconds between two kills, uniform."""
GIVE_UP = 30.0
"""Seconds in which an operation must get an answer, whatever dies."""
MOST_JOBS = 30
"""Jobs a client has at once."""
POLICY = """
max_attempts = 3
max_cost = 10
default_tier = "free"
[times]
lease = 30
heartbeat = 1
silence = 3
keep_final = 48
keep_request = 24
[[tier]]
name = "free"
weight = 1
live = 10_000
line = 100_000
window = [{ name = "daily", limit = 1_000_000_000, period = "1d", calendar = true }]
rolling = [{ name = "work", limit = 1_000_000_000, period = "24h", counts = "work" }]
[[tier]]
name = "paid"
weight = 4
live = 10_000
line = 100_000
overcommit = 50
window = [{ name = "daily", limit = 1_000_000_000, period = "1d", calendar = true }]
"""
STATE = quota_pb2
FINAL = {STATE.RESERVATION_STATE_COMMITTED, STATE.RESERVATION_STATE_REFUNDED}
RETRIED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED}

Stub = quota_pb2_grpc.QuotaServiceStub


@dataclass
class Desks:
    """The replicas, and a stub to each."""

    processes: Sequence[DeskProcess]
    stubs: Sequence[Stub]
    dice: random.Random
    over: asyncio.Event = field(default_factory=asyncio.Event)
    kills: int = 0
    retries: int = 0

    async def ask(self, call: Callable[[Stub], Awaitable[object]]) -> object:
        """The answer of some replica; another is asked while one does not answer. Raises TimeoutError."""
        async with asyncio.timeout(GIVE_UP):
            while True:
                try:
                    return await call(self.dice.choice(self.stubs))
                except grpc.aio.AioRpcError as error:
                    if error.code() not in RETRIED:
                        raise
                    self.retries += 1
                await asyncio.sleep(0.02)

    async def kill_at_random(self) -> None:
        """Until it is over; a replica that is being started is waited for."""
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.dice.uniform(*KILL_EVERY)):
                    await self.over.wait()
                return
            victim = self.dice.choice(self.processes)
            victim.kill()
            self.kills += 1
            await victim.start()

    async def report(self) -> None:
        """Four ovens report, until it is over."""
        ovens = [
            quota_pb2.HeartbeatRequest(
                generator_id=f"oven-{number}", address=f"127.0.0.1:{6_000 + number}", models=models, slots=40,
                picture_time=Duration(nanos=50_000_000),
            )
            for number, models in enumerate((MODELS, MODELS, MODELS[:1], MODELS[1:]))
        ]  # fmt: skip
        while not self.over.is_set():
            for oven in ovens:
                await self.ask(lambda stub, oven=oven: stub.Heartbeat(oven, timeout=2))
            await asyncio.sleep(0.4)


@dataclass
class Client:
    """One edge. `charged` is what it was told of the pictures of its accounts."""

    desks: Desks
    number: int
    dice: random.Random
    jobs: dict[str, quota_pb2.ReserveRequest] = field(default_factory=dict)
    charged: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    made: int = 0
    done: int = 0

    async def operate(self) -> None:
        """One operation at random."""
        self.done += 1
        if len(self.jobs) < 3 or (len(self.jobs) < MOST_JOBS and self.dice.random() < 0.25):
            await self._reserve()
            return
        id = self.dice.choice(list(self.jobs))
        step = self.dice.choices(
            (self._enqueue, self._extend, self._turn, self._refund), weights=(0.35, 0.1, 0.5, 0.05)
        )[0]
        await step(id)

    async def finish(self) -> None:
        """Every job to its end."""
        for id in list(self.jobs):
            await self._refund(id)

    async def _reserve(self) -> None:
        self.made += 1
        account, cost = f"account-{self.dice.randrange(ACCOUNTS)}", self.dice.choice((1, 1, 2, 4))
        request = quota_pb2.ReserveRequest(
            id=f"{self.number:06d}{self.made:020d}", account_id=account, cost=cost, model=self.dice.choice(MODELS),
            work=cost * self.dice.choice((250, 1_000, 1_501)), ttl=Duration(seconds=600),
        )  # fmt: skip
        answer = await self.desks.ask(lambda stub: stub.Reserve(request, timeout=2))
        assert answer.WhichOneof("outcome") == "reservation", answer
        self.jobs[request.id] = request
        if self.dice.random() < 0.1:
            again = await self.desks.ask(lambda stub: stub.Reserve(request, timeout=2))
            assert again.reservation.id == request.id

    async def _enqueue(self, id: str) -> None:
        await self.desks.ask(lambda stub: stub.Enqueue(quota_pb2.EnqueueRequest(id=id), timeout=2))

    async def _extend(self, id: str) -> None:
        request = quota_pb2.ExtendRequest(ids=[id], ttl=Duration(seconds=600))
        await self.desks.ask(lambda stub: stub.Extend(request, timeout=2))

    async def _turn(self, id: str) -> None:
        """Looks whether the job's turn has come, and does with it what edges do."""
        read = quota_pb2.GetReservationRequest(id=id)
        seen = (await self.desks.ask(lambda stub: stub.GetReservation(read, timeout=2))).reservation
        if seen.state in FINAL:
            self._settle(seen)
            return
        if seen.state != STATE.RESERVATION_STATE_RUNNING:
            return
        move = self.dice.random()
        if move < 0.15:
            back = quota_pb2.ReturnTurnRequest(id=id, attempt=seen.attempts, untried=move < 0.05)
            await self.desks.ask(lambda stub: stub.ReturnTurn(back, timeout=2))
            return
        if move < 0.6:
            release = quota_pb2.ReleaseSlotsRequest(id=id, attempt=seen.attempts)
            await self.desks.ask(lambda stub: stub.ReleaseSlots(release, timeout=2))
        commit = quota_pb2.CommitRequest(id=id, actual=self.dice.randint(1, self.jobs[id].cost))
        self._settle((await self.desks.ask(lambda stub: stub.Commit(commit, timeout=2))).reservation)

    async def _refund(self, id: str) -> None:
        request = quota_pb2.RefundRequest(id=id, reason=quota_pb2.REFUND_REASON_CANCELLED)
        self._settle((await self.desks.ask(lambda stub: stub.Refund(request, timeout=2))).reservation)

    def _settle(self, ended: quota_pb2.Reservation) -> None:
        """What it was told of a job that is at its end."""
        assert ended.state in FINAL
        request = self.jobs.pop(ended.id)
        self.charged[request.account_id] += ended.charged
        self.ended[STATE.ReservationState.Name(ended.state)] += 1


async def storm(clients: int, operations: int, seed: int, told: Callable[[int], None]) -> tuple[str, list[str]]:
    """What was done, and what is wrong with it, one sentence each. `told` hears of operations done."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policy = folder / "policy.toml"
        policy.write_text(POLICY, encoding="utf-8")
        store = start_store(folder / "store")
        processes = [DeskProcess(store.url, {"FOURNIL_POLICY": str(policy)}) for _ in range(2)]
        try:
            await asyncio.gather(*(process.start() for process in processes))
            async with AsyncExitStack() as stack:
                options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]
                channels = [
                    await stack.enter_async_context(grpc.aio.insecure_channel(one.target, options=options))
                    for one in processes
                ]
                desks = Desks(processes, [Stub(channel) for channel in channels], dice)
                await _open_accounts(channels[0])
                done, ended, charged = await _run(desks, clients, operations, told)
                return done, await _audit(store.url, policy, ended, charged)
        finally:
            for process in processes:
                process.stop()
            store.stop()


async def _open_accounts(channel: grpc.aio.Channel) -> None:
    admin = admin_pb2_grpc.QuotaAdminServiceStub(channel)
    for number in range(ACCOUNTS):
        tier = "paid" if number % 4 == 0 else "free"
        request = admin_pb2.CreateKeyRequest(account_id=f"account-{number}", tier=tier, reason="storm")
        await admin.CreateKey(request, timeout=10)


async def _run(
    desks: Desks, clients: int, operations: int, told: Callable[[int], None]
) -> tuple[str, int, Counter[str]]:
    """What was done, jobs that ended, and pictures charged by account."""
    crowd = [Client(desks, number, random.Random(desks.dice.random())) for number in range(clients)]

    async def live(client: Client) -> None:
        while client.done < operations:
            await client.operate()
            told(1)
        await client.finish()

    began = time.monotonic()
    trouble = [asyncio.create_task(desks.kill_at_random()), asyncio.create_task(desks.report())]
    try:
        await asyncio.gather(*(live(client) for client in crowd))
    finally:
        desks.over.set()
        await asyncio.gather(*trouble)
    seconds = time.monotonic() - began
    ended = sum((client.ended for client in crowd), Counter())
    charged = sum((client.charged for client in crowd), Counter())
    done = (
        f"{clients} clients x {operations} operations, {seconds:.0f} s: {ended.total()} jobs, {dict(ended)}, "
        f"{charged.total()} pictures charged; {desks.kills} replicas killed, {desks.retries} calls asked again"
    )
    return done, ended.total(), charged


async def _audit(url: str, policy: Path, jobs: int, charged: Counter[str]) -> list[str]:
    """What the store says against what the clients were told."""
    link = PipelinedLink(url, tag=TAG)
    store = RedisStore(link, load_policy(policy))
    try:
        wrong, books = await store.discrepancies(), await store.books()
        if not books.balanced:
            wrong.append(f"the books do not balance: {books}")
        if (books.issued, books.live) != (jobs, 0):
            wrong.append(f"{books.issued} issued and {books.live} live, of {jobs}")
        if books.committed_pictures != charged.total():
            wrong.append(f"{books.committed_pictures} pictures committed, {charged.total()} told")
        for number in range(ACCOUNTS):
            account = f"account-{number}"
            daily = (await store.allowance(account, Level.NORMAL))[1][0]
            if (daily.used, daily.held) != (charged[account], 0):
                wrong.append(f"{account}: {daily.used} used and {daily.held} held, {charged[account]} told")
        return wrong
    finally:
        await link.close()


def main() -> int:
    """0 when nothing is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--operations", type=int, default=10_000, help="of each client")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with Progress(
        *Progress.get_default_columns()[:1], BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    ) as bar:
        task = bar.add_task("operations", total=arguments.clients * arguments.operations)
        done, wrong = asyncio.run(
            storm(arguments.clients, arguments.operations, arguments.seed, lambda count: bar.advance(task, count))
        )
    print("\n".join([done, *wrong]) if wrong else f"{done}\neverything balances to the unit")  # noqa: T201
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
