"""The surge level: how far demand is above capacity, as one word that everybody can read. Pure.

    normal ──> busy ──> surge ──> shed     a level up once the backlog has been above its mark for `rise` seconds
           <──      <──       <──          a level down once it has been below half of it for `fall` seconds

The backlog is seconds of work that waits before the ovens of the model that is worst off. What a level means is
the policy's business: limits may be given by level. An operator may pin a level; then nothing else moves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.quota.wait import ClassState, Oven

DOWN = 0.5
"""A level is left downwards below this share of the mark that led into it: the gap keeps it from flapping."""


class Level(StrEnum):
    """How bad it is, best first."""

    NORMAL = "normal"
    BUSY = "busy"
    SURGE = "surge"
    SHED = "shed"

    @property
    def height(self) -> int:
        """0 to 3."""
        return _LEVELS.index(self)


_LEVELS = list(Level)


@dataclass(frozen=True, slots=True)
class SurgePolicy:
    """`marks` are the seconds of backlog from which BUSY, SURGE and SHED begin; `rise` and `fall` how long a
    backlog must stay beyond a mark before the level moves."""

    marks: tuple[float, float, float]
    rise: float
    fall: float


@dataclass(frozen=True, slots=True)
class SurgeState:
    """The level, since when (Unix seconds), why, and what is going on: `turning` is the time since which the
    backlog has asked for another level without a break, `up` whether for a higher one."""

    level: Level = Level.NORMAL
    since: float = 0.0
    cause: str = ""
    pinned: bool = False
    turning: float | None = None
    up: bool = False


def step(state: SurgeState, backlog: float, now: float, policy: SurgePolicy) -> SurgeState:
    """The state after a look at the backlog. Moves by one level at most, and only if it is not pinned."""
    if state.pinned:
        return state
    height = state.level.height
    rises = height < len(policy.marks) and backlog >= policy.marks[height]
    falls = height > 0 and backlog < DOWN * policy.marks[height - 1]
    if not rises and not falls:
        return replace(state, turning=None)
    if state.turning is None or state.up is not rises:
        return replace(state, turning=now, up=rises)
    stayed = now - state.turning
    if stayed < (policy.rise if rises else policy.fall):
        return state
    mark = policy.marks[height] if rises else DOWN * policy.marks[height - 1]
    cause = f"backlog {backlog:.0f} s {'at or above' if rises else 'below'} {mark:.0f} s for {stayed:.0f} s"
    return SurgeState(_LEVELS[height + (1 if rises else -1)], now, cause)


def pin(state: SurgeState, level: Level | None, now: float, reason: str) -> SurgeState:
    """The state after an operator's word; None lets the level move by itself again."""
    if level is None:
        return replace(state, pinned=False, turning=None, since=now, cause=f"released: {reason}")
    return SurgeState(level, now, f"pinned: {reason}", pinned=True)


def backlog(classes: Sequence[ClassState], ovens: Sequence[Oven]) -> float:
    """Seconds of work that waits, for the model that is worst off; a model that nobody serves does not count, as
    no level would help it. An oven's time is divided by what waits for its models."""
    waiting: dict[str, float] = {}
    for one in classes:
        waiting[one.model] = waiting.get(one.model, 0.0) + one.waiting_work / 1000
    worst = 0.0
    for model, work in waiting.items():
        rate = sum(_share(oven, model, waiting) for oven in ovens)
        if work and rate:
            worst = max(worst, work / rate)
    return worst


def _share(oven: Oven, model: str, waiting: Mapping[str, float]) -> float:
    """Default pictures a second that an oven has for a model."""
    if model not in oven.models or not oven.picture_time or not oven.slots:
        return 0.0
    rivals = sum(1 for name in oven.models if waiting.get(name))
    return 1.0 / (oven.picture_time * max(rivals, 1))
