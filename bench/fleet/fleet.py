"""A run: every request through the desk and an oven, on the simulated clock.

A job is asked for, held or refused, waits, gets a turn, is baked, and its slots are free again a moment later.
What lies around the baking is taken from a measure: over the whole mesh a picture took 26 ms longer than at the
generator alone (bench/RESULTS.md, edge, 4 steps, one at a time). Half of that passes before the oven, half after;
the division is ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.fleet.agenda import Agenda
from bench.fleet.curve import Curve
from bench.fleet.desk import FREE, SimulatedDesk, fleet_policy
from bench.fleet.fairness import Fairness
from bench.fleet.oven import Baked, SimulatedOven
from bench.fleet.workload import Request, Scenario, Size, accounts, requests
from services.generator.batcher import FREE as FREE_CLASS
from services.generator.batcher import PAID as PAID_CLASS
from services.generator.batcher import Batcher
from services.generator.heartbeat import EARLY
from services.runtime.errors import Fault

HOP = 0.013
"""Seconds between a turn and the oven, and between the last step and free slots."""
SETTLING = 1 / 3
"""Of the measured time, before shares are counted: by then every line of a surge is long."""
KEEP_EVERY = 10.0
"""Seconds between two rounds of extending and sweeping; far within the 30 s of a lease."""


@dataclass(slots=True, eq=False)
class Job(Baked):
    """An accepted request. Times in seconds since the run began, None while it has not happened."""

    id: str
    request: Request
    model: str
    klass: int
    width: int
    steps: int
    cost: int
    oven: SimulatedOven | None = None
    started: float | None = None
    ended: float | None = None
    end: str = "waiting"
    """"drawn", "left", "failed", or "waiting" at the cut."""


@dataclass(slots=True)
class Books:
    """What a run left: `refused` counts by class and reason; `returned` turns an oven did not take."""

    curve: Curve
    scenario: Scenario
    size: Size
    slots: int
    asked: Counter[str]
    refused: Counter[tuple[str, str]]
    jobs: Sequence[Job]
    ovens: Sequence[SimulatedOven]
    fairness: Fairness
    warm_up: float
    end: float
    paused: list[int] = field(default_factory=list)
    """Pictures put aside in one oven, sampled at every heartbeat of the measured time."""
    returned: int = 0
    expired: int = 0


class Fleet:
    """`slots` pictures an oven is leased at once; `kind` decides who is in a step."""

    def __init__(
        self,
        curve: Curve,
        scenario: Scenario,
        size: Size,
        *,
        slots: int,
        seed: int,
        kind: type[Batcher] = Batcher,
    ) -> None:
        self._agenda = Agenda()
        self._desk = SimulatedDesk(fleet_policy(), lambda: self._agenda.now)
        self._ovens = {
            name: SimulatedOven(name, curve, self._agenda, self._baked, slots=slots, kind=kind)
            for name in (f"oven-{number:02}" for number in range(size.ovens))
        }
        warm_up = scenario.warm_up(curve, size)
        end = warm_up + scenario.measured(curve, size)
        fairness = Fairness(since=warm_up + (end - warm_up) * SETTLING)
        ovens = list(self._ovens.values())
        self.books = Books(curve, scenario, size, slots, Counter(), Counter(), [], ovens, fairness, warm_up, end)
        self._jobs: dict[str, Job] = {}
        self._free = {name: slots for name in self._ovens}
        self._granting = False
        self._requests = requests(scenario, curve, size, seed)
        for account, tier in accounts(scenario, size).items():
            self._desk.open_account(account, tier)

    def run(self) -> Books:
        """Until the last arrival; what waits or bakes then is left so."""
        for number, oven in enumerate(self._ovens.values()):
            self._agenda.at(number / len(self._ovens) * 0.001, partial(self._heartbeat, oven))
        self._agenda.at(KEEP_EVERY, self._keep)
        self._agenda.at(self.books.fairness.since, self.books.fairness.begin)
        self._next_request(self._requests)
        self._agenda.run(self.books.end)
        self.books.jobs = list(self._jobs.values())
        return self.books

    def discrepancies(self) -> list[str]:
        """The desk's own recount: one sentence for each of its counters that is off."""
        return self._desk.discrepancies()

    def _next_request(self, source: Iterator[Request]) -> None:
        request = next(source, None)
        if request is not None:
            self._agenda.at(request.at, partial(self._asked, request, source))

    def _asked(self, request: Request, source: Iterator[Request]) -> None:
        self._next_request(source)
        self.books.asked[request.tier] += 1
        id = f"job-{self.books.asked.total()}"
        refusal = self._desk.reserve(id, request)
        if refusal is not None:
            self.books.refused[request.tier, refusal] += 1
            return
        klass = FREE_CLASS if request.tier == FREE else PAID_CLASS
        width, recipe = self.books.curve.width, request.recipe
        job = Job(id, request, recipe.model, klass, width, recipe.steps, request.cost)
        self._jobs[id] = job
        self._desk.enqueue(id)
        self.books.fairness.waits(request)
        if request.leaves_after is not None:
            self._agenda.after(request.leaves_after, partial(self._leaves, job))
        self._grant_soon()

    def _grant_soon(self) -> None:
        """At this very moment, but once for all that happens in it, as the desk's round is kicked."""
        if not self._granting and any(free > 0 for free in self._free.values()):
            self._granting = True
            self._agenda.after(0.0, self._grant)

    def _grant(self) -> None:
        self._granting = False
        for turn in self._desk.grant():
            job, oven = self._jobs[turn.id], self._ovens[turn.generator_id]
            job.oven = oven
            self._free[oven.name] -= job.cost
            self.books.fairness.served(job.request, self._agenda.now)
            self._agenda.after(HOP, partial(self._enters, job, oven))

    def _enters(self, job: Job, oven: SimulatedOven) -> None:
        if job.end != "waiting":
            return
        try:
            oven.enter(job)
        except Fault:
            self.books.returned += 1
            self._free[oven.name] += job.cost
            job.oven = None
            if self._desk.return_turn(job.id):
                self.books.fairness.waits(job.request, again=True)
            else:
                self._ends(job, "failed")
            self._grant_soon()

    def _baked(self, job: Baked) -> None:
        assert isinstance(job, Job)
        self._ends(job, "drawn")
        self._agenda.after(HOP, partial(self._settle, job))

    def _settle(self, job: Job) -> None:
        self._desk.finish(job.id, job.cost)
        assert job.oven is not None
        self._free[job.oven.name] += job.cost
        self._grant_soon()

    def _leaves(self, job: Job) -> None:
        if job.end != "waiting":
            return
        self._ends(job, "left")
        self._desk.cancel(job.id)
        if job.oven is None:
            self.books.fairness.gone(job.request)
        else:
            job.oven.leave(job)
            self._free[job.oven.name] += job.cost
            self._grant_soon()

    def _ends(self, job: Job, end: str) -> None:
        """Once. Raises AssertionError if it had ended."""
        assert job.end == "waiting", (job.id, job.end, end)
        job.end, job.ended = end, self._agenda.now

    def _heartbeat(self, oven: SimulatedOven) -> None:
        self._desk.heartbeat(oven.name, oven.models, oven.slots, oven.pace.picture_seconds)
        if self._agenda.now >= self.books.warm_up:
            self.books.paused.append(oven.paused)
        self._agenda.after(EARLY * self._desk.policy.heartbeat, partial(self._heartbeat, oven))
        self._grant_soon()

    def _keep(self) -> None:
        """Whoever is not at its end at the desk is extended; so nothing may be swept."""
        swept = self._desk.keep([job.id for job in self._jobs.values() if job.end in {"waiting", "drawn"}])
        self.books.expired += swept.total
        self._agenda.after(KEEP_EVERY, self._keep)
