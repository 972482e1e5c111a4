"""Who is measured: name, manner, how its server is started, how it is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.oven.asking import (
    Dialect,
    ask_bentoml,
    ask_bentoml_queues,
    ask_litserve,
    ask_ours,
    ask_ray,
    ask_triton,
    ask_triton_queues,
)
from bench.oven.manners import MANNERS, QUEUES

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
    """`package` is what is imported to see whether it is there; `arguments` follow the interpreter.
    `queues` is how it is asked when each step count has a queue of its own, where that was built."""

    product: str
    package: str
    arguments: tuple[str, ...]
    dialect: Dialect
    queues: Dialect | None = None


BENTO = ("-m", "bentoml", "serve", "bench.oven.peers.with_bentoml:Baker", "--host=127.0.0.1", "--port={port}")


def _own(module: str) -> tuple[str, ...]:
    return "-m", f"bench.oven.peers.{module}", "{manner}", "{port}"


PEERS = (
    Peer("LitServe", "litserve", _own("with_litserve"), ask_litserve),
    Peer("BentoML", "bentoml", BENTO, ask_bentoml, ask_bentoml_queues),
    Peer("Ray Serve", "ray.serve", _own("with_ray"), ask_ray),
    Peer("PyTriton", "pytriton.triton", _own("with_pytriton"), ask_triton, ask_triton_queues),
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
            dialect = peer.queues if meaning == QUEUES else peer.dialect
            if dialect is None:
                continue
            arguments = tuple(part.replace("{manner}", manner) for part in peer.arguments)
            name = f"{peer.product}, {meaning}"
            found.append(System(name, peer.product, manner, (interpreter, *arguments), dialect))
    return found


def _imports(interpreter: str, package: str) -> bool:
    try:
        tried = subprocess.run(
            [interpreter, "-c", f"import {package}"], capture_output=True, timeout=120, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0
