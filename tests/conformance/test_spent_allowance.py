"""Why a spent allowance is a 429 although Vercel's AI SDK then asks three times: nothing that a 429 can say stops
it, and with another status everybody else's error would not be the one for a spent allowance."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.conformance.conftest import LONGEST
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


Refused = tuple[dict[str, Any], int]
"""A client's error, and how often it asked."""
Ask = Callable[..., Refused]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Has a client ask for pictures and be refused."""
    opened = []

    def asked(client: Client, status: int, headers: dict[str, str], body: str = BODY) -> Refused:
        if not client.ready:
            pytest.skip(f"{client.name} is not installed here: make conformance")
        client.prepare()
        opened.append(server := Refusing(status, headers, body))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        where = {"quota": {"url": f"http://127.0.0.1:{server.server_port}/v1", "key": "k"}}
        script = json.dumps({"scenes": where, "refused": "", "picture": ""})
        done = subprocess.run(
            client.command, input=script, capture_output=True, text=True, timeout=LONGEST, check=True
        )
        (line,) = [line for line in done.stdout.splitlines() if line.startswith('{"scene"')]
        return json.loads(line)["error"], server.attempts

    yield asked
    for server in opened:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("headers", "body"),
    [(NO, BODY), ({**NO, "retry-after": "86400"}, BODY), ({**NO, "retry-after-ms": "86400000"}, BODY), (NO, "")],
    ids=["x-should-retry", "a day in seconds", "a day in milliseconds", "no body"],
)
def test_nothing_in_a_429_stops_the_ai_sdk(ask: Ask, headers: dict[str, str], body: str) -> None:
    (vercel,) = [client for client in clients() if client.name == "Vercel AI SDK"]
    error, attempts = ask(vercel, 429, headers, body)
    assert (error["class"], error["status"], attempts) == ("RetryError", 429, 3)


@pytest.mark.parametrize("client", clients(), ids=lambda client: client.name)
@pytest.mark.parametrize("status", [402, 403])
def test_a_status_that_is_asked_once_is_another_error(ask: Ask, client: Client, status: int) -> None:
    error, attempts = ask(client, status, NO)
    assert attempts == 1 and error["class"] not in {"RateLimitError", "RetryError"}


def test_the_setting_that_the_documentation_gives_is_the_one_that_was_played() -> None:
    page = (REPO / "docs" / "clients.md").read_text(encoding="utf-8")
    (block,) = [part.split("```")[0] for part in page.split("```js\n")[1:]]
    driver = (REPO / "tests" / "conformance" / "drivers" / "vercel_ai.mjs").read_text(encoding="utf-8")
    assert block.strip() in driver
