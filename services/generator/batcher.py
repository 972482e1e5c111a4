"""Who is in the next denoising step.

A diffusion model takes its time step as an input, so one call may hold pictures that are at different steps.
The batcher therefore decides anew at every step: a picture joins at the step after it is ready, leaves when it
is done or its caller is gone, and a paid one goes before a free one at the next step border.

A picture takes `width` rows of a call: one, or two when guidance asks the model with and without the prompt. A
step takes pictures of one key (one model and text length) in the order (class, steps left, arrival) as long as
their rows fit in `cap`. The key is that of the first picture in that order.

Nobody starves: a ready picture that was passed over `patience` steps on end leads the next step, the one that
waited longest first. Each such step serves one of them and a served one starts to wait anew, so with n pictures
admitted a ready picture is never passed over more than `patience + n` times on end. `most` bounds n.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from services.runtime.errors import Fault, Reason

PAID, FREE = 0, 1

RETRY_AFTER = 1.0
"""Seconds; a few steps later there is room, or the desk has heard how full this oven is."""


@dataclass(slots=True, eq=False)
class Row:
    """One picture in the oven. `done` counts its steps; `passed` the steps on end that went by without it."""

    job: int
    index: int
    klass: int
    width: int
    steps: int
    arrival: int
    done: int = 0
    key: Hashable = None
    ready: bool = False
    passed: int = 0

    @property
    def left(self) -> int:
        """Steps to go."""
        return self.steps - self.done

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Its place in the order of a step."""
        return self.klass, self.left, self.arrival, self.index


@dataclass(slots=True)
class Batcher:
    """`cap` rows a step, at least 2; at most `most` pictures admitted; see the top of the file for `patience`."""

    cap: int
    most: int
    patience: int = 32
    _rows: dict[int, list[Row]] = field(default_factory=dict)
    _arrivals: int = 0

    def __post_init__(self) -> None:
        if self.cap < 2 or self.most < 1 or self.patience < 1:
            raise ValueError(f"a batcher needs cap >= 2, most >= 1, patience >= 1, got {self}")

    @property
    def admitted(self) -> int:
        """Pictures whose job has not left."""
        return sum(map(len, self._rows.values()))

    @property
    def rows_to_go(self) -> int:
        """Rows of the admitted pictures that have steps to go, ready or not."""
        return sum(row.width for rows in self._rows.values() for row in rows if row.left > 0)

    def admit(self, *, klass: int, width: int, steps: int, count: int) -> list[Row]:
        """Takes in a job of `count` pictures, not ready yet. Raises Fault OVERLOADED, then nothing was taken."""
        if not 1 <= width <= 2 or steps < 1 or count < 1:
            raise ValueError(f"width {width}, steps {steps}, count {count}")
        if self.admitted + count > self.most:
            raise Fault(Reason.OVERLOADED, "the oven is full", retry_after=RETRY_AFTER, pictures=self.admitted)
        self._arrivals += 1
        job = self._arrivals
        self._rows[job] = [Row(job, index, klass, width, steps, job) for index in range(count)]
        return list(self._rows[job])

    def make_ready(self, job: int, key: Hashable) -> None:
        """Its pictures may be in the next step, with others of their key. A job that has left stays away."""
        for row in self._rows.get(job, ()):
            row.key, row.ready = key, True

    def leave(self, job: int) -> int:
        """Gives the job's room back, done or not; returns its pictures that had steps to go. Idempotent."""
        return sum(row.left > 0 for row in self._rows.pop(job, ()))

    def next_step(self) -> list[Row]:
        """The pictures of the next step, at most `cap` rows of one key; empty when none is ready."""
        ready = sorted(
            (row for rows in self._rows.values() for row in rows if row.ready and row.left > 0),
            key=lambda row: row.rank,
        )
        if not ready:
            return []
        overdue = [row for row in ready if row.passed >= self.patience]
        lead = max(overdue, key=lambda row: row.passed) if overdue else ready[0]
        chosen, room = [lead], self.cap - lead.width
        for row in ready:
            if row is not lead and row.key == lead.key and row.width <= room:
                chosen.append(row)
                room -= row.width
        for row in ready:
            row.passed += 1
        for row in chosen:
            row.passed = 0
        return chosen

    def stepped(self, rows: Sequence[Row]) -> list[Row]:
        """A step of `rows` was run; returns those whose job is still here, one step further."""
        here = [row for row in rows if row.job in self._rows]
        for row in here:
            row.done += 1
        return here
