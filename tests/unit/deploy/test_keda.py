"""The component `keda`, which base and overlays leave out because it needs KEDA's own kinds in the cluster."""

import os
from pathlib import Path

import pytest

from services.quota.scaler import read_aim
from tests.unit.deploy.reach import Pod
from tests.unit.deploy.rendering import K8S, render
from tests.unit.deploy.test_network import mesh_pods, open_doors

KEDA = Pod("keda", {"app": "keda-operator"}, {"kubernetes.io/metadata.name": "keda"}, inside=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Base with the component."""
    base, component = (
        os.path.relpath(K8S / path, tmp_path.resolve()) for path in ("base", Path("components") / "keda")
    )
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: fournil\n"
        f"resources: [{base}]\ncomponents: [{component}]\n",
        encoding="utf-8",
    )
    return tmp_path


def test_it_scales_the_generators_and_asks_the_desk(folder: Path) -> None:
    rendered = render(folder)
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


def test_keda_reaches_the_desk_and_no_other_part(folder: Path) -> None:
    doors = {door for door in open_doors(folder, [KEDA], mesh_pods(folder)) if door[1] != "edge"}
    assert doors == {("keda", "quota", 50051)}
