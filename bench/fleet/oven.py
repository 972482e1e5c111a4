"""One oven: the real `Batcher` over a device that takes the time a curve says."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Protocol

from bench.fleet.agenda import Agenda
from bench.fleet.curve import Curve
from services.generator.batcher import PAUSED, Batcher, Row
from services.generator.capacity import Capacity
from services.generator.pace import Pace
from services.generator.recipe import MOST_PICTURES

SHAPE: Hashable = "one size"
OVEN_WAIT = 60.0
"""As `FOURNIL_OVEN_WAIT` is by default, in seconds."""


class Baked(Protocol):
    """What the oven needs to know of a job, and tells it."""

    model: str
    klass: int
    width: int
    steps: int
    cost: int
    started: float | None


def batcher_for(curve: Curve, slots: int, kind: type[Batcher]) -> Batcher:
    """As `services.generator.__main__` makes one after warming up."""
    rows = curve.batch * curve.width
    models = {recipe.model for recipe in curve.recipes}
    row_seconds = curve.seconds(curve.batch) / rows
    capacities = {model: Capacity(rows, row_seconds=row_seconds) for model in models}
    return kind(capacities, 2 * (slots + MOST_PICTURES), most_wait=OVEN_WAIT)


class SimulatedOven:
    """`done` hears of every job whose last picture is baked."""

    def __init__(
        self,
        name: str,
        curve: Curve,
        agenda: Agenda,
        done: Callable[[Baked], None],
        *,
        slots: int,
        kind: type[Batcher],
    ) -> None:
        self.name = name
        self.models = sorted({recipe.model for recipe in curve.recipes})
        self.slots = slots
        self.pace = Pace()
        self.steps: list[tuple[float, float, int]] = []
        """(end, seconds, pictures whose job was still here at the end) of every step."""
        self._curve = curve
        self._batcher = batcher_for(curve, slots, kind)
        self._agenda = agenda
        self._done = done
        self._jobs: dict[int, Baked] = {}
        self._numbers: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._running = False

    @property
    def paused(self) -> int:
        """Pictures that were begun and then put aside."""
        put_aside = (rows for (_, _, state), rows in self._batcher.census().items() if state == PAUSED)
        return sum(put_aside) // self._curve.width

    def enter(self, job: Baked) -> None:
        """Takes a job in, ready at once. Raises Fault OVERLOADED."""
        rows = self._batcher.admit(
            model=job.model, klass=job.klass, width=job.width, steps=job.steps, count=job.cost
        )
        number = rows[0].job
        self._jobs[number] = job
        self._numbers[id(job)] = number
        self._left[number] = job.cost
        self._batcher.make_ready(number, SHAPE)
        if not self._running:
            self._running = True
            self._agenda.after(0.0, self._begin)

    def leave(self, job: Baked) -> None:
        """Takes a job out before it is done. Idempotent."""
        number = self._numbers.pop(id(job), None)
        if number is not None:
            del self._jobs[number], self._left[number]
            self._batcher.leave(number)

    def _begin(self) -> None:
        rows = self._batcher.next_step()
        if not rows:
            self._running = False
            return
        for row in rows:
            job = self._jobs.get(row.job)
            if job is not None and job.started is None:
                job.started = self._agenda.now
        seconds = self._curve.seconds(len(rows))
        self._agenda.after(seconds, partial(self._end, rows, seconds))

    def _end(self, rows: list[Row], seconds: float) -> None:
        self.pace.measured(seconds, len(rows) / self._curve.steps)
        here = self._batcher.stepped(rows, seconds)
        self.steps.append((self._agenda.now, seconds, len(here)))
        for row in here:
            if row.left == 0:
                self._left[row.job] -= 1
                if self._left[row.job] == 0:
                    job = self._jobs[row.job]
                    self.leave(job)
                    self._done(job)
        self._begin()
