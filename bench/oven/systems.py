"""Who is measured here: ours, then each peer in each manner."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from bench.oven.curve import CAP
from bench.oven.mix import STEPS
from bench.oven.ours import MODEL, PAID_SECONDS
from bench.peers.catalogue import Peer
from bench.peers.manners import MANNERS
from bench.peers.plan import Plan
from bench.traffic.asking import over_generate
from bench.traffic.systems import System

OUR_SYSTEM = System(
    "ours", "ours", "step", (sys.executable, "-m", "bench.oven.ours", "{port}"), over_generate(MODEL)
)
PROMISE = 0.6
PROMISED = replace(
    OUR_SYSTEM,
    name=f"ours with {PROMISE} s promised",
    environment=((PAID_SECONDS, str(PROMISE)),),
)
"""Ours once more, with a promise to paid pictures that takes smaller calls (docs/decisions/0012)."""
WAITS = (0.3, 0.7)
"""Seconds a batch of Ray Serve's may wait to fill under light and heavy load: the best of 0.06, 0.12, 0.2, 0.3 and
0.45 at half load; with 0.7 and 1.0 beside them, the best at 0.8, 1.0 and 1.5 times the device. Shorter ones made
waits up to three times as long."""


def systems(interpreter: str, peers: Sequence[Peer]) -> list[System]:
    """Ours first, in both settings, then each peer in each manner it can be had in."""
    found = [OUR_SYSTEM, PROMISED]
    for peer in peers:
        for manner, meaning in MANNERS.items():
            plan = Plan("bench.oven.worker", manner, CAP, STEPS, waits=WAITS)
            if system := peer.system(interpreter, plan, f"{peer.product}, {meaning}"):
                found.append(system)
    return found
