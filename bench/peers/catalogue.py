"""The peers: how each is started and asked."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from bench.peers.asking import (
    ask_bentoml,
    ask_bentoml_queues,
    ask_litserve,
    ask_ray,
    ask_triton,
    ask_triton_queues,
)
from bench.peers.manners import MANNERS, QUEUES
from bench.peers.plan import Plan
from bench.traffic.asking import Dialect
from bench.traffic.systems import REPO, System

INTERPRETER = str(REPO / ".venv-peers" / "bin" / "python")


@dataclass(frozen=True, slots=True)
class Peer:
    """`package` is what is imported to see whether it is there; `arguments` follow the interpreter.
    `queues` is how it is asked when each step count has a queue of its own, where that was built."""

    product: str
    package: str
    arguments: tuple[str, ...]
    dialect: Dialect
    queues: Dialect | None = None

    def system(self, interpreter: str, plan: Plan, name: str) -> System | None:
        """This peer set up by that plan; None where it cannot be."""
        dialect = self.queues if MANNERS[plan.manner] == QUEUES else self.dialect
        if dialect is None:
            return None
        command = (interpreter, *self.arguments)
        return System(name, self.product, plan.manner, command, dialect, plan.environment())


BENTO = ("-m", "bentoml", "serve", "bench.peers.with_bentoml:Baker", "--host=127.0.0.1", "--port={port}")
PEERS = (
    Peer("LitServe", "litserve", ("-m", "bench.peers.with_litserve", "{port}"), ask_litserve),
    Peer("BentoML", "bentoml", BENTO, ask_bentoml, ask_bentoml_queues),
    Peer("Ray Serve", "ray.serve", ("-m", "bench.peers.with_ray", "{port}"), ask_ray),
    Peer(
        "PyTriton", "pytriton.triton", ("-m", "bench.peers.with_pytriton", "{port}"), ask_triton, ask_triton_queues
    ),
)


def installed(interpreter: str) -> tuple[list[Peer], list[Peer]]:
    """Peers that `interpreter` can import, and those it cannot."""
    there = [peer for peer in PEERS if _imports(interpreter, peer.package)]
    return there, [peer for peer in PEERS if peer not in there]


def _imports(interpreter: str, package: str) -> bool:
    try:
        tried = subprocess.run(
            [interpreter, "-c", f"import {package}"], capture_output=True, timeout=120, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0
