"""The example for Node, with the newest client that `make conformance` has installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.environments import REPO, clients
from tests.e2e.conftest import SupervisedMesh

EXAMPLE = REPO / "examples" / "openai_client.mjs"


def test_the_example_for_node_draws(mesh: SupervisedMesh, tmp_path: Path) -> None:
    (newest,) = [client for client in clients() if client.name == "openai-node 7"]
    if not newest.ready:
        pytest.skip(f"{newest.name} is not installed (make conformance)")
    # Node looks for packages beside the script.
    script, out = newest.folder / EXAMPLE.name, tmp_path / "crab.png"
    shutil.copy(EXAMPLE, script)
    command = ["node", str(script), mesh.local.page, mesh.new_key("free"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(b"\x89PNG")
