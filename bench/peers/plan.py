"""How one peer is set up for one run, handed to its server in the environment."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

VARIABLE = "FOURNIL_BENCH_PLAN"

Want = dict[str, Any]
"""One request: steps, prompt, seed."""


class Worker(Protocol):
    """What a server bakes with; one a process, or one a thread where its peer says so."""

    def bake(self, wants: Sequence[Want]) -> list[str]:
        """The answers to a batch, in its order. Blocks."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """`worker` names a module with a `new_worker(plan)`; `workers` of them bake at once, each at most `rows`
    requests a batch in the `manner` (`manners.py`), each call on `threads` threads. `steps` are the step counts
    that come. `waits` are the seconds that a batch may wait to fill under light and under heavy load, where its
    peer must be told."""

    worker: str
    manner: str
    rows: int
    steps: tuple[int, ...]
    workers: int = 1
    threads: int = 1
    waits: tuple[float, float] = (0.0, 0.0)

    def environment(self) -> tuple[tuple[str, str], ...]:
        """What the server reads it from."""
        return ((VARIABLE, json.dumps(asdict(self))),)

    @staticmethod
    def read() -> Plan:
        """The plan of this process."""
        values: dict[str, Any] = json.loads(os.environ[VARIABLE])
        return Plan(**values | {name: tuple(values[name]) for name in ("steps", "waits")})

    def new_worker(self) -> Worker:
        """A worker, ready to bake."""
        worker: Worker = importlib.import_module(self.worker).new_worker(self)
        return worker
