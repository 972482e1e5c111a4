"""How many generators there should be, as KEDA asks it: seconds of work that one generator would need for all
that waits or is being baked, over the seconds that a job may wait. Pure.

The line's own measure, not the machines': a generator that is busy says nothing of how much more there is, and the
line knows it before any of them is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from services.quota.store import LineState
from services.runtime.errors import invalid

METRIC = "oven_seconds"


@dataclass(frozen=True, slots=True)
class Aim:
    """One trigger's metadata. `model` "" means all; times in seconds."""

    model: str = ""
    wait: float = 30.0
    picture: float = 1.0
    """Of a default picture, while no generator tells."""


USUAL = Aim()


def read_aim(metadata: Mapping[str, str]) -> Aim:
    """Raises Fault INVALID_ARGUMENT. What it does not know is KEDA's own and left alone."""
    return Aim(
        metadata.get("model", ""),
        _seconds(metadata, "targetWaitSeconds", USUAL.wait, 1.0, 86_400.0),
        _seconds(metadata, "pictureSeconds", USUAL.picture, 0.001, 3_600.0),
    )


def oven_seconds(line: LineState, aim: Aim) -> float:
    """Seconds of one generator's time that the model's line and turns hold; of generators of differing speed, the
    mean."""
    ovens = [oven for oven in line.ovens if not aim.model or aim.model in oven.models]
    told = [oven.picture_time for oven in ovens if oven.picture_time]
    waiting = sum(one.waiting_work for one in line.classes if aim.model in {"", one.model})
    # A turn does not say of which model it is: those of a generator of several models count for each of them.
    baking = sum(oven.leased_work for oven in ovens)
    return (waiting + baking) / 1000 * (fmean(told) if told else aim.picture)


def _seconds(metadata: Mapping[str, str], name: str, usual: float, low: float, high: float) -> float:
    text = metadata.get(name, "")
    if not text:
        return usual
    try:
        value = float(text)
    except ValueError:
        raise invalid(name, "must be a number") from None
    if not low <= value <= high:
        raise invalid(name, f"must be {low:g} to {high:g}")
    return value
