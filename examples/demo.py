"""`make demo`: the crab beside the boat, drawn through the public API.

On a mesh that serves already (its demo key is in .fournil/), else on one started for the occasion.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc

from fournil import cli
from services.local_mesh.mesh import LocalMesh
from services.local_mesh.ports import Ports

REPO = Path(__file__).resolve().parents[1]
PROMPT = "un crabe à côté d'une barque sur la plage"


@contextlib.contextmanager
def a_mesh() -> Iterator[tuple[str, str]]:
    """(target, key) of a serving mesh."""
    keys = REPO / ".fournil" / "demo-keys.json"
    usual = f"127.0.0.1:{Ports.usual().edge_grpc}"
    if keys.exists() and _serves(usual):
        yield usual, json.loads(keys.read_text(encoding="utf-8"))["paid"]
        return
    with tempfile.TemporaryDirectory(prefix="fournil-demo-") as folder:
        print("No mesh is serving: starting one for this demo (a few seconds) ...", file=sys.stderr)
        mesh = LocalMesh(Path(folder), Ports.any(), REPO / "models" / "weights")
        try:
            mesh.start()
            yield mesh.target, mesh.keys["paid"]
        finally:
            mesh.stop()


def _serves(target: str) -> bool:
    with grpc.insecure_channel(target) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=1)
        except grpc.FutureTimeoutError:
            return False
    return True


def main() -> int:
    """Draws; exit code 1 when it did not work."""
    output = REPO / "crabe.png" if len(sys.argv) < 2 else Path(sys.argv[1])
    with a_mesh() as (target, key):
        print(PROMPT)
        return cli.main(["--target", target, "--key", key, "draw", PROMPT, "--seed", "3", "-o", str(output)])


if __name__ == "__main__":
    sys.exit(main())
