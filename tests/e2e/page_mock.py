"""A small stand-in for the edge's REST surface, to drive the page through what a real mesh shows only rarely.

A job plays a script of events; `pace` is the time between two of them, and `hold(job, kind)` stops the script
before an event until `release`. `test_page.py` holds its shapes against those of the real edge.

To look at the page by hand: `python -m tests.e2e.page_mock 8090`.
"""

import asyncio
import base64
import io
import json
import math
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image, ImageDraw, ImageFilter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).resolve().parents[2] / "services" / "edge" / "page"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LIMITS = {"free": 3, "paid": 500}
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
    """All state of the mock. `ahead` is the line a new order meets; `fault` is answered to the next order."""

    def __init__(self, pace: float = 0.35) -> None:
        self.pace = pace
        self.ahead = 3
        self.fault: dict[str, Any] | None = None
        self.jobs: dict[str, MockJob] = {}
        self.orders: dict[str, str] = {}
        self.used = {"free-key": 0, "paid-key": 0}
        self.hold_new = ""
        self.serial = 0

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
            "create_time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
        job.record.update(state="refunded", failure=failure)
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
        job.record.update(state="committed", charged=job.record["count"])
        self.used[job.key] += job.record["count"]
        self.tell(job, "completed", job.record)

    async def beat(self, job: MockJob, kind: str) -> None:
        """Waits one pace, and then while the job is held before `kind`."""
        await asyncio.sleep(self.pace)
        while job.hold == kind:
            await asyncio.sleep(0.02)


