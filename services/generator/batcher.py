"""Who is in the next denoising step.

A diffusion model takes its time step as an input, so one call may hold pictures that are at different steps.
The batcher therefore decides anew at every step: a picture joins at the step after it is ready, leaves when it
is done or its caller is gone, and a paid one goes before a free one at the next step border.

A picture takes `width` rows of a call: one, or two when guidance asks the model with and without the prompt. A
step takes pictures of one key (a model, and shapes that fit in one call) as long as their rows fit in the model's
`Capacity`. Keys take turns by `Rounds`; one that has paid pictures goes before those that have none. Within a key
the order is class, then fewest steps left, then arrival; so of those that are put aside the one with most steps
left is the first. What is put aside keeps its place and its numbers; `most` admitted pictures bound how many those
can be.

A job is admitted if what is ahead of its class would be done within `most_wait`; beyond that the desk had better
try elsewhere. And nobody starves while who was admitted is baked: a ready picture that was passed over `patience`
steps on end leads the next step, the one that waited longest first. Each such step serves one of them and a served
one starts to wait anew, so with n pictures admitted none is passed over more than `patience + n` times on end.
While a promise to a paid picture makes calls small, where a row is much, only one step in `patience` is led.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.generator.capacity import Capacity
from services.generator.rounds import Rounds
from services.runtime.errors import Fault, Reason

PAID, FREE = 0, 1
RUNNING, PAUSED, WAITING = STATES = ("running", "paused", "waiting")

RETRY_AFTER = 1.0
"""Seconds; a few steps later there is room, or the desk has heard how full this oven is."""


class Key(NamedTuple):
    """Pictures of one key may share a call."""

    model: str
    shape: Hashable


@dataclass(slots=True, eq=False)
class Row:
    """One picture in the oven. `done` counts its steps; `passed` the steps on end that went by without it."""

    job: int
    index: int
    model: str
    klass: int
    width: int
    steps: int
    arrival: int
    done: int = 0
    key: Key | None = None
    baking: bool = False
    passed: int = 0

    @property
    def left(self) -> int:
        """Steps to go."""
        return self.steps - self.done

    @property
    def state(self) -> str:
        """Whether it is in the step that was chosen last, was begun and then put aside, or was not begun."""
        return RUNNING if self.baking else PAUSED if self.done else WAITING

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Its place in the order of a step."""
        return self.klass, self.left, self.arrival, self.index


@dataclass(slots=True)
class Batcher:
    """`capacities` by model; at most `most` pictures admitted; see the top of the file for the rest, in steps and
    seconds."""

    capacities: Mapping[str, Capacity]
    most: int
    patience: int = 32
    most_wait: float = math.inf
    _rows: dict[int, list[Row]] = field(default_factory=dict)
    _rounds: Rounds[Key] = field(default_factory=Rounds)
    _arrivals: int = 0
    _led: int = 0
    """Steps since somebody led one."""

    def __post_init__(self) -> None:
        if self.most < 1 or self.patience < 1 or not self.most_wait > 0:
            raise ValueError(f"a batcher needs most >= 1, patience >= 1, most_wait > 0, got {self}")

    @property
    def admitted(self) -> int:
        """Pictures whose job has not left."""
        return sum(map(len, self._rows.values()))

    def census(self) -> Counter[tuple[str, int, str]]:
        """Rows of the admitted pictures that have steps to go, by model, class and state."""
        found: Counter[tuple[str, int, str]] = Counter()
        for row in self._undone():
            found[row.model, row.klass, row.state] += row.width
        return found

    def wait(self, klass: int) -> float:
        """Seconds until what is admitted of this class and better ones is baked."""
        return sum(
            row.width * row.left * self.capacities[row.model].row_seconds
            for row in self._undone()
            if row.klass <= klass
        )

    def admit(self, *, model: str, klass: int, width: int, steps: int, count: int) -> list[Row]:
        """Takes in a job of `count` pictures, not ready yet. Raises Fault OVERLOADED, then nothing was taken."""
        if not 1 <= width <= 2 or steps < 1 or count < 1:
            raise ValueError(f"width {width}, steps {steps}, count {count}")
        wait = self.wait(klass)
        if self.admitted + count > self.most or wait > self.most_wait:
            retry = RETRY_AFTER if wait <= self.most_wait else max(RETRY_AFTER, wait - self.most_wait)
            raise Fault(Reason.OVERLOADED, "the oven is full", retry_after=retry, pictures=self.admitted)
        self._arrivals += 1
        job = self._arrivals
        self._rows[job] = [Row(job, index, model, klass, width, steps, job) for index in range(count)]
        return list(self._rows[job])

    def make_ready(self, job: int, shape: Hashable) -> None:
        """Its pictures may be in the next step, with others of this model and shape. Who has left stays away."""
        for row in self._rows.get(job, ()):
            row.key = Key(row.model, shape)

    def leave(self, job: int) -> int:
        """Gives the job's room back, done or not; returns its pictures that had steps to go. Idempotent."""
        return sum(row.left > 0 for row in self._rows.pop(job, ()))

    def next_step(self) -> list[Row]:
        """The pictures of the next step, all of one key; empty when none is ready."""
        ready = sorted((row for row in self._undone() if row.key is not None), key=lambda row: row.rank)
        if not ready:
            return []
        lead = self._overdue(ready)
        key = lead.key if lead else self._key_of(ready)
        fellows = [row for row in ready if row.key == key]
        chosen = self._fill(lead or fellows[0], fellows)
        for row in ready:
            row.passed, row.baking = row.passed + 1, False
        for row in chosen:
            row.passed, row.baking = 0, True
        return chosen

    def stepped(self, rows: Sequence[Row], seconds: float) -> list[Row]:
        """A step of `rows` took `seconds`; returns those whose job is still here, one step further."""
        for key in {row.key for row in rows if row.key}:
            self.capacities[key.model].measured(sum(row.width for row in rows), seconds)
            self._rounds.spent(key, seconds)
        here = [row for row in rows if row.job in self._rows]
        for row in here:
            row.done += 1
        return here

    def _overdue(self, ready: Sequence[Row]) -> Row | None:
        """Who is to lead the next step because it was passed over for too long, if anybody."""
        self._led += 1
        if self._led < self.patience and any(
            row.klass == PAID and self.capacities[row.model].tight(row.steps) for row in ready
        ):
            return None
        lead = max(ready, key=lambda row: row.passed)
        if lead.passed < self.patience:
            return None
        self._led = 0
        return lead

    def _undone(self) -> list[Row]:
        return [row for rows in self._rows.values() for row in rows if row.left > 0]

    def _key_of(self, ready: Sequence[Row]) -> Key:
        """The key whose turn it is, among those that have pictures of the best class there is."""
        best = ready[0].klass
        costs = {
            row.key: self.capacities[row.model].step_seconds for row in ready if row.klass == best and row.key
        }
        return self._rounds.next(costs, {row.key for row in ready if row.key})

    def _fill(self, lead: Row, fellows: Sequence[Row]) -> list[Row]:
        """`lead`, however wide, and whoever else of its key fits, in order."""
        capacity = self.capacities[lead.model]
        paid = [row for row in fellows if row.klass == PAID]
        room = capacity.room(sum(row.width for row in paid), max((row.steps for row in paid), default=0))
        chosen, room = [lead], room - lead.width
        for row in fellows:
            if row is not lead and row.width <= room:
                chosen.append(row)
                room -= row.width
        return chosen
