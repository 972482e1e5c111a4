"""The first answer to a new job: what the desk refuses costs no walk, what it takes is walked and told."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from services.edge import conductor as conducting
from services.edge.conductor import Conductor
from services.edge.job import Job, State
from services.edge.peers import Reservation
from services.runtime.errors import Fault, Reason
from tests.unit.edge.fake_mesh import FakeMesh, a_job

PATIENCE = 5.0


class Telling(FakeMesh):
    """Tells its conductor what happens, as the diary does."""

    conductor: Conductor

    async def _tell(self, event: str) -> None:
        await super()._tell(event)
        self.conductor.told(a_job().id, event.split(maxsplit=1)[0])

    async def work_entry(self, job_id: str) -> str:
        return "1-0" if self.accepted else ""


def started(**changes: Any) -> tuple[Conductor, Telling]:
    fake = Telling(**changes)
    diary: Any = fake
    fake.conductor = Conductor(fake.mesh(), diary, fake)
    return fake.conductor, fake


async def test_what_the_desk_takes_is_walked_and_the_desk_is_asked_once() -> None:
    conductor, fake = started()
    await conductor.start(a_job(), patience=PATIENCE)
    for _ in range(100):
        await asyncio.sleep(0)
    assert (fake.state, fake.ended, fake.count["reserve"]) == (State.COMMITTED, ["completed"], 1)


async def test_what_the_desk_refuses_starts_no_task_and_leaves_nothing_for_the_collector() -> None:
    conductor, _ = started(faults={"reserve": [Fault(Reason.ALLOWANCE_SPENT, "spent")]})
    tasks = asyncio.all_tasks()
    gc.disable()
    try:
        with pytest.raises(Fault) as caught:
            await conductor.start(a_job(), patience=PATIENCE)
        assert caught.value.reason is Reason.ALLOWANCE_SPENT and asyncio.all_tasks() == tasks
        told = weakref.ref(caught.value)
        del caught
        assert told() is None, "in a surge, garbage in cycles is a tenth of the edge's CPU"
    finally:
        gc.enable()


async def test_a_desk_that_does_not_answer_in_time_is_unavailable() -> None:
    conductor, _ = started(faults={"reserve": [Fault(Reason.DEADLINE_EXCEEDED, "quota does not answer")]})
    with pytest.raises(Fault) as caught:
        await conductor.start(a_job(), patience=PATIENCE)
    assert (caught.value.reason, caught.value.retry_after) == (Reason.UNAVAILABLE, 1.0)


async def test_calls_that_wait_for_the_desk_count_as_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conducting, "MOST_WALKS", 1)
    conductor, fake = started()
    open_desk = asyncio.Event()

    async def slow(job: Job, *, validate_only: bool = False) -> Reservation:
        await open_desk.wait()
        return await FakeMesh.reserve(fake, job)

    monkeypatch.setattr(fake, "reserve", slow)
    first = asyncio.create_task(conductor.start(a_job(), patience=PATIENCE))
    await asyncio.sleep(0)
    with pytest.raises(Fault) as caught:
        await conductor.start(a_job(), patience=PATIENCE)
    assert caught.value.reason is Reason.OVERLOADED
    open_desk.set()
    await first
