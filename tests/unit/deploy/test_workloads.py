"""How each pod is run: probes, an orderly end, rights, resources, rollouts."""

from pathlib import Path

import pytest

from fournil.edge.v1 import edge_pb2
from fournil.generator.v1 import generator_pb2
from fournil.moderator.v1 import moderator_pb2
from fournil.quota.v1 import quota_pb2
from tests.unit.deploy.rendering import FOLDERS, K8S, REPO, SERVICES, container, pod_spec, probes, render

HEALTH_NAMES = {
    "edge": edge_pb2.DESCRIPTOR.services_by_name["ImageService"].full_name,
    "quota": quota_pb2.DESCRIPTOR.services_by_name["QuotaService"].full_name,
    "moderator": moderator_pb2.DESCRIPTOR.services_by_name["ModeratorService"].full_name,
    "generator": generator_pb2.DESCRIPTOR.services_by_name["GeneratorService"].full_name,
}
HANDLERS = {"grpc", "exec", "httpGet", "tcpSocket"}
CLOSING_SECONDS = 3 * 5.0
"""What `ServiceProcess` may spend after the calls in flight: three things to close, five seconds each."""

folders = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
services = pytest.mark.parametrize("service", SERVICES)


def longest_end(drain: float, grace: float) -> float:
    """Seconds from SIGTERM to exit when every step of `ServiceProcess` takes all that it may."""
    # Word to the peers may take drain + 1; then the drain itself; other servers get grace + 2.
    return (drain + 1) + drain + (grace + 2) + CLOSING_SECONDS


@folders
def test_every_probe_has_exactly_one_handler(folder: Path) -> None:
    for workload in render(folder).workloads():
        found = probes(container(workload))
        assert set(found) == {"startupProbe", "readinessProbe", "livenessProbe"}
        for probe in found.values():
            assert len(HANDLERS & probe.keys()) == 1


@services
def test_probes_ask_the_service_by_its_name_and_liveness_only_the_process(service: str) -> None:
    found = probes(container(render(K8S / "base").one("Deployment", service)))
    assert found["startupProbe"]["grpc"]["service"] == HEALTH_NAMES[service]
    assert found["readinessProbe"]["grpc"]["service"] == HEALTH_NAMES[service]
    assert found["livenessProbe"]["grpc"]["service"] == ""


@folders
@services
def test_the_grace_period_outlasts_the_longest_orderly_end(folder: Path, service: str) -> None:
    workload = render(folder).one("Deployment", service)
    values = {entry["name"]: entry.get("value") for entry in container(workload)["env"]}
    drain, grace = float(values["FOURNIL_DRAIN_SECONDS"]), float(values["FOURNIL_GRACE_SECONDS"])
    assert pod_spec(workload)["terminationGracePeriodSeconds"] > longest_end(drain, grace)


@folders
def test_pods_meet_the_restricted_standard(folder: Path) -> None:
    rendered = render(folder)
    (namespace,) = rendered.of("Namespace")
    for mode in ("enforce", "audit", "warn"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"
    for workload in rendered.workloads():
        spec = pod_spec(workload)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container(workload)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()


@folders
def test_pods_hold_no_token_and_no_address_they_did_not_ask_for(folder: Path) -> None:
    rendered = render(folder)
    for workload in rendered.workloads():
        assert pod_spec(workload)["automountServiceAccountToken"] is False
        assert pod_spec(workload)["enableServiceLinks"] is False
    for account in rendered.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


@folders
def test_memory_is_bounded_and_requests_are_stated(folder: Path) -> None:
    for workload in render(folder).workloads():
        resources = container(workload)["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys()
        assert "memory" in resources["limits"]


@services
def test_a_rollout_takes_no_serving_pod_away(service: str) -> None:
    spec = render(K8S / "base").one("Deployment", service)["spec"]
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert spec["strategy"]["rollingUpdate"]["maxSurge"] >= 1
    assert spec["replicas"] >= 2


@folders
def test_several_edges_share_one_picture_store(folder: Path) -> None:
    """More than one edge replica on a file store needs a volume that all of them can mount."""
    rendered = render(folder)
    edge = rendered.one("Deployment", "edge")
    (settings,) = [
        entry for entry in rendered.of("ConfigMap") if entry["metadata"]["name"].startswith("fournil-settings")
    ]
    url = settings["data"]["results-url"]
    claims = rendered.of("PersistentVolumeClaim")
    assert bool(claims) == url.startswith("file://")
    for claim in claims:
        mounts = [mount["mountPath"] for mount in container(edge)["volumeMounts"]]
        assert url.removeprefix("file://") in mounts
        assert edge["spec"]["replicas"] == 1 or claim["spec"]["accessModes"] == ["ReadWriteMany"]


@services
def test_the_guide_tells_the_true_times(service: str) -> None:
    workload = render(K8S / "base").one("Deployment", service)
    values = {entry["name"]: entry.get("value") for entry in container(workload)["env"]}
    drain, grace = int(values["FOURNIL_DRAIN_SECONDS"]), int(values["FOURNIL_GRACE_SECONDS"])
    period = pod_spec(workload)["terminationGracePeriodSeconds"]
    row = f"| {service} | {drain} s | {grace} s | {longest_end(drain, grace):.0f} s | {period} s |"
    assert row in (REPO / "docs" / "deploy.md").read_text(encoding="utf-8")
