"""Who is measured: name, manner, how its server is started, how it is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.oven.asking import Dialect, ask_bentoml, ask_litserve, ask_ours, ask_ray, ask_triton
from bench.oven.manners import MANNERS

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class System:
    """`command` serves on loopback at the port put in for `{port}`; `manner` is its short name, or "step"."""

    name: str
    product: str
    manner: str
    command: tuple[str, ...]
    dialect: Dialect

    @property
    def label(self) -> str:
        """Its name as a file's."""
        return f"{self.product}-{self.manner}".lower().replace(" ", "-")


OUR_SYSTEM = System("ours", "ours", "step", (sys.executable, "-m", "bench.oven.ours", "{port}"), ask_ours)


@dataclass(frozen=True, slots=True)
class Peer:
    """`package` is what is imported to see whether it is there; `arguments` follow the interpreter."""

    product: str
    package: str
    arguments: tuple[str, ...]
    dialect: Dialect


BENTO = (
    "-m",
    "bentoml",
    "serve",
    "bench.oven.peers.with_bentoml:Baker",
    "--host",
    "127.0.0.1",
    "--port",
    "{port}",
)
PEERS = (
    Peer("LitServe", "litserve", ("-m", "bench.oven.peers.with_litserve", "{manner}", "{port}"), ask_litserve),
    Peer("BentoML", "bentoml", BENTO, ask_bentoml),
    Peer("Ray Serve", "ray.serve", ("-m", "bench.oven.peers.with_ray", "{manner}", "{port}"), ask_ray),
    Peer(
        "PyTriton", "pytriton.triton", ("-m", "bench.oven.peers.with_pytriton", "{manner}", "{port}"), ask_triton
    ),
)


def installed(interpreter: str) -> tuple[list[Peer], list[Peer]]:
    """Peers that `interpreter` can import, and those it cannot."""
    there = [peer for peer in PEERS if _imports(interpreter, peer.package)]
    return there, [peer for peer in PEERS if peer not in there]


def systems(interpreter: str, peers: Sequence[Peer]) -> list[System]:
    """Ours first, then each peer in each manner."""
    found = [OUR_SYSTEM]
    for peer in peers:
        for manner, meaning in MANNERS.items():
            arguments = tuple(part.replace("{manner}", manner) for part in peer.arguments)
            name = f"{peer.product}, {meaning}"
            found.append(System(name, peer.product, manner, (interpreter, *arguments), peer.dialect))
    return found


def _imports(interpreter: str, package: str) -> bool:
    try:
        tried = subprocess.run(
            [interpreter, "-c", f"import {package}"], capture_output=True, timeout=120, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0
