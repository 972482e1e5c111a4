"""Which models are in memory, when not all of them fit.

    ask ──> waiting ──> [its model is in memory] ──> using ──> leave
                 └────> [it is not] ──> idle models out, least recently used first ──> load ──> loaded | failed

A job uses its model from `settle` until it leaves; a model that is used is never put out. Loads go one at a time
in the order in which they were asked for, and none is overtaken by another. Models that are never idle would make
a load wait for ever: once it has waited `patience`, those that must make room for it take no further jobs that
asked later. So under a demand for more models than fit, they take turns of about `patience` and what is then left
of their jobs.

Sizes are bytes, estimates (`shelf`); `budget` bounds their sum over models in memory and in loading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PATIENCE = 10.0
"""Seconds."""


class Load(NamedTuple):
    """To do, in this order: put these out, bring that one in; then say `loaded` or `failed`."""

    out: list[str]
    name: str


class Asked(NamedTuple):
    """A job that waits for its model, since a time in seconds."""

    name: str
    since: float


@dataclass(slots=True)
class Residency:
    """A budget of 0 is no bound. Times are seconds of any clock that goes on."""

    budget: int = 0
    patience: float = PATIENCE
    _sizes: dict[str, int] = field(default_factory=dict)
    _inside: dict[str, None] = field(default_factory=dict)
    """Models in memory, the least recently used first."""
    _loading: str | None = None
    _using: dict[int, str] = field(default_factory=dict)
    _waiting: dict[int, Asked] = field(default_factory=dict)

    @property
    def inside(self) -> list[str]:
        """Models in memory, the least recently used first."""
        return list(self._inside)

    @property
    def taken(self) -> int:
        """Bytes of the models in memory and of the one in loading."""
        return sum(self._sizes[name] for name in (*self._inside, *([self._loading] if self._loading else [])))

    def fits(self, size: int) -> bool:
        """Whether a model of that size could be in memory alone."""
        return not self.budget or size <= self.budget

    def room_for(self, size: int) -> list[str]:
        """At the start, when nothing is used: models to put out so that one of `size`, which `fits`, has room."""
        out = self._victims(size, self._inside) or []
        for name in out:
            del self._inside[name]
        return out

    def add(self, name: str, size: int) -> None:
        """At the start: a model is in memory, and there was room for it."""
        self._sizes[name] = size
        self._inside[name] = None

    def ask(self, job: int, name: str, now: float) -> None:
        """A job wants to use a model. Raises KeyError for one that was never added."""
        if name not in self._sizes:
            raise KeyError(name)
        self._waiting[job] = Asked(name, now)

    def leave(self, job: int) -> None:
        """It waits or uses no more. Idempotent."""
        self._waiting.pop(job, None)
        self._using.pop(job, None)

    def settle(self, now: float) -> list[int]:
        """The waiting jobs that may use their models from now on, in the order in which they asked."""
        granted, closed, head = [], set[str](), False
        for job, (name, since) in list(self._waiting.items()):
            if name in self._inside and name not in closed:
                del self._waiting[job]
                self._using[job] = name
                self._inside[name] = self._inside.pop(name)
                granted.append(job)
            elif not head and name not in self._inside and name != self._loading:
                head = True
                if now - since >= self.patience:
                    closed.update(self._victims(self._sizes[name], self._inside) or [])
        return granted

    def next_load(self) -> Load | None:
        """The load to begin now; None while one is under way, where none is asked for, or where those in use leave
        no room."""
        name = next((name for name, _ in self._waiting.values() if name not in self._inside), None)
        if name is None or self._loading is not None:
            return None
        used = set(self._using.values())
        out = self._victims(self._sizes[name], [each for each in self._inside if each not in used])
        if out is None:
            return None
        for each in out:
            del self._inside[each]
        self._loading = name
        return Load(out, name)

    def loaded(self) -> None:
        """The load succeeded."""
        if self._loading is not None:
            self._inside[self._loading] = None
            self._loading = None

    def failed(self) -> list[int]:
        """The load failed; returns the jobs that waited for it, which are forgotten."""
        lost = [job for job, (name, _) in self._waiting.items() if name == self._loading]
        for job in lost:
            self.leave(job)
        self._loading = None
        return lost

    def _victims(self, size: int, among: Iterable[str] | Mapping[str, None]) -> list[str] | None:
        """The first models of `among` without which there is room for `size`; None where all are not enough."""
        out: list[str] = []
        over = self.taken + size - self.budget if self.budget else 0
        for name in among:
            if over <= 0:
                break
            out.append(name)
            over -= self._sizes[name]
        return out if over <= 0 else None
