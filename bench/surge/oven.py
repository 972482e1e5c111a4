"""An oven of fixed speed on a simulated clock.

Every slot draws at its own steady pace, 1 / (slots x picture_time) default pictures a second; a job fills as many
slots as it has pictures. When more is leased than fits, paid work goes first and the rest is put aside, as the
generator does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(slots=True)
class Job:
    """One turn: `left` is what it still needs of one of its slots, in default pictures."""

    id: str
    attempt: int
    cost: int
    paid: bool
    left: float
    rows: int = 0


@dataclass(slots=True)
class FixedOven:
    """Holds the jobs it was given; `now` is the time up to which they are drawn."""

    name: str
    slots: int
    picture_time: float
    now: float = 0.0
    jobs: dict[str, Job] = field(default_factory=dict)
    dead_until: float = 0.0
    age: int = 0
    """Grows with every change, so that a finish that was planned before is known as old."""

    def take(self, job: Job, now: float) -> None:
        """A job comes."""
        self._draw(now)
        self.jobs[job.id] = job
        self._allot()

    def finished(self, now: float) -> list[Job]:
        """The jobs that are drawn by now, removed."""
        self._draw(now)
        done = [job for job in self.jobs.values() if job.left <= 1e-9]
        for job in done:
            del self.jobs[job.id]
        self._allot()
        return done

    def die(self, now: float, until: float) -> list[Job]:
        """Loses all that it holds; returns it."""
        lost, self.jobs, self.now, self.dead_until = list(self.jobs.values()), {}, now, until
        self.age += 1
        return lost

    def next_finish(self) -> float:
        """When the next job is drawn; infinite when none is."""
        waits = [job.left * job.cost / job.rows for job in self.jobs.values() if job.rows]
        return self.now + min(waits, default=math.inf) * self.slots * self.picture_time

    def _draw(self, now: float) -> None:
        drawn = (now - self.now) / (self.slots * self.picture_time)
        for job in self.jobs.values():
            job.left -= drawn * job.rows / job.cost
        self.now = now

    def _allot(self) -> None:
        free = self.slots
        for job in sorted(self.jobs.values(), key=lambda job: not job.paid):
            job.rows = min(job.cost, free)
            free -= job.rows
        self.age += 1
