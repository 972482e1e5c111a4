"""What `kubectl kustomize` makes of a folder, and what the kubelet would make of that."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

REPO = Path(__file__).resolve().parents[3]
K8S = REPO / "deploy" / "k8s"
FOLDERS = [K8S / "base", K8S / "overlays" / "local", K8S / "overlays" / "cloud"]
SERVICES = ("edge", "quota", "moderator", "generator")

EXPECTED_SECRETS = {
    "fournil-secrets": {"key-pepper", "link-secret"},
    "fournil-redis": {"password", "url"},
}
"""What base leaves to the operator, by name and keys; docs/deploy.md says how to make each."""

Manifest = dict[str, Any]
_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


@dataclass(frozen=True)
class Rendered:
    """The objects of one kustomization."""

    documents: list[Manifest]

    def of(self, *kinds: str) -> list[Manifest]:
        """Every object of these kinds."""
        return [document for document in self.documents if document["kind"] in kinds]

    def one(self, kind: str, name: str) -> Manifest:
        """The object of that kind and name. Raises KeyError."""
        for document in self.of(kind):
            if document["metadata"]["name"] == name:
                return document
        raise KeyError(f"{kind} {name}")

    def workloads(self) -> list[Manifest]:
        """Everything that makes pods."""
        return self.of("Deployment", "StatefulSet")


@functools.cache
def render(folder: Path) -> Rendered:
    """Renders a kustomization. Without kubectl it skips at home and fails in CI."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        reason = "kubectl is not on PATH, so the manifests cannot be rendered"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [kubectl, "kustomize", str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, f"kustomize warns: {done.stderr}"
    return Rendered([document for document in yaml.safe_load_all(done.stdout) if document])


def pod_spec(workload: Manifest) -> Manifest:
    """The pod spec of a Deployment or StatefulSet."""
    spec: Manifest = workload["spec"]["template"]["spec"]
    return spec


def container(workload: Manifest) -> Manifest:
    """The only container of a workload."""
    (only,) = pod_spec(workload)["containers"]
    return dict(only)


def probes(box: Manifest) -> dict[str, Manifest]:
    """The probes of a container by name."""
    return {name: box[name] for name in ("startupProbe", "readinessProbe", "livenessProbe") if name in box}


def references(spec: Manifest) -> Iterator[tuple[str, str, str]]:
    """(kind, object, key) of every ConfigMap, Secret and claim that a pod spec needs; key "" for a whole one."""
    for box in spec["containers"]:
        for entry in box.get("env", []):
            for source, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                found = entry.get("valueFrom", {}).get(source)
                if found and not found.get("optional"):
                    yield kind, found["name"], found["key"]
    for volume in spec.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"], ""
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"], ""
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], ""


def environment(
    rendered: Rendered, box: Manifest, *, secrets: Mapping[str, Mapping[str, str]], pod_ip: str
) -> dict[str, str]:
    """A container's variables as the kubelet makes them: in order, $(NAME) expanded from those before."""
    values: dict[str, str] = {}
    for entry in box.get("env", []):
        source = entry.get("valueFrom", {})
        if "configMapKeyRef" in source:
            reference = source["configMapKeyRef"]
            value = rendered.one("ConfigMap", reference["name"])["data"][reference["key"]]
        elif "secretKeyRef" in source:
            reference = source["secretKeyRef"]
            if reference.get("optional") and reference["key"] not in secrets[reference["name"]]:
                continue
            value = secrets[reference["name"]][reference["key"]]
        elif "fieldRef" in source:
            value = {"status.podIP": pod_ip}[source["fieldRef"]["fieldPath"]]
        else:
            value = entry["value"]
        values[entry["name"]] = expand(value, values)
    return values


def expand(text: str, values: Mapping[str, str]) -> str:
    """`text` with $(NAME) replaced where NAME is known, as in `env`, `command` and `args`."""
    return _REFERENCE.sub(lambda found: values.get(found[1], found[0]), text)


def names_expanded(box: Manifest) -> set[str]:
    """The variables that other variables or the command of the container refer to as $(NAME)."""
    texts = [*box.get("command", []), *box.get("args", [])]
    texts += [entry["value"] for entry in box.get("env", []) if "value" in entry]
    return {name for text in texts for name in _REFERENCE.findall(text)}
