"""A remote endpoint that looks at pictures too: a real HTTP server that answers, lies, stalls and dies."""

import asyncio
import contextlib
import io
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from services.moderator import second_opinion
from services.moderator.policy import Policy
from services.moderator.second_opinion import COOLING, FAILURES, Endpoint, SecondOpinion
from services.moderator.verdict import judge_image
from services.runtime.errors import Fault, Reason

CLEAR = {"categories": {"violence": False, "sexual": False}, "category_scores": {"violence": 0.1, "sexual": 0.0}}
GORY = {
    "flagged": True,
    "categories": {"violence": True, "violence/graphic": True, "sexual": False, "future": False},
    "category_scores": {"violence": 0.7, "violence/graphic": 0.9},
}


class Desk:
    """What the endpoint answers next, and what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = {"results": [CLEAR]}
        self.status, self.seconds = 200, 0.0
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""


@pytest.fixture
def desk() -> Iterator[Desk]:
    """On loopback."""
    state = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            state.keys.append(self.headers.get("authorization", ""))
            time.sleep(state.seconds)
            raw = state.answer if isinstance(state.answer, bytes) else json.dumps(state.answer).encode()
            self.send_response(state.status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            with contextlib.suppress(OSError):  # the caller has left
                self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}/v1/moderations"
        yield state
        server.shutdown()


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(stream, "PNG")
    return stream.getvalue()


def eyes(desk: Desk, **more: Any) -> SecondOpinion:
    return SecondOpinion(Endpoint(desk.url, **{"key": "secret", "timeout": 0.5, **more}))


async def test_what_it_flags_is_refused_under_our_names(desk: Desk) -> None:
    remote = eyes(desk, model="their-model")
    assert await remote.scores(png()) == {}
    desk.answer = {"results": [GORY]}
    scores = await remote.scores(png())
    assert scores == {"violence:remote": 0.7, "shocking:remote": 0.9}
    verdict = judge_image(scores, policy=Policy("v", {}, 0.4, {}), decision_id="d")
    assert not verdict.allowed and set(verdict.beyond) == {"violence", "shocking"}
    assert judge_image(
        scores, policy=Policy("v", {}, 0.4, {"violence:remote": 0.8, "shocking:remote": 0.95}), decision_id="d"
    ).allowed, "thresholds of the policy go before its flags"
    assert desk.keys[0] == "Bearer secret" and desk.asked[0]["model"] == "their-model"
    assert desk.asked[0]["input"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    await remote.close()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {}),
        (200, b"no json"),
        (200, {"results": []}),
        (200, {"results": [{"categories": 3}]}),
        (200, b"x" * (2 << 20)),
        (200, {"results": [{"categories": {"violence": True}, "category_scores": {"violence": "much"}}]}),
    ],
)
@pytest.mark.parametrize("fail_open", [False, True])
async def test_without_an_answer_pictures_wait_or_pass_as_it_is_set(
    desk: Desk, status: int, answer: Any, fail_open: bool
) -> None:
    desk.status, desk.answer = status, answer
    remote = eyes(desk, fail_open=fail_open)
    if fail_open:
        assert await remote.scores(png()) == {}
    else:
        with pytest.raises(Fault) as caught:
            await remote.scores(png())
        assert caught.value.reason is Reason.UNAVAILABLE and caught.value.transient
    await remote.close()


async def test_one_that_stalls_is_left_alone_for_a_while_and_found_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.seconds = 1.0
    remote, begun = eyes(desk, timeout=0.1), time.monotonic()
    for _ in range(FAILURES + 5):
        with pytest.raises(Fault):
            await remote.scores(png())
    assert len(desk.asked) == FAILURES and time.monotonic() - begun < 0.1 * FAILURES + 0.5
    desk.seconds = 0.0
    later = time.monotonic() + COOLING
    monkeypatch.setattr(second_opinion.time, "monotonic", lambda: later)
    assert await remote.scores(png()) == {}
    await remote.close()


async def test_an_endpoint_that_is_not_there_and_a_picture_that_is_none(desk: Desk) -> None:
    nowhere = SecondOpinion(Endpoint("http://127.0.0.1:1/", timeout=0.5))
    with pytest.raises(Fault) as away:
        await nowhere.scores(png())
    assert away.value.reason is Reason.UNAVAILABLE
    with pytest.raises(Fault) as wrong:
        await nowhere.scores(b"no picture")
    assert wrong.value.reason is Reason.INVALID_ARGUMENT
    await nowhere.close()


async def test_many_at_once_are_asked_side_by_side(desk: Desk) -> None:
    desk.seconds = 0.1
    remote, begun = eyes(desk, timeout=2.0), time.monotonic()
    await asyncio.gather(*(remote.scores(png()) for _ in range(16)))
    assert time.monotonic() - begun < 1.2
    await remote.close()
