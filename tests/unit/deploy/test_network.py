"""The NetworkPolicies allow exactly the edges of the mesh, computed over every pair of pods and every port."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.deploy.reach import Pod, allowed, may_receive, may_send
from tests.unit.deploy.rendering import FOLDERS, K8S, container, render

MESH = {
    ("edge", "quota", 50051),
    ("edge", "moderator", 50052),
    ("edge", "generator", 50053),
    ("generator", "quota", 50051),
    ("moderator", "quota", 50051),
    ("edge", "redis", 6379),
    ("quota", "redis", 6379),
    ("moderator", "redis", 6379),
}
CALLERS = {"edge", "quota", "moderator", "generator"}
DNS = Pod(
    "dns", {"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"}, inside=False
)  # fmt: skip
STRANGER = Pod("stranger", {"app": "other"}, {"kubernetes.io/metadata.name": "other"}, inside=False)
PROMETHEUS = Pod("prometheus", {"app": "x"}, {"kubernetes.io/metadata.name": "monitoring"}, inside=False)
INTERNET = Pod("internet", {}, {}, inside=False)
EXTRA_PORTS = {22, 53, 80, 443}

folders = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def mesh_pods(folder: Path) -> list[Pod]:
    """One pod of each workload."""
    return [
        Pod(
            workload["metadata"]["name"],
            workload["spec"]["template"]["metadata"]["labels"],
            {"kubernetes.io/metadata.name": "fournil"},
            ports={port["name"]: port["containerPort"] for port in container(workload)["ports"]},
        )
        for workload in render(folder).workloads()
    ]


def open_doors(
    folder: Path, sources: list[Pod], targets: list[Pod], *, passes: Callable[..., bool] = allowed
) -> set[tuple[str, str, int]]:
    """Every (source, target, TCP port) that the policies let through."""
    policies = render(folder).of("NetworkPolicy")
    ports = EXTRA_PORTS.union(*(pod.ports.values() for pod in mesh_pods(folder)))
    return {
        (source.name, target.name, port)
        for source, target, port in itertools.product(sources, targets, sorted(ports))
        if passes(policies, source, target, port)
    }


@folders
def test_pods_reach_exactly_their_peers(folder: Path) -> None:
    """Not even replicas of one service are peers: a pod stands for each of its kind, so for its twin too."""
    pods = mesh_pods(folder)
    assert open_doors(folder, pods, pods) == MESH


@folders
def test_each_end_alone_keeps_the_rule(folder: Path) -> None:
    """A policy changed at one end must not open what the other happened to keep shut."""
    pods = mesh_pods(folder)
    to_bucket = {("edge", pod.name, 443) for pod in pods} if folder.name == "cloud" else set()
    assert open_doors(folder, pods, pods, passes=may_send) == MESH | to_bucket
    received = open_doors(folder, pods, pods, passes=may_receive)
    assert received == MESH | {(pod.name, "edge", port) for pod in pods for port in (8080, 50050)}


@folders
def test_strangers_reach_the_edge_alone(folder: Path) -> None:
    doors = open_doors(folder, [STRANGER, INTERNET], mesh_pods(folder))
    assert doors == {(who, "edge", port) for who in ("stranger", "internet") for port in (8080, 50050)}


@folders
def test_the_four_services_and_not_the_store_ask_names(folder: Path) -> None:
    policies = render(folder).of("NetworkPolicy")
    for protocol in ("UDP", "TCP"):
        asking = {pod.name for pod in mesh_pods(folder) if allowed(policies, pod, DNS, 53, protocol)}
        assert asking == CALLERS


@folders
def test_no_pod_gets_out_except_the_edge_to_its_bucket(folder: Path) -> None:
    doors = open_doors(folder, mesh_pods(folder), [STRANGER, INTERNET])
    to_bucket = {("edge", who, 443) for who in ("stranger", "internet")}
    assert doors == (to_bucket if folder.name == "cloud" else set())


@folders
def test_metrics_are_for_prometheus_where_it_was_let_in(folder: Path) -> None:
    doors = open_doors(folder, [PROMETHEUS], mesh_pods(folder)) - {
        ("prometheus", "edge", 8080),
        ("prometheus", "edge", 50050),
    }
    metrics = {("prometheus", name, 9090 + number) for number, name in enumerate(
        ("edge", "quota", "moderator", "generator")
    )}  # fmt: skip
    assert doors == (metrics if folder.name == "cloud" else set())


def test_without_a_rule_nothing_passes() -> None:
    """The namespace's default holds for a pod that no other policy knows."""
    policies = render(K8S / "base").of("NetworkPolicy")
    new = Pod("new", {"app.kubernetes.io/name": "new"}, {"kubernetes.io/metadata.name": "fournil"})
    for pod in mesh_pods(K8S / "base"):
        port = next(iter(pod.ports.values()))
        assert not allowed(policies, new, pod, port)
        assert not allowed(policies, pod, new, 80)
