"""What one object says of another is true: selectors, names, ports, secrets. Schemas see none of it."""

import re
from pathlib import Path

import pytest

from tests.unit.deploy.rendering import (
    EXPECTED_SECRETS,
    FOLDERS,
    K8S,
    REPO,
    SERVICES,
    Manifest,
    container,
    pod_spec,
    probes,
    references,
    render,
)

FROM_OPERATOR = {"base": EXPECTED_SECRETS, "local": {}, "cloud": EXPECTED_SECRETS | {
    "fournil-s3": {"access-key-id", "secret-access-key"},
    "fournil-c2pa": {"tls.crt", "tls.key"},
}}  # fmt: skip
folders = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def pods_taken(folder: Path, selector: Manifest) -> list[str]:
    """Workloads whose pods carry every label of a plain selector."""
    return [
        workload["metadata"]["name"]
        for workload in render(folder).workloads()
        if selector.items() <= workload["spec"]["template"]["metadata"]["labels"].items()
    ]


@folders
def test_every_selector_takes_exactly_its_own_pods(folder: Path) -> None:
    rendered = render(folder)
    for workload in rendered.workloads():
        name = workload["metadata"]["name"]
        assert pods_taken(folder, workload["spec"]["selector"]["matchLabels"]) == [name]
        for spread in pod_spec(workload).get("topologySpreadConstraints", []):
            assert pods_taken(folder, spread["labelSelector"]["matchLabels"]) == [name]
    for service in rendered.of("Service"):
        assert pods_taken(folder, service["spec"]["selector"]) == [service["metadata"]["name"].split("-")[0]]
    for budget in rendered.of("PodDisruptionBudget"):
        selector = budget["spec"]["selector"]["matchLabels"]
        assert pods_taken(folder, selector) == [budget["metadata"]["name"]]


@folders
def test_every_service_port_leads_to_a_named_container_port(folder: Path) -> None:
    rendered = render(folder)
    for service in rendered.of("Service"):
        (name,) = pods_taken(folder, service["spec"]["selector"])
        (workload,) = [entry for entry in rendered.workloads() if entry["metadata"]["name"] == name]
        ports = {port["name"]: port["containerPort"] for port in container(workload)["ports"]}
        for port in service["spec"]["ports"]:
            assert ports[port["targetPort"]] == port["port"]


@folders
def test_everything_a_pod_names_exists(folder: Path) -> None:
    rendered = render(folder)
    secrets = {entry["metadata"]["name"]: set(entry["data"]) for entry in rendered.of("Secret")}
    secrets |= FROM_OPERATOR[folder.name]
    for workload in rendered.workloads():
        spec = pod_spec(workload)
        assert rendered.one("ServiceAccount", spec["serviceAccountName"])
        for kind, name, key in references(spec):
            if kind == "Secret":
                assert not key or key in secrets[name]
            else:
                data = rendered.one(kind, name).get("data", {})
                assert not key or key in data
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
        mounts = {mount["name"] for mount in container(workload).get("volumeMounts", [])}
        assert mounts == volumes


@folders
def test_nothing_is_left_over(folder: Path) -> None:
    """A ConfigMap, Secret, claim or account that nobody names is a mistake in a name."""
    rendered = render(folder)
    named = {(kind, name) for entry in rendered.workloads() for kind, name, _ in references(pod_spec(entry))}
    named |= {("ServiceAccount", pod_spec(entry)["serviceAccountName"]) for entry in rendered.workloads()}
    kinds = ("ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount")
    assert {(entry["kind"], entry["metadata"]["name"]) for entry in rendered.of(*kinds)} <= named


def test_base_holds_no_secret() -> None:
    assert not render(K8S / "base").of("Secret")


def test_the_guide_says_how_to_make_every_expected_secret() -> None:
    guide = (REPO / "docs" / "deploy.md").read_text(encoding="utf-8")
    for name, keys in FROM_OPERATOR["cloud"].items():
        start = guide.index(f"create secret generic {name}")
        command = guide[start : guide.index("```", start)].partition("\nkubectl")[0]
        assert {key for key in keys if re.search(f"--from-(literal|file)={key}=", command)} == keys


@folders
def test_everything_lives_in_the_namespace(folder: Path) -> None:
    rendered = render(folder)
    (namespace,) = rendered.of("Namespace")
    for document in rendered.documents:
        if document is not namespace:
            assert document["metadata"]["namespace"] == namespace["metadata"]["name"]


@folders
def test_peers_are_named_by_the_services_that_exist(folder: Path) -> None:
    rendered = render(folder)
    for workload in rendered.of("Deployment"):
        for entry in container(workload)["env"]:
            if entry.get("value", "").startswith("dns:///"):
                name, _, port = entry["value"].removeprefix("dns:///").partition(":")
                service = rendered.one("Service", name)["spec"]
                assert service["clusterIP"] == "None", "calls are balanced by the client"
                assert int(port) in {each["port"] for each in service["ports"]}


@folders
def test_images_are_named_for_their_service_and_share_the_version(folder: Path) -> None:
    rendered = render(folder)
    version = next(
        line.split('"')[1]
        for line in (REPO / "pyproject.toml").read_text(encoding="utf-8").splitlines()
        if line.startswith("version = ")
    )
    for service in SERVICES:
        box = container(rendered.one("Deployment", service))
        assert box["image"] == f"fournil-{service}:{version}"
        assert box["name"] == service
    store = container(rendered.one("StatefulSet", "redis"))["image"]
    assert store.partition(":")[2] not in {"", "latest"}


@folders
def test_scalers_own_the_count_of_what_they_scale(folder: Path) -> None:
    rendered = render(folder)
    for scaler in rendered.of("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        workload = rendered.one(target["kind"], target["name"])
        assert "replicas" not in workload["spec"]
        assert "cpu" in container(workload)["resources"]["requests"], "utilisation is a share of the request"


@folders
def test_probes_ask_the_container_s_own_ports(folder: Path) -> None:
    for workload in render(folder).workloads():
        box = container(workload)
        ports = {port["name"]: port["containerPort"] for port in box["ports"]}
        for probe in probes(box).values():
            if "grpc" in probe:
                assert probe["grpc"]["port"] == ports["grpc"]
            if "tcpSocket" in probe:
                assert probe["tcpSocket"]["port"] in ports
