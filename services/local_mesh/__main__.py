"""`make run`: the whole mesh on this machine until Ctrl-C."""

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from services.local_mesh.mesh import LocalMesh, MeshError
from services.local_mesh.ports import Ports
from services.local_mesh.store import StoreError

REPO = Path(__file__).resolve().parents[2]

GREETING = """
  Fournil is serving.                          Fournil est prêt.

  page        {page}
  gRPC        {target}
  free key    {free}
                 20 pictures a day, 3 while the ovens are full / 20 images par jour, 3 quand les fours sont pleins
  paid key    {paid}

  Lines to copy / Lignes à copier :

    export FOURNIL_API_KEY={free} FOURNIL_TARGET={target}
    .venv/bin/fournil draw "un crabe à côté d'une barque" -o crabe.png
    .venv/bin/fournil allowance

    curl {page}/v1/images/generations -H "Authorization: Bearer {paid}" \\
         -H "Content-Type: application/json" \\
         -d '{{"prompt": "a crab next to a boat on a beach", "response_format": "url"}}'

  Operators / Exploitation (docs/operating.md):

    export FOURNIL_ADMIN_TARGET={desk} FOURNIL_MODERATOR_TARGET={taster}
    FOURNIL_ADMIN_TOKEN={admin} .venv/bin/fournil admin audit

  data and logs: {folder}      Ctrl-C stops everything and loses nothing.
"""


def main() -> int:
    """Starts, watches, stops. Exit code 1 with one line when a part does not start."""
    parser = argparse.ArgumentParser(description="The whole mesh on this machine.")
    parser.add_argument("--folder", type=Path, default=REPO / ".fournil", help="where everything durable is kept")
    parser.add_argument("--any-ports", action="store_true", help="free ports instead of the usual ones")
    parser.add_argument("--models", type=Path, default=REPO / "models" / "weights")
    arguments = parser.parse_args()

    ports = Ports.any() if arguments.any_ports else Ports.usual()
    mesh = LocalMesh(arguments.folder.absolute(), ports, arguments.models.absolute())
    stop = False

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    try:
        print("Starting the store, quota, moderator, generator, edge ...", flush=True)  # noqa: T201
        mesh.start()
        facts = {"page": mesh.page, "target": mesh.target, "folder": mesh.folder, **mesh.keys}
        facts |= {"desk": mesh.desk, "taster": mesh.taster, "admin": mesh.admin_token}
        print(GREETING.format(**facts), flush=True)  # noqa: T201
        while not stop:
            mesh.look_after()
            time.sleep(0.2)
        print("\nStopping ...", flush=True)  # noqa: T201
    except (MeshError, StoreError) as error:
        print(f"fournil: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        mesh.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
