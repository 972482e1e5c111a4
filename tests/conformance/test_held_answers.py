"""Why nothing is written while a call without `stream` is held: clients read over spaces before the JSON, but an
error that comes after them is not one for them, because its status had to be told before."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from tests.conformance.environments import Client, clients

pytestmark = pytest.mark.e2e
PICTURES = {"created": 1, "data": [{"url": "http://127.0.0.1:1/a"}, {"url": "http://127.0.0.1:1/b"}]}
ERROR = {"error": {"message": "Refused by the moderator", "type": "image_generation_user_error", "code": "no"}}
SDKS = [client for client in clients() if client.driver.startswith("openai")]


class Spaces:
    """A server that holds a call with spaces, and then says what it was given."""

    def __init__(self, body: dict[str, object]) -> None:
        self._body = json.dumps(body).encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            with one:
                one.settimeout(5)
                read_whole(one)
                one.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n")
                for _ in range(5):
                    one.sendall(b" ")
                    time.sleep(0.1)
                one.sendall(self._body)


def read_whole(one: socket.socket) -> None:
    """A request to its last byte: what is left unread when a connection is closed resets it."""
    with one.makefile("rb") as stream:
        length = 0
        while (line := stream.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "content-length":
                length = int(value)
        stream.read(length)


@pytest.fixture
def pictures() -> Iterator[int]:
    server = Spaces(PICTURES)
    yield server.port
    server.close()


@pytest.fixture
def error() -> Iterator[int]:
    server = Spaces(ERROR)
    yield server.port
    server.close()


@pytest.mark.parametrize("client", SDKS, ids=lambda client: client.name)
def test_spaces_are_read_over_and_hide_an_error(client: Client, pictures: int, error: int) -> None:
    if not client.ready:
        pytest.skip(f"{client.name} is not installed here: make conformance")
    client.prepare()
    scenes = {"url": pictures, "refusal": error}
    where = {name: {"url": f"http://127.0.0.1:{port}/v1", "key": "k"} for name, port in scenes.items()}
    told = json.dumps({"scenes": where, "refused": "x", "picture": ""})
    done = subprocess.run(client.command, input=told, capture_output=True, text=True, timeout=60, check=True)
    fine, hidden = (json.loads(line) for line in done.stdout.splitlines())
    assert len(fine["pictures"]) == 2
    assert hidden.get("error", {}).get("status") is None, (
        "no error of the API's, whatever the caller then trips over"
    )
    assert "moderator" not in hidden.get("error", {}).get("message", "")
