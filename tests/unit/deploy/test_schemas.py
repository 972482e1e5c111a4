"""Every kustomization renders, and every object fits the schemas of the Kubernetes versions in support.

Kubernetes maintains its three newest minor versions; the newest is the newest that the validator knows.
"""

from pathlib import Path

import kubernetes_validate
import pytest
from kubernetes_validate.utils import latest_version, major_minor

from tests.unit.deploy.rendering import FOLDERS, K8S, Manifest, render

NEWEST = major_minor(latest_version())
OLDEST = "{}.{}".format(NEWEST.split(".")[0], int(NEWEST.split(".")[1]) - 2)


def strictly_valid(document: Manifest, version: str) -> None:
    """Raises on an error and on what the command-line tool only warns of (a kind without a schema)."""
    assert kubernetes_validate.validate(document, version, strict=True) == version


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_objects_fit_the_strict_schemas(folder: Path, version: str) -> None:
    documents = render(folder).documents
    assert documents
    for document in documents:
        strictly_valid(document, version)


def test_the_check_sees_an_unknown_field() -> None:
    deployment = {**render(K8S / "base").one("Deployment", "edge"), "replicas": 3}
    with pytest.raises(kubernetes_validate.ValidationError):
        strictly_valid(deployment, NEWEST)


def test_the_check_sees_an_unknown_kind() -> None:
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        strictly_valid({"apiVersion": "apps/v1", "kind": "Oven", "metadata": {"name": "x"}}, NEWEST)
