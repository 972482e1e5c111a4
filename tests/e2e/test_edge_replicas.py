"""Two replicas of the edge, 200 jobs in flight, one replica killed with kill -9: every job ends once and is
charged once, and every watcher, sent on to the other replica, sees every event, in order, none twice."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import SupervisedMesh
from tests.e2e.test_killing import discrepancies

pytestmark = pytest.mark.e2e

JOBS, ACCOUNTS, STEPS = 200, 25, 2
PATIENCE = 200.0
BEFORE_THE_KILL = 15
"""Jobs that have ended by then: some are baking, most are in line."""


@pytest.fixture
def second(mortal_mesh: SupervisedMesh) -> Iterator[str]:
    """Where the other replica serves."""
    with mortal_mesh.second_edge() as page:
        yield page


@dataclass
class Watched:
    """What one watcher saw."""

    ids: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    moves: int = 0

    @property
    def ended(self) -> bool:
        return bool(self.kinds) and self.kinds[-1] in {"completed", "failed"}


async def order(web: httpx.AsyncClient, pages: list[str], key: str, number: int) -> str:
    """Asks one replica, then the other, with one idempotency key, until one takes it."""
    headers = {"authorization": f"Bearer {key}", "idempotency-key": f"job-{number}"}
    body = {"prompt": f"a boat, number {number}", "steps": STEPS, "previews": 0}
    limit, turn = time.monotonic() + PATIENCE, number
    while time.monotonic() < limit:
        turn += 1
        try:
            answer = await web.post(f"{pages[turn % 2]}/v1/jobs", json=body, headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(0.2)
            continue
        if answer.status_code == 202:
            return str(answer.json()["id"])
        assert answer.status_code in {429, 503}, answer.text
        await asyncio.sleep(0.3)
    raise AssertionError("nobody took it")


async def watch(web: httpx.AsyncClient, pages: list[str], key: str, job_id: str, at: int) -> Watched:
    """Reads a job's events to the end; when its replica goes away it goes on at the other."""
    seen, limit = Watched(), time.monotonic() + PATIENCE
    while not seen.ended and time.monotonic() < limit:
        headers = {"authorization": f"Bearer {key}"}
        if seen.ids:
            headers["last-event-id"] = seen.ids[-1]
        try:
            async with web.stream("GET", f"{pages[at % 2]}/v1/jobs/{job_id}/events", headers=headers) as answer:
                if answer.status_code == 200:
                    await read(answer, seen)
        except httpx.TransportError:
            pass
        if not seen.ended:
            at += 1
            seen.moves += 1
            await asyncio.sleep(0.1)
    return seen


async def read(answer: httpx.Response, seen: Watched) -> None:
    """Whole events only: one that was cut is asked for again."""
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line and not line.startswith(":"):
            event[name] = value
        elif not line and "data" in event:
            seen.ids.append(event["id"])
            seen.kinds.append(event["event"])
            event = {}


async def run(mesh: SupervisedMesh, second: str, keys: list[str]) -> tuple[list[str], list[Watched]]:
    pages = [mesh.local.page, second]
    limits = httpx.Limits(max_connections=3 * JOBS)
    async with httpx.AsyncClient(timeout=httpx.Timeout(30, read=30), limits=limits) as web:

        async def one(number: int) -> tuple[str, Watched]:
            key = keys[number % ACCOUNTS]
            job_id = await order(web, pages, key, number)
            return job_id, await watch(web, pages, key, job_id, number)

        tasks = [asyncio.create_task(one(number)) for number in range(JOBS)]
        ended = asyncio.Semaphore(0)
        for task in tasks:
            task.add_done_callback(lambda _: ended.release())
        for _ in range(BEFORE_THE_KILL):
            await asyncio.wait_for(ended.acquire(), PATIENCE)
        assert sum(task.done() for task in tasks) < JOBS / 2, "most are in flight"
        process = mesh.local.children["edge"].process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        done = await asyncio.wait_for(asyncio.gather(*tasks), 2 * PATIENCE)
    return [job_id for job_id, _ in done], [seen for _, seen in done]


def test_a_killed_edge_loses_no_job_and_no_event(mortal_mesh: SupervisedMesh, second: str) -> None:
    keys = [mortal_mesh.new_key("paid") for _ in range(ACCOUNTS)]
    ids, watched = asyncio.run(run(mortal_mesh, second, keys))
    assert len(set(ids)) == JOBS
    assert sum(seen.moves > 0 for seen in watched) >= JOBS / 10, "watchers were sent on"
    with httpx.Client(base_url=second, timeout=30) as web:
        for number, (job_id, seen) in enumerate(zip(ids, watched, strict=True)):
            headers = {"authorization": f"Bearer {keys[number % ACCOUNTS]}"}
            job: dict[str, Any] = web.get(f"/v1/jobs/{job_id}", headers=headers).json()
            assert (job["state"], job["charged"], len(job["images"])) == ("committed", 1, 1)
            log = web.get(f"/v1/jobs/{job_id}/events", headers=headers).text
            assert seen.ids == re.findall(r"^id: (\S+)$", log, re.MULTILINE), "every event, in order, none twice"
            assert sum(kind in {"completed", "failed"} for kind in seen.kinds) == 1
        for number, key in enumerate(keys):
            left = web.get("/v1/me/allowance", headers={"authorization": f"Bearer {key}"}).json()
            mine = len(range(number, JOBS, ACCOUNTS))
            assert (left["used"], left["held"], left["live"]) == (mine, 0, 0)
    assert asyncio.run(discrepancies(mortal_mesh)) == []
