"""A stream in OpenAI's form: the right names and indices, and always an end that SDKs notice."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.edge.job import Event, Job
from services.edge.openai_stream import frames
from services.runtime.errors import Fault, Reason
from tests.unit.edge.fake_mesh import a_job

PLACE = {"place": 4, "eta_low": 10.4, "eta_high": 21.0, "reason": ""}


def event(kind: str, **data: Any) -> Event:
    return Event("1-1", kind, 1.0, data)


def preview(index: int) -> Event:
    return event("preview", index=index, step=1, png="cG5n")


async def stream(*events: Event | Exception | None, kind: str = "image_generation") -> list[str]:
    """The frames of a job with these events."""
    job: Job = a_job()

    async def told() -> AsyncIterator[Event | None]:
        for one in events:
            if isinstance(one, Exception):
                raise one
            yield one

    async def finished() -> AsyncIterator[tuple[dict[str, Any], bytes]]:
        for index in range(2):
            yield {"output_index": index}, b"cGlj"

    return [frame.decode() async for frame in frames(kind, job, told(), finished)]


def parsed(frame: str) -> tuple[str, dict[str, Any]]:
    name, data = frame.removesuffix("\n\n").split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_partial_images_are_counted_for_each_picture() -> None:
    shown = [
        parsed(one) for one in await stream(preview(0), preview(1), preview(0), preview(1), event("completed"))
    ]
    partial = [(body["output_index"], body["partial_image_index"]) for _, body in shown[:4]]
    assert partial == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [name for name, _ in shown] == ["image_generation.partial_image"] * 4 + [
        "image_generation.completed"
    ] * 2
    assert all(name == body["type"] for name, body in shown)
    assert [(body["output_index"], body["b64_json"]) for _, body in shown[4:]] == [(0, "cGlj"), (1, "cGlj")]


async def test_a_turn_that_was_lost_begins_the_count_anew() -> None:
    shown = await stream(event("started"), preview(0), event("started"), preview(0), event("completed"))
    assert [parsed(one)[1]["partial_image_index"] for one in shown[:2]] == [0, 0]


async def test_an_edit_names_its_events_so() -> None:
    names = [parsed(one)[0] for one in await stream(preview(0), event("completed"), kind="image_edit")]
    assert names == ["image_edit.partial_image", "image_edit.completed", "image_edit.completed"]


async def test_waiting_is_told_in_comments_only() -> None:
    unknown = {**PLACE, "eta_low": None, "eta_high": None}
    shown = await stream(event("queued", **PLACE), None, event("queued", **unknown), event("completed"))
    assert shown[:3] == [": place=4 eta=10-21s\n\n", ": keep-alive\n\n", ": place=4\n\n"]


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([event("failed", reason="JOB_CANCELLED", refusal=None)], "job_cancelled"),
        ([], "server_error"),
        ([Fault(Reason.UNAVAILABLE, "away", retry_after=1.0)], "server_error"),
        ([ZeroDivisionError()], "server_error"),
    ],
    ids=["failed", "cut", "away", "broken"],
)
async def test_what_does_not_complete_ends_in_an_error_frame(
    events: list[Event | Exception | None], code: str
) -> None:
    *before, last = await stream(preview(0), *events)
    name, body = parsed(last)
    assert (len(before), name, body["error"]["code"]) == (1, "error", code)
    assert body["error"]["message"]
