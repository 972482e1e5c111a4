"""Walks jobs: those accepted here, and those whose edge went away.

Each walk is a task. Every few seconds the conductor renews its leases and its jobs' reservations, stops walks
whose lease another edge took or whose reservation ended, and adopts jobs whose lease grew old. At shutdown it
offers its jobs to the others at once instead of letting them wait for the lease to grow old.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from prometheus_client import Counter, Gauge

from services.edge.diary import RedisDiary
from services.edge.job import NOTHING, Job, Sent
from services.edge.peers import Quota, Reservation
from services.edge.walk import Mesh, walk
from services.runtime import call_context
from services.runtime.errors import Fault, Reason

log = logging.getLogger("fournil.conductor")

RENEW_SECONDS = 3.0
LEASE_MS = 12_000
ADOPT_AT_ONCE = 100
MOST_WALKS = 20_000

WALKS = Gauge("fournil_edge_walks", "Jobs this edge is walking.")
ADOPTED = Counter("fournil_edge_adopted_total", "Jobs taken over from another edge.")


class Conductor:
    """Owns the walks of one edge process."""

    def __init__(self, mesh: Mesh, diary: RedisDiary, quota: Quota) -> None:
        self._mesh = mesh
        self._diary = diary
        self._quota = quota
        self._walks: dict[str, asyncio.Task[None]] = {}
        self._entries: dict[str, str] = {}
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._sent: dict[str, Sent] = {}
        """With jobs whose walks have not stored it yet."""
        self._reserving = 0
        """Calls that wait for the desk's word; each may become a walk."""
        self._stopping = False
        WALKS.set_function(lambda: len(self._walks))

    def told(self, job_id: str, kind: str) -> None:
        """The diary's callback: a place in line or an end is the first answer to whoever asked."""
        answer = self._answers.get(job_id)
        if answer is not None and not answer.done() and kind in {"queued", "started", "completed", "failed"}:
            answer.set_result(None)

    async def start(
        self, job: Job, *, patience: float, sent: Sent = NOTHING, call: Callable[[], str] | None = None
    ) -> None:
        """Walks a new job, over what was sent with it if anything was, and returns at its first answer, or after
        `patience` seconds when it is accepted but not answered yet. Raises what the desk raised when it was not
        accepted. `call` makes the name of the call that is held for it; what the desk refuses needs none."""
        until = time.monotonic() + patience
        held = await self._reserved(job)
        if call is not None:
            job = replace(job, call=call())
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers[job.id] = answer
        if sent != NOTHING:
            self._sent[job.id] = sent
        task = self._spawn(job, held)
        try:
            left = max(0.0, until - time.monotonic())
            await asyncio.wait({task, answer}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            elif not answer.done() and not await self._accepted(job.id):
                task.cancel()
                raise _not_in_time()
        finally:
            self._answers.pop(job.id, None)

    def stop_walking(self, job_id: str) -> None:
        """Stops a walk here; used when its job was cancelled at the desk."""
        if task := self._walks.get(job_id):
            task.cancel()

    async def run(self) -> None:
        """Renews and adopts until cancelled. Trouble is waited out: leases outlast several rounds."""
        while True:
            for round_step in (self._renew, self._extend, self._adopt):
                try:
                    await round_step()
                except Fault as fault:
                    log.warning("round skipped", extra={"step": round_step.__name__, "reason": fault.reason})
            await asyncio.sleep(RENEW_SECONDS)

    async def hand_over(self) -> None:
        """Stops every walk and offers its job to the other edges (or to this one's next life)."""
        self._stopping = True
        tasks = list(self._walks.values())
        entries = list(self._entries.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._diary.renew(entries, idle_ms=LEASE_MS + 1)

    async def _reserved(self, job: Job) -> Reservation:
        """The walk's first step, in the task of who asks: in a surge the desk refuses nearly every job, and those
        need no task of their own. Who goes away meanwhile leaves at most a reservation, which expires."""
        if self._stopping or len(self._walks) + self._reserving >= MOST_WALKS:
            raise Fault(Reason.OVERLOADED, "this replica takes no more jobs", retry_after=1.0)
        self._reserving += 1
        try:
            return await self._quota.reserve(job)
        except Fault as fault:
            if fault.reason is Reason.DEADLINE_EXCEEDED:
                raise _not_in_time() from fault
            raise
        finally:
            self._reserving -= 1

    def _spawn(self, job: Job, held: Reservation | None = None) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._walk(job, held), name=f"walk-{job.id}")
        self._walks[job.id] = task
        task.add_done_callback(lambda _: self._forget(job.id))
        return task

    async def _walk(self, job: Job, held: Reservation | None) -> None:
        # The walk outlives the call that asked for it, and so must not inherit its deadline.
        call_context.deadline.set(None)
        await walk(job, self._mesh, self._sent.pop(job.id, NOTHING), held)

    def _forget(self, job_id: str) -> None:
        task = self._walks.pop(job_id, None)
        self._entries.pop(job_id, None)
        self._sent.pop(job_id, None)
        if task is not None and not task.cancelled() and (error := task.exception()) is not None:
            log.debug("not accepted", extra={"job": job_id, "error": type(error).__name__})

    async def _accepted(self, job_id: str) -> bool:
        try:
            return bool(await self._diary.work_entry(job_id))
        except Fault:
            return False

    async def _renew(self) -> None:
        for job_id in [job_id for job_id in self._walks if job_id not in self._entries]:
            if entry := await self._diary.work_entry(job_id):
                self._entries[job_id] = entry
        lost = set(await self._diary.renew(list(self._entries.values())))
        for job_id in [job_id for job_id, entry in self._entries.items() if entry in lost]:
            log.warning("lease lost", extra={"job": job_id})
            self.stop_walking(job_id)

    async def _extend(self) -> None:
        ids = list(self._entries)
        for start in range(0, len(ids), 1_000):
            await self._quota.extend(ids[start : start + 1_000])

    async def _adopt(self) -> None:
        room = min(ADOPT_AT_ONCE, MOST_WALKS - len(self._walks))
        for entry, job_id in await self._diary.adopt(idle_ms=LEASE_MS, count=room):
            if job_id in self._walks:
                continue
            with contextlib.suppress(Fault):
                job = await self._diary.read(job_id)
                log.info("adopted", extra={"job": job_id, "state": job.state})
                ADOPTED.inc()
                self._entries[job_id] = entry
                self._spawn(job)


def _not_in_time() -> Fault:
    return Fault(Reason.UNAVAILABLE, "not accepted in time", retry_after=1.0)
