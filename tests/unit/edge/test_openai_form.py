"""What a held call in OpenAI's form leaves behind: an answer that was given, or a job that its retry joins."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from services.edge.held_calls import Hold
from services.edge.job import Account, Drawn, Event, Failure, Job, Place, State
from services.edge.links import Links
from services.edge.openai_form import OpenAiApi
from services.runtime.errors import Fault, Reason
from tests.unit.edge.fake_mesh import a_job

DONE = Event("2-1", "completed", 1.0)
AWAY = Fault(Reason.UNAVAILABLE, "the store is away", retry_after=1.0)


class Held:
    """Writes down what becomes of jobs."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextlib.contextmanager
    def holding(self, job_id: str) -> Iterator[Hold]:
        hold = Hold()
        try:
            yield hold
        finally:
            self.said.append("answering" if hold.answering else "left")

    async def answered(self, job_id: str) -> None:
        self.said.append("answered")

    def not_delivered(self, job_id: str) -> None:
        self.said.append("not delivered")


class Counter:
    """One job with these events; what `make` and `find` are asked is written down."""

    def __init__(self, *events: Event | Exception, job: Job | None = None, earlier: bool = False) -> None:
        self.held = Held()
        self.asked: list[str] = []
        self._events, self._earlier = events, earlier
        self._job = job or replace(a_job(), state=State.COMMITTED, images=(Drawn(0, 7), Drawn(1, 8)))

    async def rejoin(self, account: Account, asked: object, *, model: object, counted: bool) -> Job | None:
        self.asked.append(f"rejoin counted={counted}")
        return self._job if self._earlier else None

    async def create(self, account: Account, asked: object, **how: Any) -> Job:
        self.asked.append(f"create again={how['again']} id={how['request_id']}")
        return self._job

    async def watch(self, account: Account, job_id: str, *, after: str) -> AsyncIterator[Event | None]:
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            yield event

    async def get(self, account: Account, job_id: str) -> Job:
        return self._job

    async def picture(self, job_id: str, index: int) -> bytes:
        return b"picture"

    async def cancel(self, account: Account, job_id: str) -> Job:
        self.asked.append("cancel")
        return self._job


class Desk:
    async def account(self, authorization: str | None) -> Account:
        return Account("anna", "free", "key-1")


async def ask(counter: Counter, body: dict[str, Any], **headers: str) -> httpx.Response:
    api: Any = OpenAiApi
    app = Starlette(routes=api(counter, Desk(), Links(b"secret", "http://x"), 5.0).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return await client.post("/v1/images/generations", json={"prompt": "a crab", **body}, headers=headers)


@pytest.mark.parametrize("stream", [False, True])
async def test_pictures_that_were_taken_end_the_call(stream: bool) -> None:
    counter = Counter(DONE)
    assert (await ask(counter, {"stream": stream})).status_code == 200
    assert counter.held.said == ["answering", "answered"]


async def test_a_stream_that_ends_in_an_error_was_not_answered() -> None:
    counter = Counter(AWAY)
    assert "event: error" in (await ask(counter, {"stream": True})).text
    assert counter.held.said == ["left", "not delivered"]


async def test_a_call_that_ends_in_an_error_leaves_its_job_to_a_retry() -> None:
    counter = Counter(AWAY)
    answer = await ask(counter, {})
    assert (answer.status_code, answer.headers["retry-after"], counter.held.said) == (503, "1", ["left"])


async def test_a_refusal_is_a_refusal() -> None:
    counter = Counter(DONE, job=replace(a_job(), state=State.REFUNDED, failure=Failure(Reason.JOB_CANCELLED)))
    answer = await ask(counter, {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "job_cancelled")


async def test_a_wait_beyond_the_hold_is_cancelled_and_shown_the_way_out() -> None:
    counter = Counter(DONE, job=replace(a_job(), state=State.QUEUED, place=Place(9, 90.0, 120.0)))
    answer = await ask(counter, {})
    assert (answer.status_code, answer.headers["x-should-retry"]) == (503, "false")
    assert answer.headers["link"] == '</v1/jobs>; rel="alternate"; title="tickets"'
    assert answer.json()["error"]["help"]["url"] == "/v1/jobs" and answer.json()["error"]["retry_after"] == 90.0
    assert counter.asked[-1] == "cancel"


@pytest.mark.parametrize(
    ("headers", "earlier", "asked"),
    [
        ({}, False, ["create again=False id=None"]),
        ({"x-stainless-retry-count": "0"}, False, ["create again=False id=None"]),
        ({"x-stainless-retry-count": "1"}, True, ["rejoin counted=True"]),
        ({"x-stainless-retry-count": "1"}, False, ["rejoin counted=True", "create again=True id=None"]),
        ({"user-agent": "ai/6 ai-sdk/provider-utils"}, True, ["rejoin counted=False"]),
        ({"x-stainless-retry-count": "1", "idempotency-key": "k"}, True, ["create again=True id=k"]),
    ],
)
async def test_a_retry_looks_for_its_job_first(headers: dict[str, str], earlier: bool, asked: list[str]) -> None:
    counter = Counter(DONE, earlier=earlier)
    await ask(counter, {}, **headers)
    assert counter.asked == asked
