"""A small stand-in for the edge's REST surface, to drive the page through what a real mesh shows only rarely.

A job plays a script of events; `pace` is the time between two of them, and `hold(job, kind)` stops the script
before an event until `release`. `test_real_edge.py` holds its shapes against those of the real edge.

To look at the page by hand: `python -m tests.e2e.page.mock_edge 8090`.
"""

import asyncio
import base64
import contextlib
import json
import math
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.local_mesh.store import free_port
from tests.e2e.page.mock_trust import MockTrust, problem, stamp
from tests.e2e.page.scene import scene

PAGE = Path(__file__).resolve().parents[3] / "services" / "edge" / "page"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LIMITS = {"free": 3, "paid": 500}
STEPS = 20
REFUSED = {"refuse": "violence", "refuser": "violence", "logo": "ip"}
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


class MockEdge:
    """The endpoints. A prompt with a word of `REFUSED` in it is refused."""

    def __init__(self, kitchen: Kitchen) -> None:
        self._kitchen = kitchen

    def routes(self) -> list[BaseRoute]:
        """The paths, the page last."""
        return [
            Route("/v1/jobs", self.create, methods=["POST"]),
            Route("/v1/jobs", self.listing),
            Route("/v1/jobs/{id}/events", self.events),
            Route("/v1/jobs/{id}/images/{index:int}", self.image),
            Route("/v1/jobs/{id}:cancel", self.cancel, methods=["POST"]),
            Route("/v1/jobs/{id}", self.one, methods=["GET"]),
            Route("/v1/jobs/{id}", self.delete, methods=["DELETE"]),
            *self._kitchen.trust.routes(),
            Route("/v1/me/allowance", self.allowance),
            Route("/v1/queue", self.queue),
            Route("/v1/models", self.models),
            Route("/v1/demo-key", self.demo_key),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ]

    def key_of(self, request: Request) -> str | None:
        return self._kitchen.account(request)

    def french(self, request: Request) -> bool:
        return request.headers.get("accept-language", "").startswith("fr")

    def unknown_key(self, request: Request) -> JSONResponse:
        return problem(
            401, "KEY_UNKNOWN", "Cette clé est inconnue." if self.french(request) else "This key is not known."
        )

    def reset(self) -> str:
        return stamp(math.ceil(time.time() / 86400) * 86400)

    def allowance_of(self, key: str) -> dict[str, Any]:
        tier = key.removesuffix("-key")
        limit, used, held = LIMITS[tier], self._kitchen.used[key], self._kitchen.held(key)
        live = sum(1 for job in self._kitchen.jobs.values() if job.key == key and not job.final)
        return {
            "account_id": f"demo-{tier}",
            "tier": tier,
            "limit": limit,
            "used": used,
            "held": held,
            "remaining": max(0, limit - used - held),
            "reset_time": self.reset(),
            "live_limit": 2 if tier == "free" else 16,
            "live": live,
            "level": self._kitchen.surge["level"],
            "limits": [
                {"policy": "daily", "limit": limit, "used": used, "held": held, "reset": None, "unit": "pictures"},
                {"policy": "live", "limit": 2, "used": 0, "held": live, "reset": None, "unit": "jobs"},
            ],
        }

    async def create(self, request: Request) -> Response:
        key = self.key_of(request)
        if key is None:
            return self.unknown_key(request)
        body = await request.json()
        if self._kitchen.fault and not body.get("validate_only"):
            fault, self._kitchen.fault = self._kitchen.fault, None
            return problem(**fault)
        left = self.allowance_of(key)
        if body.get("count", 1) > left["remaining"]:
            metadata = {"limit": str(left["limit"]), "reset": left["reset_time"]}
            return problem(
                429, "ALLOWANCE_SPENT", "Your allowance is spent.", metadata=metadata, retry_after=18000.0
            )
        if body.get("validate_only"):
            place = {
                "place": self._kitchen.ahead,
                "eta_low": 3.0 + self._kitchen.ahead * 2,
                "eta_high": 6.0 + self._kitchen.ahead * 4,
            }
            return JSONResponse(
                {"id": "", "state": "held", "prompt": body["prompt"], "place": {**place, "reason": ""}}
            )
        words = [word for word in REFUSED if word in body["prompt"].lower().split()]
        if words:
            return problem(
                400,
                "MODERATION_BLOCKED",
                "Refused by the moderator.",
                refusal=self._kitchen.trust.refusal(REFUSED[words[0]], words, prompt=body["prompt"]),
            )
        request_id = request.headers.get("idempotency-key", "")
        if request_id in self._kitchen.orders:
            return JSONResponse(self._kitchen.jobs[self._kitchen.orders[request_id]].record, 202)
        job = self._kitchen.add(key, body)
        self._kitchen.orders[request_id] = job.record["id"]
        if self._kitchen.lose_answer:
            self._kitchen.lose_answer = False
            return problem(503, "UNAVAILABLE", "A part of the service does not answer right now.")
        return JSONResponse(job.record, 202, headers={"location": f"/v1/jobs/{job.record['id']}"})

    async def listing(self, request: Request) -> Response:
        key = self.key_of(request)
        if key is None:
            return self.unknown_key(request)
        size, token = int(request.query_params.get("page_size", 20)), request.query_params.get("page_token", "")
        own = [
            job.record
            for job in self._kitchen.jobs.values()
            if job.key == key and (not token or job.record["id"] < token)
        ]
        shown = sorted(own, key=lambda record: str(record["id"]), reverse=True)[:size]
        return JSONResponse({"jobs": shown, "next_page_token": shown[-1]["id"] if len(shown) == size else ""})

    async def one(self, request: Request) -> Response:
        job = self._kitchen.jobs.get(request.path_params["id"])
        if job is None or job.key != self.key_of(request):
            return problem(404, "NOT_FOUND", "There is no such thing here, or it is not yours.")
        return JSONResponse(job.record)

    async def delete(self, request: Request) -> Response:
        job = self._kitchen.jobs.get(request.path_params["id"])
        if job is None or job.key != self.key_of(request):
            return problem(404, "NOT_FOUND", "There is no such thing here, or it is not yours.")
        if not job.final:
            return problem(400, "INVALID_ARGUMENT", "id: the job has not ended")
        del self._kitchen.jobs[job.record["id"]]
        return Response(status_code=204)

    async def cancel(self, request: Request) -> Response:
        job = self._kitchen.jobs[request.path_params["id"]]
        if not job.final:
            if job.task:
                job.task.cancel()
            self._kitchen.end(job, "JOB_CANCELLED", "The job was cancelled; nothing was charged.")
        return JSONResponse(job.record)

    async def events(self, request: Request) -> Response:
        job = self._kitchen.jobs[request.path_params["id"]]
        if job.key != self.key_of(request):
            return self.unknown_key(request)
        after = request.headers.get("last-event-id", "")
        ids = [event_id for event_id, _, _ in job.log]
        start = ids.index(after) + 1 if after in ids else 0

        self._kitchen.resumed_after.append(after)

        async def stream() -> AsyncIterator[str]:
            position, cut = start, self._kitchen.cut_streams
            self._kitchen.streams += 1
            try:
                yield ": keep-alive\n\n"
                while cut == self._kitchen.cut_streams:
                    while position < len(job.log):
                        event_id, kind, data = job.log[position]
                        position += 1
                        yield f"id: {event_id}\nevent: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
                        if kind in {"completed", "failed"}:
                            return
                    await asyncio.sleep(0.03)
            finally:
                self._kitchen.streams -= 1

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def image(self, request: Request) -> Response:
        job = self._kitchen.jobs[request.path_params["id"]]
        return Response(scene(job.record["seed"] + request.path_params["index"], 1.0), media_type="image/png")

    async def allowance(self, request: Request) -> Response:
        key = self.key_of(request)
        return self.unknown_key(request) if key is None else JSONResponse(self.allowance_of(key))

    async def queue(self, request: Request) -> Response:
        self._kitchen.line_reads += 1
        if self._kitchen.line_down:
            return problem(503, "UNAVAILABLE", "A part of the service does not answer right now.")
        baking = sum(1 for job in self._kitchen.jobs.values() if job.record["state"] == "running")
        classes = [
            {
                "model": "fournil-mini",
                "tier": "free",
                "waiting": self._kitchen.ahead,
                "wait": 5.0 + self._kitchen.ahead * 3,
            },
            {"model": "fournil-mini", "tier": "paid", "waiting": 0, "wait": 1.0},
        ]
        return JSONResponse(
            {
                "classes": classes,
                "ovens": self._kitchen.ovens,
                "slots": 8,
                "baking": min(8, baking + 5),
                "surge": self._kitchen.surge,
            }
        )

    async def models(self, request: Request) -> Response:
        sizes = {"native_width": 96, "native_height": 96, "output_width": 256, "output_height": 256}
        edges = {"smallest": 64, "largest": 1024, "unit": 1, "most_pixels": 1024**2, "square": True}
        usual = {"default_steps": STEPS, "default_guidance": 3.0, "family": "FournilTextToImagePipeline"}
        takes = {"takes_guidance": True, "takes_negative": False, "takes_image": True}
        facts = {**sizes, **edges, **usual, **takes, "aliases": ["gpt-image-1"]}
        model = {
            "id": "fournil-mini",
            "object": "model",
            "created": 0,
            "owned_by": "fournil",
            "root": "fournil-mini",
            **facts,
        }
        return JSONResponse({"object": "list", "data": [model]})

    async def demo_key(self, request: Request) -> Response:
        return JSONResponse({"free": "free-key", "paid": "paid-key"})


def app(kitchen: Kitchen) -> ASGIApp:
    """The mock under the content policy that the real edge sends."""
    bare = Starlette(routes=MockEdge(kitchen).routes())

    async def with_policy(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["content-security-policy"] = PAGE_POLICY
                answer["x-request-id"] = "mock-request-1"
            await send(message)

        await bare(scope, receive, send_policy)

    return with_policy


@contextlib.contextmanager
def served(kitchen: Kitchen) -> Iterator[str]:
    """A mock edge in a thread of its own, for as long as it is needed; its address."""
    port = free_port()
    config = uvicorn.Config(
        app(kitchen), port=port, log_level="warning", ws="none", lifespan="off", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{address}/v1/queue", timeout=1)
            break
        except httpx.TransportError:
            time.sleep(0.02)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    uvicorn.run(app(Kitchen()), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
