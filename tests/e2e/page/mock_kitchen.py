"""The mock edge's jobs and all its other state. A job plays a script of events; `pace` is the time between two of
them, and a job's `hold` stops the script before an event."""

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from tests.e2e.page.mock_answers import stamp
from tests.e2e.page.mock_trust import MockTrust
from tests.e2e.page.scene import scene

STEPS = 20
PREVIEW_STEPS = (4, 8, 12, 16)


@dataclass
class MockJob:
    """One job and its log of (id, kind, data)."""

    record: dict[str, Any]
    key: str
    words: list[str] = field(default_factory=list)
    log: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    hold: str = ""
    task: asyncio.Task[None] | None = None

    @property
    def final(self) -> bool:
        return self.record["state"] in {"committed", "refunded"}


class Kitchen:
    """All state of the mock. `ahead` is the line a new order meets; `fault` is answered to the next order;
    with `lose_answer` the next order is taken but its answer does not arrive; `hold_new` holds new jobs.
    `cut_streams`, when raised, ends all event streams; `streams` counts those open. With `line_down` the line
    cannot be read; `line_reads` counts how often it was asked for. `trust` holds appeals and credentials."""

    def __init__(self, pace: float = 0.35) -> None:
        self.pace = pace
        self.ahead = 3
        self.surge: dict[str, Any] = {
            "level": "normal",
            "since": None,
            "cause": "",
            "pinned": False,
            "backlog": 0.0,
        }
        self.fault: dict[str, Any] | None = None
        self.jobs: dict[str, MockJob] = {}
        self.orders: dict[str, str] = {}
        self.used = {"free-key": 0, "paid-key": 0}
        self.hold_new = ""
        self.lose_answer = False
        self.cut_streams = 0
        self.streams = 0
        self.resumed_after: list[str] = []
        self.serial = 0
        self.ovens = 2
        self.line_down = False
        self.line_reads = 0
        self.trust = MockTrust(self.account)

    def account(self, request: Request) -> str | None:
        """The key of a request, when it is one of ours."""
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        return key if key in self.used else None

    def held(self, key: str) -> int:
        """Pictures set aside for live jobs of a key."""
        return sum(job.record["count"] for job in self.jobs.values() if job.key == key and not job.final)

    def add(self, key: str, body: dict[str, Any]) -> MockJob:
        """Takes an order; its script starts at once."""
        self.serial += 1
        job_id = f"{self.serial:026d}"
        seed = body.get("seed", 4711 + self.serial)
        record = {
            "id": job_id,
            "state": "queued",
            "prompt": body["prompt"],
            "model": "fournil-mini",
            "count": body.get("count", 1),
            "size": "256x256",
            "seed": seed,
            "steps": body.get("steps", STEPS),
            "guidance": 3.0,
            "negative_prompt": None,
            "strength": None,
            "masked": False,
            "output_format": "png",
            "moderation": "auto",
            "create_time": stamp(time.time()),
            "images": [],
            "charged": 0,
        }
        job = MockJob(record, key, hold=self.hold_new)
        self.jobs[job_id] = job
        self.place(job, self.ahead)
        job.task = asyncio.create_task(self.play(job, self.ahead))
        return job

    def tell(self, job: MockJob, kind: str, data: dict[str, Any]) -> None:
        """Adds an event."""
        job.log.append((f"{int(time.time() * 1000)}-{len(job.log)}", kind, json.loads(json.dumps(data))))

    def place(self, job: MockJob, place: int, reason: str = "") -> None:
        """Puts a job at a place."""
        place_record = {"place": place, "eta_low": 3.0 + place * 2, "eta_high": 6.0 + place * 4, "reason": reason}
        job.record["place"] = place_record
        self.tell(job, "queued", place_record)

    def end(self, job: MockJob, reason: str, message: str, refusal: dict[str, Any] | None = None) -> None:
        """Refunds a job."""
        failure: dict[str, Any] = {"reason": reason, "message": message}
        if refusal:
            failure["refusal"] = refusal
        job.record.pop("place", None)
        job.record.update(state="refunded", failure=failure, end_time=stamp(time.time()))
        self.tell(job, "failed", failure)

    async def play(self, job: MockJob, ahead: int) -> None:
        """The script: the line moves, steps, previews, pictures."""
        for place in range(ahead - 1, -1, -1):
            await self.beat(job, "queued")
            self.place(job, place)
        await self.beat(job, "started")
        job.record.pop("place", None)
        job.record["state"] = "running"
        self.tell(job, "started", {"attempt": 1})
        steps = job.record["steps"]
        for index in range(job.record["count"]):
            seed = job.record["seed"] + index
            for step in range(1, steps + 1):
                await self.beat(job, f"step:{step}")
                self.tell(job, "step", {"index": index, "step": step, "steps": steps})
                if step in PREVIEW_STEPS:
                    png = base64.b64encode(scene(seed, step / steps)).decode()
                    self.tell(job, "preview", {"index": index, "step": step, "png": png})
            image = {"index": index, "seed": seed, "url": f"/v1/jobs/{job.record['id']}/images/{index}?e=1&s=mock"}
            job.record["images"].append(image)
            self.tell(job, "image", image)
        usage = {"compute_seconds": 1.8437, "energy_joules": None}
        job.record.update(state="committed", charged=job.record["count"], usage=usage, end_time=stamp(time.time()))
        self.used[job.key] += job.record["count"]
        self.tell(job, "completed", job.record)

    async def beat(self, job: MockJob, kind: str) -> None:
        """Waits one pace, and then while the job is held before `kind`."""
        await asyncio.sleep(self.pace)
        while job.hold == kind:  # noqa: ASYNC110, it is set from another thread
            await asyncio.sleep(0.02)