def scene(seed: int, share: float) -> bytes:
    """A beach with a boat and a crab, PNG; `share` below 1 is a rough version of it."""
    sky = (150 + seed * 37 % 80, 196, 226)
    picture = Image.new("RGB", (256, 256), sky)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((190, 24, 228, 62), fill=(255, 226, 140))
    draw.rectangle((0, 110, 256, 170), fill=(64, 132, 168))
    draw.rectangle((0, 158, 256, 256), fill=(236, 208, 152))
    shift = seed * 29 % 60
    draw.polygon(
        [(30 + shift, 118), (140 + shift, 118), (118 + shift, 152), (52 + shift, 152)], fill=(150, 82, 42)
    )
    draw.polygon([(84 + shift, 40), (84 + shift, 112), (134 + shift, 112)], fill=(252, 246, 232))
    for leg in range(4):
        draw.line((150 - leg * 6, 212, 128 - leg * 8, 236), fill=(176, 52, 34), width=5)
        draw.line((186 + leg * 6, 212, 208 + leg * 8, 236), fill=(176, 52, 34), width=5)
    draw.ellipse((134, 186, 204, 230), fill=(214, 72, 48))
    draw.ellipse((116, 164, 142, 190), fill=(214, 72, 48))
    draw.ellipse((196, 164, 222, 190), fill=(214, 72, 48))
    if share < 1:
        noise = Image.effect_noise((256, 256), 90).convert("RGB").filter(ImageFilter.GaussianBlur(2))
        picture = Image.blend(noise, picture.filter(ImageFilter.GaussianBlur(10 * (1 - share))), math.sqrt(share))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def problem(status: int, reason: str, detail: str, **more: Any) -> JSONResponse:
    """problem+json."""
    body = {
        "type": f"urn:fournil:error:{reason.lower()}",
        "title": reason,
        "status": status,
        "detail": detail,
        "reason": reason,
        "metadata": {},
        "request_id": "mock-request-1",
        **more,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def refusal(words: list[str], stage: str = "prompt") -> dict[str, Any]:
    """A refusal's facts."""
    return {"decision_id": "dec_01mock0000000000000000000", "stage": stage, "category": "violence", "words": words}


def app(kitchen: Kitchen) -> Starlette:
    """The mock as an ASGI application. A prompt with the word "refuse" or "refuser" in it is refused."""

    def key_of(request: Request) -> str | None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        return key if key in kitchen.used else None

    def french(request: Request) -> bool:
        return request.headers.get("accept-language", "").startswith("fr")

    def unknown_key(request: Request) -> JSONResponse:
        return problem(
            401, "KEY_UNKNOWN", "Cette clé est inconnue." if french(request) else "This key is not known."
        )

    def reset() -> str:
        return datetime.fromtimestamp(math.ceil(time.time() / 86400) * 86400, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def allowance_of(key: str) -> dict[str, Any]:
        tier = key.removesuffix("-key")
        limit, used, held = LIMITS[tier], kitchen.used[key], kitchen.held(key)
        live = sum(1 for job in kitchen.jobs.values() if job.key == key and not job.final)
        return {
            "account_id": f"demo-{tier}",
            "tier": tier,
            "limit": limit,
            "used": used,
            "held": held,
            "remaining": max(0, limit - used - held),
            "reset_time": reset(),
            "live_limit": 2 if tier == "free" else 16,
            "live": live,
        }

    async def create(request: Request) -> Response:
        key = key_of(request)
        if key is None:
            return unknown_key(request)
        body = await request.json()
        if kitchen.fault and not body.get("validate_only"):
            fault, kitchen.fault = kitchen.fault, None
            return problem(**fault)
        left = allowance_of(key)
        if body.get("count", 1) > left["remaining"]:
            metadata = {"limit": str(left["limit"]), "reset": left["reset_time"]}
            return problem(
                429, "ALLOWANCE_SPENT", "Your allowance is spent.", metadata=metadata, retry_after=18000.0
            )
        if body.get("validate_only"):
            place = {
                "place": kitchen.ahead,
                "eta_low": 3.0 + kitchen.ahead * 2,
                "eta_high": 6.0 + kitchen.ahead * 4,
            }
            return JSONResponse(
                {"id": "", "state": "held", "prompt": body["prompt"], "place": {**place, "reason": ""}}
            )
        words = [word for word in ("refuse", "refuser") if word in body["prompt"].lower().split()]
        if words:
            return problem(400, "MODERATION_BLOCKED", "Refused by the moderator.", refusal=refusal(words))
        request_id = request.headers.get("idempotency-key", "")
        if request_id in kitchen.orders:
            return JSONResponse(kitchen.jobs[kitchen.orders[request_id]].record, 202)
        job = kitchen.add(key, body)
        kitchen.orders[request_id] = job.record["id"]
        return JSONResponse(job.record, 202, headers={"location": f"/v1/jobs/{job.record['id']}"})

    async def listing(request: Request) -> Response:
        key = key_of(request)
        if key is None:
            return unknown_key(request)
        size, token = int(request.query_params.get("page_size", 20)), request.query_params.get("page_token", "")
        own = [
            job.record
            for job in kitchen.jobs.values()
            if job.key == key and (not token or job.record["id"] < token)
        ]
        shown = sorted(own, key=lambda record: str(record["id"]), reverse=True)[:size]
        return JSONResponse({"jobs": shown, "next_page_token": shown[-1]["id"] if len(shown) == size else ""})

    async def one(request: Request) -> Response:
        job = kitchen.jobs.get(request.path_params["id"])
        if job is None or job.key != key_of(request):
            return problem(404, "NOT_FOUND", "There is no such thing here, or it is not yours.")
        return JSONResponse(job.record)

    async def cancel(request: Request) -> Response:
        job = kitchen.jobs[request.path_params["id"]]
        if not job.final:
            if job.task:
                job.task.cancel()
            kitchen.end(job, "JOB_CANCELLED", "The job was cancelled; nothing was charged.")
        return JSONResponse(job.record)

    async def events(request: Request) -> Response:
        job = kitchen.jobs[request.path_params["id"]]
        if job.key != key_of(request):
            return unknown_key(request)
        after = request.headers.get("last-event-id", "")
        ids = [event_id for event_id, _, _ in job.log]
        start = ids.index(after) + 1 if after in ids else 0

        async def stream() -> AsyncIterator[str]:
            position = start
            yield ": keep-alive\n\n"
            while True:
                while position < len(job.log):
                    event_id, kind, data = job.log[position]
                    position += 1
                    yield f"id: {event_id}\nevent: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
                    if kind in {"completed", "failed"}:
                        return
                await asyncio.sleep(0.03)

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def image(request: Request) -> Response:
        job = kitchen.jobs[request.path_params["id"]]
        return Response(scene(job.record["seed"] + request.path_params["index"], 1.0), media_type="image/png")

    async def allowance(request: Request) -> Response:
        key = key_of(request)
        return unknown_key(request) if key is None else JSONResponse(allowance_of(key))

    async def queue(request: Request) -> Response:
        baking = sum(1 for job in kitchen.jobs.values() if job.record["state"] == "running")
        classes = [
            {"model": "fournil-mini", "tier": "free", "waiting": kitchen.ahead, "wait": 5.0 + kitchen.ahead * 3},
            {"model": "fournil-mini", "tier": "paid", "waiting": 0, "wait": 1.0},
        ]
        return JSONResponse({"classes": classes, "ovens": 2, "slots": 8, "baking": min(8, baking + 5)})

    async def models(request: Request) -> Response:
        facts = {"native_size": 64, "output_size": 256, "default_steps": STEPS}
        model = {"id": "fournil-mini", "object": "model", "created": 0, "owned_by": "fournil", **facts}
        return JSONResponse({"object": "list", "data": [model]})

    async def demo_key(request: Request) -> Response:
        return JSONResponse({"free": "free-key", "paid": "paid-key"})

    served = Starlette(
        routes=[
            Route("/v1/jobs", create, methods=["POST"]),
            Route("/v1/jobs", listing),
            Route("/v1/jobs/{id}/events", events),
            Route("/v1/jobs/{id}/images/{index:int}", image),
            Route("/v1/jobs/{id}:cancel", cancel, methods=["POST"]),
            Route("/v1/jobs/{id}", one),
            Route("/v1/me/allowance", allowance),
            Route("/v1/queue", queue),
            Route("/v1/models", models),
            Route("/v1/demo-key", demo_key),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ]
    )

    async def with_policy(scope: Any, receive: Any, send: Any) -> None:
        async def send_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", PAGE_POLICY.encode()))
                message["headers"].append((b"x-request-id", b"mock-request-1"))
            await send(message)

        await served(scope, receive, send_policy if scope["type"] == "http" else send)

    outer = Starlette(routes=[Mount("/", with_policy)])
    outer.state.kitchen = kitchen
    return outer


if __name__ == "__main__":
    uvicorn.run(app(Kitchen()), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
