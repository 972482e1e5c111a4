"""The one Dockerfile, read: every source is there, and each image starts what its Deployment starts."""

from pathlib import Path

import pytest

from tests.unit.deploy.image import assemble, ignored, lineage, stages
from tests.unit.deploy.rendering import K8S, REPO, SERVICES, container, pod_spec, render

services = pytest.mark.parametrize("service", SERVICES)


def test_every_source_exists_and_reaches_the_builder() -> None:
    sources = [source for stage in stages() for copied, _ in stage.copies for source in copied]
    assert [source for source in sources if not (REPO / source).exists()] == []
    assert [source for source in sources if ignored(source)] == []


def test_what_no_image_needs_stays_out_of_the_build() -> None:
    for path in (".git", ".venv", "tests", "models/text2image", "services/quota/__pycache__", "docs"):
        assert ignored(path)


@services
def test_the_image_starts_what_the_deployment_starts(service: str) -> None:
    (entrypoint,) = [stage.entrypoint for stage in lineage(service) if stage.entrypoint]
    box = container(render(K8S / "base").one("Deployment", service))
    assert entrypoint == box["command"] == ["python", "-m", f"services.{service}"]


@services
def test_the_image_exposes_the_ports_of_the_deployment(service: str) -> None:
    (exposed,) = [stage.exposed for stage in lineage(service) if stage.exposed]
    box = container(render(K8S / "base").one("Deployment", service))
    assert exposed == {port["containerPort"] for port in box["ports"]}


@services
def test_the_image_runs_as_the_deployment_s_user(service: str) -> None:
    context = pod_spec(render(K8S / "base").one("Deployment", service))["securityContext"]
    assert lineage(service)[-1].user == f"{context['runAsUser']}:{context['runAsGroup']}"


@services
def test_an_image_holds_its_own_service_alone(service: str, tmp_path: Path) -> None:
    folder = assemble(service, tmp_path)
    assert {path.name for path in (folder / "services").iterdir()} == {"__init__.py", "runtime", service}
    assert not list(folder.rglob("__pycache__"))


@services
def test_the_models_lie_where_the_deployment_says(service: str, tmp_path: Path) -> None:
    box = container(render(K8S / "base").one("Deployment", service))
    values = {entry["name"]: entry.get("value") for entry in box["env"]}
    folder = assemble(service, tmp_path)
    held = (folder / "models" / "weights").is_dir()
    assert held == ("FOURNIL_MODELS" in values)
    if held:
        assert values["FOURNIL_MODELS"] == f"/{(folder / 'models' / 'weights').relative_to(tmp_path)}"
