"""Every variable that a manifest sets is one that its service reads."""

import ast
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import obstore
import pytest
from obstore.store import from_url

from tests.unit.deploy.rendering import FOLDERS, REPO, SERVICES, container, names_expanded, render

NAME = re.compile(r"FOURNIL_[A-Z0-9_]+|REDIS_URL")
FROM_THE_BUCKET_LIBRARY = {"AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""Read by obstore itself for s3:// results."""
NO_REPORTS = "ORT_DISABLE_TELEMETRY"
"""Read by onnxruntime itself, whose official builds send usage data over the network unless it is set."""


def names_in(path: Path) -> set[str]:
    """Variable names among the string constants of a module that are not its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value)
    }


def names_read(service: str) -> set[str]:
    """What the service's entry point and the shared settings read."""
    shared = names_in(REPO / "services" / "runtime" / "settings.py")
    return shared | names_in(REPO / "services" / service / "__main__.py")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("service", SERVICES)
def test_no_variable_is_set_in_vain(folder: Path, service: str) -> None:
    box = container(render(folder).one("Deployment", service))
    names = [entry["name"] for entry in box["env"]]
    assert len(names) == len(set(names))
    vain = set(names) - names_read(service) - names_expanded(box) - {NO_REPORTS}
    assert vain == (FROM_THE_BUCKET_LIBRARY if (folder.name, service) == ("cloud", "edge") else set())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_parts_that_run_models_report_to_nobody(folder: Path) -> None:
    for service in SERVICES:
        values = {
            entry["name"]: entry.get("value")
            for entry in container(render(folder).one("Deployment", service))["env"]
        }
        assert values.get(NO_REPORTS) == ("1" if "FOURNIL_MODELS" in values else None)


@pytest.mark.parametrize("service", SERVICES)
def test_every_part_listens_where_its_manifest_says(service: str) -> None:
    box = container(render(FOLDERS[0]).one("Deployment", service))
    values = {entry["name"]: entry.get("value", "") for entry in box["env"]}
    ports = {port["name"]: port["containerPort"] for port in box["ports"]}
    listens = {"grpc": "FOURNIL_LISTEN", "metrics": "FOURNIL_METRICS_LISTEN", "http": "FOURNIL_HTTP_LISTEN"}
    for name, port in ports.items():
        assert values[listens[name]] == f"0.0.0.0:{port}"


@pytest.fixture
def bucket() -> Iterator[tuple[str, list[str]]]:
    """A loopback endpoint that takes every upload, and who signed them."""
    signed: list[str] = []

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            signed.append(self.headers["authorization"])
            self.send_response(200)
            self.send_header("etag", '"1"')
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", signed
        server.shutdown()
        thread.join()


def test_the_bucket_library_reads_its_variables(
    bucket: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, signed = bucket
    values = dict(zip(sorted(FROM_THE_BUCKET_LIBRARY), ("baker", endpoint, "qc-1", "flour"), strict=True))
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    obstore.put(from_url("s3://loaves/day", client_options={"allow_http": True}), "job/0.png", b"png")
    assert len(signed) == 1
    assert "Credential=baker/" in signed[0]
    assert "/qc-1/s3/" in signed[0]
