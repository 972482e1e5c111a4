"""kill -9 of every part while jobs wait and run: each accepted job ends, drawn or refunded, none charged twice."""

import asyncio
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from fournil.client import Fournil, FournilError
from fournil.edge.v1 import edge_pb2
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.runtime.pipelined import PipelinedLink
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e

ENDED = {edge_pb2.JOB_STATE_COMMITTED, edge_pb2.JOB_STATE_REFUNDED}
PATIENCE = 150.0


@dataclass
class Watched:
    """What one reader saw of one job, across restarts of the edge."""

    job_id: str
    event_ids: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


def watch(client: Fournil, job_id: str, running: threading.Event) -> Watched:
    """Reads a job's events to the end, reconnecting like a patient user."""
    seen, limit = Watched(job_id), time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        try:
            for event in client.watch(job_id):
                if event.event_id not in seen.event_ids:
                    seen.event_ids.append(event.event_id)
                    seen.kinds.append(str(event.WhichOneof("event")))
                if seen.kinds[-1] == "step":
                    running.set()
            return seen
        except FournilError as error:
            assert error.reason in {"UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "CANCELLED"}, error.reason
            time.sleep(0.3)
    raise AssertionError(f"job {job_id} did not end: {seen.kinds[-3:]}")


def kill(mesh: SupervisedMesh, part: str) -> None:
    """kill -9, as the kernel would."""
    if part == "store":
        assert mesh.local.store is not None
        process = mesh.local.store.process
    else:
        child = mesh.local.children[part].process
        assert child is not None
        process = child
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)


@pytest.mark.parametrize("part", ["generator", "edge", "moderator", "quota", "store"])
def test_killing_a_part_loses_no_job_and_charges_none_twice(mortal_mesh: SupervisedMesh, part: str) -> None:
    key = mortal_mesh.new_key("paid")
    with mortal_mesh.client(key) as client, ThreadPoolExecutor(8) as pool:
        jobs = [client.draw(f"a boat, number {number}", count=2, steps=80) for number in range(6)]
        running = threading.Event()
        readers = [pool.submit(watch, client, job.id, running) for job in jobs]
        assert running.wait(60), "a job is in the oven"
        kill(mortal_mesh, part)
        seen = [reader.result(PATIENCE) for reader in readers]
        ended = [settled(client, job.id) for job in jobs]
        assert all(job.state in ENDED for job in ended)
        assert all(job.state == edge_pb2.JOB_STATE_COMMITTED for job in ended), "one death costs no job at all"
        for reader in seen:
            assert sum(kind in {"completed", "failed"} for kind in reader.kinds) == 1
            assert len(set(reader.event_ids)) == len(reader.event_ids)
        for job in ended:
            assert job.charged == 2
            assert all(client.image(job.id, index)[:4] == b"\x89PNG" for index in range(2))
        left = client.allowance()
        assert (left.used, left.held, left.live) == (sum(job.charged for job in ended), 0, 0)
    assert asyncio.run(discrepancies(mortal_mesh)) == []


async def discrepancies(mesh: SupervisedMesh) -> list[str]:
    """What is off when every counter of the desk is counted again from the reservations themselves."""
    link = PipelinedLink(mesh.local.redis_url, tag=TAG, budget=2.0)
    try:
        store = RedisStore(link, load_policy(BUNDLED))
        books = await store.books()
        assert books.balanced and books.issued > 0
        return await store.discrepancies()
    finally:
        await link.close()


def settled(client: Fournil, job_id: str) -> edge_pb2.Job:
    """The job, asked until whatever was killed answers again."""
    limit = time.monotonic() + 60
    while True:
        try:
            return client.job(job_id)
        except FournilError as error:
            if time.monotonic() > limit or error.reason == "NOT_FOUND":
                raise
            time.sleep(0.3)


def test_a_job_whose_ovens_keep_dying_fails_and_costs_nothing(mortal_mesh: SupervisedMesh) -> None:
    with mortal_mesh.client(mortal_mesh.new_key("free"), "fr") as client:
        job = client.draw("un arbre", steps=100, count=3)
        turns, doomed = 0, False
        for event in client.watch(job.id):
            if event.WhichOneof("event") == "started":
                turns, doomed = turns + 1, True
            elif event.WhichOneof("event") == "step" and doomed:
                kill(mortal_mesh, "generator")
                doomed = False
        ended = client.job(job.id)
        assert ended.state == edge_pb2.JOB_STATE_REFUNDED and ended.failure.reason == "JOB_FAILED"
        assert turns == 3 and "rien n’a été compté" in ended.failure.message
        left = client.allowance()
        assert (left.used, left.held, left.live) == (0, 0, 0)


def test_ctrl_c_loses_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("again")
    first = SupervisedMesh(folder)
    try:
        first.start()
        key = first.new_key("paid")
        with first.client(key) as client:
            jobs = [client.draw("a boat", count=2, steps=100).id for _ in range(4)]
    finally:
        first.stop()
    second = SupervisedMesh(folder)
    try:
        second.start()
        assert second.local.keys == first.local.keys, "the demo keys go on"
        with second.client(key) as client:
            for job_id in jobs:
                list(client.watch(job_id))
                assert client.job(job_id).state == edge_pb2.JOB_STATE_COMMITTED
            left = client.allowance()
            assert (left.used, left.held, left.live) == (8, 0, 0)
    finally:
        second.stop()
