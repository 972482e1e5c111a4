"""What an operator looks at: health, reflection, metrics, probes, the public line."""

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from services.local_mesh.mesh import HEALTH_NAMES
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e

COUNTED = {
    "quota": "fournil_rpc_total",
    "moderator": "fournil_rpc_total",
    "generator": "fournil_rpc_total",
    "edge": "fournil_edge_walks",
}


@pytest.mark.parametrize("name", list(HEALTH_NAMES))
def test_every_service_reports_its_health_and_describes_itself(mesh: SupervisedMesh, name: str) -> None:
    address = mesh.local.children[name].environment["FOURNIL_LISTEN"]
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for asked in ("", HEALTH_NAMES[name]):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=asked), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as unknown:
            stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
        assert unknown.value.code() is grpc.StatusCode.NOT_FOUND  # type: ignore[attr-defined]
        listed = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert HEALTH_NAMES[name] in listed and "grpc.health.v1.Health" in listed


@pytest.mark.parametrize("name", list(HEALTH_NAMES))
def test_every_service_counts_for_prometheus(mesh: SupervisedMesh, name: str) -> None:
    address = mesh.local.children[name].environment["FOURNIL_METRICS_LISTEN"]
    answer = httpx.get(f"http://{address}/metrics", timeout=10)
    assert answer.status_code == 200 and COUNTED[name] in answer.text


def test_the_edge_is_alive_ready_and_says_who_waits(mesh: SupervisedMesh) -> None:
    with httpx.Client(base_url=mesh.local.page, timeout=10) as web:
        assert web.get("/healthz").text == "ok\n"
        assert web.get("/readyz").status_code == 200
        line = web.get("/v1/queue").json()
        assert {(one["model"], one["tier"]) for one in line["classes"]} >= {
            ("fournil-mini", "free"),
            ("fournil-mini", "paid"),
        }
        page = web.get("/")
        assert page.status_code == 200 and "Fournil" in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert set(web.get("/v1/demo-key").json()) == {"free", "paid"}


def test_a_message_beyond_the_bound_is_refused(mesh: SupervisedMesh) -> None:
    with grpc.insecure_channel(mesh.local.target) as channel:
        call = channel.unary_unary("/fournil.edge.v1.ImageService/CreateJob")
        with pytest.raises(grpc.RpcError) as raised:
            call(b"\x1a\x80\x80\x80\x03" + b"a" * (6 << 20), timeout=10)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
