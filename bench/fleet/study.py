"""What is run: every curve under every load, ours and whole requests; some curves with more and fewer slots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from bench.fleet.figures import Figures, figures
from bench.fleet.fleet import Fleet
from bench.fleet.published import CURVES
from bench.fleet.whole import WholeRequests
from bench.fleet.workload import Scenario, Size
from services.generator.batcher import Batcher

OURS, WHOLE = "ours", "whole requests"
KINDS: dict[str, type[Batcher]] = {OURS: Batcher, WHOLE: WholeRequests}
SURGE = Scenario(50.0, surge=True)
PATIENT = Scenario(50.0, leaving=0.0, surge=True)
"""Nobody gives up: then two accounts are as close as the line promises."""
OVERLOAD = Scenario(1.5)
SCENARIOS = (Scenario(0.8), Scenario(1.0), OVERLOAD, SURGE)
SLOTS = 1.5
"""Slots of an oven over pictures of a full call, where nothing else is said; docs/decisions/0013 says why."""
DEFAULT_SLOTS = 4
"""As `FOURNIL_SLOTS` is by default."""
MULTIPLES = (1.0, 1.5, 2.0, 4.0)
OVERCOMMITTED = ("SD 1.5 on A100", "SDXL-Turbo on L4", "SDXL on L4", "FLUX.1 on H100")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: by names, so that it is light to hand to another process."""

    curve: str
    scenario: str
    kind: str
    slots: str

    @property
    def name(self) -> str:
        """All of it."""
        return f"{self.curve}, {self.scenario}, {self.kind}, {self.slots} slots"


Table = dict[Run, Figures]


def times(multiple: float) -> str:
    """Names slots as a multiple of a call, for example "1.5x"."""
    return f"{multiple:g}x"


USUAL = times(SLOTS)
DEFAULT = f"{DEFAULT_SLOTS} (the former default)"


def slots_of(name: str, batch: int) -> int:
    """Slots by their name, for calls of `batch` pictures; rounded up."""
    return DEFAULT_SLOTS if name == DEFAULT else math.ceil(float(name.removesuffix("x")) * batch)


def runs(curves: Sequence[str]) -> list[Run]:
    """Everything for these curves, the longest runs first."""
    loads = [
        Run(curve, scenario.name, kind, USUAL)
        for scenario in reversed(SCENARIOS)
        for curve in curves
        for kind in KINDS
    ]
    slots = [
        Run(curve, OVERLOAD.name, OURS, name)
        for curve in OVERCOMMITTED
        if curve in curves
        for name in (DEFAULT, *map(times, MULTIPLES))
    ]
    patient = [Run(curve, PATIENT.name, OURS, USUAL) for curve in OVERCOMMITTED[:1] if curve in curves]
    return list(dict.fromkeys([*loads, *patient, *slots]))


def run_one(run: Run, size: Size, seed: int) -> Figures:
    """Simulates it."""
    curve = next(curve for curve in CURVES if curve.name == run.curve)
    scenario = next(scenario for scenario in (*SCENARIOS, PATIENT) if scenario.name == run.scenario)
    slots = slots_of(run.slots, curve.batch)
    return figures(Fleet(curve, scenario, size, slots=slots, seed=seed, kind=KINDS[run.kind]).run())


def run_all(planned: Sequence[Run], size: Size, seed: int, processes: int) -> Iterator[tuple[Run, Figures]]:
    """Each run with its figures, as they end."""
    with ProcessPoolExecutor(processes) as pool:
        pending = {pool.submit(run_one, run, size, seed): run for run in planned}
        for future in as_completed(pending):
            yield pending[future], future.result()
