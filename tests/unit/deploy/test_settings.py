"""Every variable that a manifest sets is one that its service reads."""

import ast
import re
from pathlib import Path

import pytest

from tests.unit.deploy.rendering import FOLDERS, REPO, SERVICES, container, names_expanded, render

NAME = re.compile(r"FOURNIL_[A-Z_]+|REDIS_URL")
FROM_THE_BUCKET_LIBRARY = {"AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""Read by obstore itself for s3:// results."""


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
    vain = set(names) - names_read(service) - names_expanded(box)
    assert vain == (FROM_THE_BUCKET_LIBRARY if (folder.name, service) == ("cloud", "edge") else set())


@pytest.mark.parametrize("service", SERVICES)
def test_every_part_listens_where_its_manifest_says(service: str) -> None:
    box = container(render(FOLDERS[0]).one("Deployment", service))
    values = {entry["name"]: entry.get("value", "") for entry in box["env"]}
    ports = {port["name"]: port["containerPort"] for port in box["ports"]}
    listens = {"grpc": "FOURNIL_LISTEN", "metrics": "FOURNIL_METRICS_LISTEN", "http": "FOURNIL_HTTP_LISTEN"}
    for name, port in ports.items():
        assert values[listens[name]] == f"0.0.0.0:{port}"
