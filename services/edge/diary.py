"""The durable record of jobs and their events, in Redis.

A job's event log is a stream whose ids are the event ids a reader resumes after. Leases are the pending list
of one work stream (see `lua/accept.lua`): their age runs on the store's clock, so edges need no common time.
"""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from redis.exceptions import ResponseError

from services.edge import job_codec
from services.edge.due import DUE
from services.edge.event_tail import PAGE
from services.edge.held_calls import HELD, HOLD_MS, MOST_OF_A_CALL, REMEMBER_SECONDS, call_key
from services.edge.job import Drawn, Event, Failure, Job, Place, State, Usage
from services.edge.peers import RoughPicture, StepDone
from services.runtime.errors import Fault, Reason
from services.runtime.redis_link import RedisLink

GROUP = "edges"
WORK = "{edge}:work"
NEWS = "{edge}:news"
MOST_EVENTS = 2_000
MOST_NEWS = 10_000
MOST_JOBS_AN_ACCOUNT = 1_000

_LUA = Path(__file__).parent / "lua"

Told = Callable[[str, str], None]
"""Called with (job id, event kind) after an event was written by this process."""


class RedisDiary:
    """Implements `walk.Diary`, and the reading side for the counter and the conductor."""

    def __init__(self, link: RedisLink, consumer: str, told: Told, keep_seconds: float = 7 * 86_400) -> None:
        """`keep_seconds`: how long an ended job is kept."""
        self._link = link
        self._keep = round(keep_seconds)
        self._consumer = consumer
        self._told = told
        self._accept = link.script(_LUA / "accept.lua")
        self._tell = link.script(_LUA / "tell.lua")
        self._finish = link.script(_LUA / "finish.lua")
        self._renew = link.script(_LUA / "renew.lua")
        self._forget = link.script(_LUA / "forget.lua")

    async def open(self) -> None:
        """Makes the work stream and its group, waiting for the store if need be; harmless when they exist."""

        async def create() -> None:
            try:
                await self._link.text.xgroup_create(WORK, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

        while True:
            try:
                await self._link.do(create)
                return
            except Fault as fault:
                if not fault.transient:
                    raise
            await asyncio.sleep(0.5)

    async def accept(self, job: Job) -> None:
        """Makes the job durable and leases it to this edge. Repeating changes nothing."""
        keys = [_job(job.id), _of(job), WORK, call_key(job.call), HELD]
        call: list[str | int] = [job.call, HOLD_MS, MOST_OF_A_CALL, REMEMBER_SECONDS, int(job.again)]
        doc = job_codec.pack_doc(job)
        await self._accept(keys, [job.id, self._consumer, doc, MOST_JOBS_AN_ACCOUNT, *call])

    async def queued(self, job: Job, place: Place) -> None:
        """The job has a place, or its place changed."""
        packed = job_codec.pack_place(place)
        await self._write(job, "queued", packed, state=State.QUEUED, place=packed)

    async def started(self, job: Job, attempt: int) -> None:
        """A generator took the job."""
        data = json.dumps({"attempt": attempt})
        await self._write(job, "started", data, state=State.RUNNING, attempt=str(attempt))

    async def step(self, job: Job, step: StepDone) -> None:
        """A step was done."""
        await self._write(job, "step", json.dumps(asdict(step)))

    async def preview(self, job: Job, rough: RoughPicture) -> None:
        """A rough picture that passed the moderator."""
        png = base64.b64encode(rough.png).decode()
        await self._write(job, "preview", json.dumps({"index": rough.index, "step": rough.step, "png": png}))

    async def completed(self, job: Job, drawn: Sequence[Drawn], charged: int, usage: Usage | None) -> None:
        """Drawn and charged."""
        fields = {"images": job_codec.pack_drawn(drawn), "charged": str(charged)}
        if usage is not None:
            fields["usage"] = job_codec.pack_usage(usage)
        for picture in drawn:
            await self._write(job, "image", json.dumps(asdict(picture)))
        await self._end(job, "completed", "{}", State.COMMITTED, **fields)

    async def failed(self, job: Job, failure: Failure) -> None:
        """Ended without charge."""
        packed = job_codec.pack_failure(failure)
        await self._end(job, "failed", packed, State.REFUNDED, failure=packed)

    async def read(self, job_id: str) -> Job:
        """The job. Raises NOT_FOUND."""
        job = await self.find(job_id)
        if job is None:
            raise Fault(Reason.NOT_FOUND, "no such job")
        return job

    async def find(self, job_id: str) -> Job | None:
        """The job, if there is one."""
        fields = await self._link.do(lambda: self._link.text.hgetall(_job(job_id)))
        return job_codec.unpack(job_id, fields) if "doc" in fields else None

    async def knows(self, job_id: str) -> bool:
        """Whether the job was accepted."""
        return bool(await self._link.do(lambda: self._link.text.exists(_job(job_id))))

    async def count(self, job_id: str, what: str) -> int:
        """Counts one more of something in the job's record; the sum."""
        return int(await self._link.do(lambda: self._link.text.hincrby(_job(job_id), what, 1)))

    async def forget(self, job: Job) -> bool:
        """Deletes an ended job's record and events; False when it has not ended. For as long as ended jobs are
        kept its id stays known as one that was."""
        keys = [_job(job.id), f"{{edge}}:events:{job.id}", _of(job), DUE]
        return bool(await self._forget(keys, [job.id, self._keep]))

    async def list(self, account_id: str, *, before: str, limit: int) -> Sequence[Job]:
        """The account's jobs, newest first, older than the id `before` (empty for the newest)."""
        key = f"{{edge}}:of:{account_id}"
        top = f"({before}" if before else "+"
        ids = await self._link.do(lambda: self._link.text.zrevrangebylex(key, top, "-", 0, limit))

        async def read_all() -> list[dict[str, str]]:
            async with self._link.text.pipeline(transaction=False) as pipe:
                for job_id in ids:
                    pipe.hgetall(_job(job_id))
                return list(await pipe.execute())

        records = await self._link.do(read_all) if ids else []
        return [job_codec.unpack(i, f) for i, f in zip(ids, records, strict=True) if "doc" in f]

    async def work_entry(self, job_id: str) -> str:
        """The job's entry in the work stream; "" when there is none."""
        entry = await self._link.do(lambda: self._link.text.hget(_job(job_id), "work"))
        return entry or ""

    async def renew(self, entries: Sequence[str], *, idle_ms: int = 0) -> Sequence[str]:
        """Renews this edge's leases; returns entries it no longer holds."""
        if not entries:
            return []
        return list(await self._renew([WORK], [self._consumer, idle_ms, *entries]))

    async def adopt(self, *, idle_ms: int, count: int) -> Sequence[tuple[str, str]]:
        """Takes over at most `count` jobs whose lease is older than `idle_ms`: (work entry, job id)."""
        reply = await self._link.do(
            lambda: self._link.text.xautoclaim(WORK, GROUP, self._consumer, idle_ms, "0-0", count=count)
        )
        return [(entry, fields["job"]) for entry, fields in reply[1] if fields]

    async def events(self, asked: Sequence[tuple[str, str]]) -> Sequence[Sequence[Event]]:
        """For each (job id, `after`) at most `PAGE` events after that id ("" for the first), oldest first."""

        async def read_all() -> list[list[tuple[str, dict[str, str]]]]:
            async with self._link.text.pipeline(transaction=False) as pipe:
                for job_id, after in asked:
                    pipe.xrange(f"{{edge}}:events:{job_id}", f"({after}" if after else "-", "+", count=PAGE)
                return list(await pipe.execute())

        return [[_event(*row) for row in rows] for rows in await self._link.do(read_all)]

    async def last_news(self) -> str:
        """Where the news end now; what comes is after it."""
        rows = await self._link.do(lambda: self._link.text.xrevrange(NEWS, count=1))
        return rows[0][0] if rows else "0-0"

    async def news(self, after: str, *, wait_ms: int) -> tuple[str, Sequence[tuple[str, str]]]:
        """Where the news end now, and (job id, event id) of what was written since, by any replica. Waits at most
        `wait_ms` for the first one."""
        reply = await self._link.do(lambda: self._link.text.xread({NEWS: after}, count=1_000, block=wait_ms))
        rows = reply[0][1] if reply else []
        return (rows[-1][0] if rows else after), [(row["job"], row["event"]) for _, row in rows]

    async def _write(self, job: Job, kind: str, data: str, **fields: str) -> None:
        changes = [part for field in fields.items() for part in field]
        keys = [_job(job.id), f"{{edge}}:events:{job.id}", NEWS]
        await self._tell(keys, [kind, time.time(), data, MOST_EVENTS, job.id, MOST_NEWS, *changes])
        self._told(job.id, kind)

    async def _end(self, job: Job, kind: str, data: str, state: State, **fields: str) -> None:
        now = time.time()
        changes = [part for field in fields.items() for part in field]
        keys = [_job(job.id), f"{{edge}}:events:{job.id}", WORK, NEWS, DUE]
        tell = "1" if job.webhook_url else "0"
        fixed: list[str | int | float] = [job.id, kind, now, data, self._keep, tell, MOST_NEWS]
        await self._finish(keys, [*fixed, "state", state, "ended", now, *changes])
        self._told(job.id, kind)


def _event(event_id: str, fields: dict[str, str]) -> Event:
    return Event(event_id, fields["kind"], float(fields["time"]), json.loads(fields["data"]))


def _job(job_id: str) -> str:
    return f"{{edge}}:job:{job_id}"


def _of(job: Job) -> str:
    return f"{{edge}}:of:{job.account.account_id}"
