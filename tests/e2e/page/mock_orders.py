"""The mock edge's side of orders: placed, read, followed, cancelled, deleted. A prompt with a word of `REFUSED` in
it is refused."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from tests.e2e.page.mock_answers import problem, unknown_job, unknown_key
from tests.e2e.page.mock_kitchen import Kitchen
from tests.e2e.page.mock_status import allowance_of
from tests.e2e.page.scene import scene

REFUSED = {"refuse": "violence", "refuser": "violence", "logo": "ip"}


class MockOrders:
    """The endpoints."""

    def __init__(self, kitchen: Kitchen) -> None:
        self._kitchen = kitchen

    def routes(self) -> list[BaseRoute]:
        """The paths."""
        return [
            Route("/v1/jobs", self.create, methods=["POST"]),
            Route("/v1/jobs", self.listing),
            Route("/v1/jobs/{id}/events", self.events),
            Route("/v1/jobs/{id}/images/{index:int}", self.image),
            Route("/v1/jobs/{id}:cancel", self.cancel, methods=["POST"]),
            Route("/v1/jobs/{id}", self.one, methods=["GET"]),
            Route("/v1/jobs/{id}", self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        key = self._kitchen.account(request)
        if key is None:
            return unknown_key(request)
        body = await request.json()
        if self._kitchen.fault and not body.get("validate_only"):
            fault, self._kitchen.fault = self._kitchen.fault, None
            return problem(**fault)
        left = allowance_of(self._kitchen, key)
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
        key = self._kitchen.account(request)
        if key is None:
            return unknown_key(request)
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
        if job is None or job.key != self._kitchen.account(request):
            return unknown_job()
        return JSONResponse(job.record)

    async def delete(self, request: Request) -> Response:
        job = self._kitchen.jobs.get(request.path_params["id"])
        if job is None or job.key != self._kitchen.account(request):
            return unknown_job()
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
        if job.key != self._kitchen.account(request):
            return unknown_key(request)
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
