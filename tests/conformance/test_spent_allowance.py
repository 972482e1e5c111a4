"""Why a spent allowance is a 429 although Vercel's AI SDK then asks three times: nothing that a 429 can say stops
it, and with another status everybody else's error would not be the one for a spent allowance."""

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.conformance.conftest import AT_ONCE, LONGEST
from tests.conformance.environments import REPO, Client, clients

pytestmark = pytest.mark.e2e
SPENT = {"message": "Your allowance is spent", "type": "insufficient_quota", "code": "insufficient_quota"}
BODY = json.dumps({"error": SPENT})
NO = {"x-should-retry": "false"}


class Refusing(ThreadingHTTPServer):
    """Answers every POST in one way, and counts them."""

    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        self.attempts = 0
        server = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.attempts += 1
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                written = {"content-type": "application/json", "content-length": str(len(body)), **headers}
                for name, value in written.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Answer)


Way = tuple[int, dict[str, str], str]
"""Status, headers and body of a refusal."""
Refused = tuple[dict[str, Any], int]
"""A client's error, and how often it asked."""
SCENES = ("quota", "refusal")
"""Calls that every client has."""
(VERCEL,) = [client for client in clients() if client.name == "Vercel AI SDK"]
SPENT_WAYS: dict[str, Way] = {
    "x-should-retry": (429, NO, BODY),
    "a day in seconds": (429, {**NO, "retry-after": "86400"}, BODY),
    "a day in milliseconds": (429, {**NO, "retry-after-ms": "86400000"}, BODY),
    "no body": (429, NO, ""),
}
OTHER_WAYS: dict[int, Way] = {status: (status, NO, BODY) for status in (402, 403)}


def ask(client: Client, ways: Sequence[Way]) -> list[Refused]:
    """One process of a client asks once for every way, and is refused in it."""
    client.prepare()
    servers = [Refusing(*way) for way in ways]
    try:
        for server in servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        where = {
            scene: {"url": f"http://127.0.0.1:{server.server_port}/v1", "key": "k"}
            for scene, server in zip(SCENES, servers, strict=False)
        }
        script = json.dumps({"scenes": where, "refused": "a red apple", "picture": ""})
        done = subprocess.run(
            client.command, input=script, capture_output=True, text=True, timeout=LONGEST, check=True
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"scene"')]
        errors = {line["scene"]: line["error"] for line in lines}
        return [(errors[scene], server.attempts) for scene, server in zip(where, servers, strict=True)]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


Asked = dict[str, "Future[list[Refused]]"]


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    """All questions, a few at a time: the AI SDK waits for seconds between its attempts, others take as long to
    start."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        every = {name: pool.submit(ask, VERCEL, [way]) for name, way in SPENT_WAYS.items() if VERCEL.ready}
        ways = list(OTHER_WAYS.values())
        yield every | {one.name: pool.submit(ask, one, ways) for one in clients() if one.ready}


@pytest.mark.parametrize("name", SPENT_WAYS)
def test_nothing_in_a_429_stops_the_ai_sdk(asked: Asked, name: str) -> None:
    if name not in asked:
        pytest.skip(f"{VERCEL.name} is not installed here: make conformance")
    ((error, attempts),) = asked[name].result()
    assert (error["class"], error["status"], attempts) == ("RetryError", 429, 3)


@pytest.mark.parametrize("client", clients(), ids=lambda client: client.name)
@pytest.mark.parametrize("status", OTHER_WAYS)
def test_a_status_that_is_asked_once_is_another_error(asked: Asked, client: Client, status: int) -> None:
    if client.name not in asked:
        pytest.skip(f"{client.name} is not installed here: make conformance")
    error, attempts = asked[client.name].result()[list(OTHER_WAYS).index(status)]
    assert attempts == 1 and error["class"] not in {"RateLimitError", "RetryError"}


def test_the_setting_that_the_documentation_gives_is_the_one_that_was_played() -> None:
    page = (REPO / "docs" / "clients.md").read_text(encoding="utf-8")
    (block,) = [part.split("```")[0] for part in page.split("```js\n")[1:]]
    driver = (REPO / "tests" / "conformance" / "drivers" / "vercel_ai.mjs").read_text(encoding="utf-8")
    assert block.strip() in driver
