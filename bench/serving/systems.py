"""Who is measured here: our mesh, our generator alone, and each peer with one worker or with one a core."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from bench.peers.catalogue import Peer
from bench.peers.plan import Plan
from bench.serving.kitchen import CORES, MODEL, WEIGHTS
from bench.serving.mesh import ask_mesh
from bench.serving.mix import STEPS
from bench.traffic.asking import over_generate
from bench.traffic.systems import System
from services.generator.capacity import smallest_efficient

MESH = System("our mesh", "ours", "step", (sys.executable, "-m", "bench.serving.mesh", "{port}"), ask_mesh)
GENERATOR = System(
    "our generator",
    "ours",
    "step",
    (sys.executable, "-m", "bench.serving.generator", "{port}"),
    over_generate(MODEL),
    (
        ("FOURNIL_MODELS", str(WEIGHTS)),
        # There is no desk here that sends as much as there are slots: all that come are to be taken in.
        ("FOURNIL_SLOTS", "1024"),
    ),
)
OURS = (MESH, GENERATOR)
WAIT = 0.05
"""Seconds a batch of Ray Serve's may wait to fill."""


def setups(interpreter: str, peer: Peer, row_steps: Mapping[int, float]) -> Sequence[System]:
    """The peer as one worker whose calls take all cores, and as a worker a core whose calls take one. The rows of
    a batch are found from row-steps a second by rows, as our generator finds its own."""
    rows = smallest_efficient({size: size / rate for size, rate in row_steps.items()})
    found = []
    for workers, threads in ((1, CORES), (CORES, 1)):
        plan = Plan("bench.serving.worker", "early", rows, STEPS, workers, threads, (WAIT, WAIT))
        name = f"{peer.product}, {workers} x {threads} threads"
        system = peer.system(interpreter, plan, name)
        assert system is not None
        found.append(system)
    return found
