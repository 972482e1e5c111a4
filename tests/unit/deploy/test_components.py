"""Components that base and overlays leave out, because they need something else in the cluster or add a door."""

import os
from pathlib import Path

import pytest
import yaml

from services.quota.scaler import read_aim
from tests.unit.deploy.reach import Pod
from tests.unit.deploy.rendering import K8S, container, render
from tests.unit.deploy.test_network import INTERNET, STRANGER, mesh_pods, open_doors
from tests.unit.deploy.test_schemas import NEWEST, OLDEST, strictly_valid

KEDA = Pod("keda", {"app": "keda-operator"}, {"kubernetes.io/metadata.name": "keda"}, inside=False)


def base_with(component: str, folder: Path) -> Path:
    """Base with one of them."""
    base, beside = (
        os.path.relpath(K8S / path, folder.resolve()) for path in (Path("base"), Path("components") / component)
    )
    (folder / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: fournil\n"
        f"resources: [{base}]\ncomponents: [{beside}]\n",
        encoding="utf-8",
    )
    return folder


def test_keda_scales_the_generators_and_asks_the_desk(tmp_path: Path) -> None:
    rendered = render(base_with("keda", tmp_path))
    spec = rendered.one("ScaledObject", "generator")["spec"]
    workload = rendered.one("Deployment", spec["scaleTargetRef"]["name"])
    assert "replicas" not in workload["spec"], "the count is the scaler's"
    assert 0 < spec["minReplicaCount"] <= spec["maxReplicaCount"]
    (trigger,) = spec["triggers"]
    host, _, port = trigger["metadata"]["scalerAddress"].partition(":")
    name, *where = host.split(".")
    assert where == ["fournil", "svc", "cluster", "local"]
    assert int(port) in {each["port"] for each in rendered.one("Service", name)["spec"]["ports"]}
    assert trigger["type"] == "external"
    read_aim(trigger["metadata"])


def test_keda_reaches_the_desk_and_no_other_part(tmp_path: Path) -> None:
    folder = base_with("keda", tmp_path)
    doors = {door for door in open_doors(folder, [KEDA], mesh_pods(folder)) if door[1] != "edge"}
    assert doors == {("keda", "quota", 50051)}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_browser_s_door_fits_the_strict_schemas(tmp_path: Path, version: str) -> None:
    for document in render(base_with("grpc-web", tmp_path)).documents:
        strictly_valid(document, version)


def test_the_browser_s_door_leads_to_the_edge_and_nowhere_else(tmp_path: Path) -> None:
    folder = base_with("grpc-web", tmp_path)
    rendered, pods = render(folder), mesh_pods(folder)
    door = next(pod for pod in pods if pod.name == "grpc-web")
    assert open_doors(folder, [door], pods) == {("grpc-web", "edge", 50050)}
    assert {found[2] for found in open_doors(folder, [STRANGER, INTERNET], [door])} == {8081}

    box = container(rendered.one("Deployment", "grpc-web"))
    (mapped,) = [one for one in rendered.of("ConfigMap") if one["metadata"]["name"].startswith("fournil-envoy")]
    config = yaml.safe_load(mapped["data"]["envoy.yaml"])["static_resources"]
    listens = {one["name"]: one["address"]["socket_address"]["port_value"] for one in config["listeners"]}
    assert {port["containerPort"] for port in box["ports"]} == set(listens.values())
    endpoints = config["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    address = endpoints[0]["endpoint"]["address"]["socket_address"]
    service = rendered.one("Service", address["address"])["spec"]
    assert service["clusterIP"] == "None", "Envoy sees every replica"
    assert address["port_value"] in {port["port"] for port in service["ports"]}
