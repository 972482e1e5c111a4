"""What the desk said of a caller's limits while a request was served, as headers of its answer.

Two vocabularies for the same: OpenAI's `x-ratelimit-*`, which its SDKs' users read, and the fields of
draft-ietf-httpapi-ratelimit-headers. Both come from verdicts that the desk sent anyway (Reserve, GetAllowance):
nothing is asked for their sake, and an answer for which the desk was not asked has none.
"""

import math
import re
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

from services.edge.peers import Limit

NOT_THE_CALLERS = {"line", "wait"}
"""Limits of the line, which say nothing of what the caller has left."""
LIVE = "live"
_UNITS = {"pictures": "images", "jobs": "requests", "work": "work"}
_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


@dataclass
class LimitsSeen:
    """Filled while one request is served; `took` is what the request itself took of each unit after the
    verdicts."""

    limits: Sequence[Limit] = ()
    took: Mapping[str, int] = field(default_factory=dict)


seen: ContextVar[LimitsSeen | None] = ContextVar("limits_seen", default=None)
"""Of the request being served; tasks that it starts see the same one."""


def note(limits: Sequence[Limit], took: Mapping[str, int] | None = None) -> None:
    """The desk told how the caller's limits stand, and what it took of them just now."""
    noted = seen.get()
    if noted is not None:
        noted.limits, noted.took = limits, took or {}


def headers(noted: LimitsSeen, now: float | None = None) -> dict[str, str]:
    """Header fields, {} where nothing was noted. `now` in Unix seconds."""
    now = time.time() if now is None else now
    policies, states = [], []
    least: dict[str, tuple[int, Limit]] = {}
    for one in noted.limits:
        if one.policy in NOT_THE_CALLERS or not _is_name(one.policy):
            continue
        left = max(0, one.limit - one.used - one.held - noted.took.get(one.unit, 0))
        policies.append(_policy(one.policy, one.limit, one.unit))
        states.append(f'"{one.policy}";r={left}{_in(one, now)}')
        # The one that binds first is what a caller wants to know.
        if one.unit not in least or left < least[one.unit][0]:
            least[one.unit] = left, one
    if not policies:
        return {}
    found = {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(states)}
    for unit, name in (("pictures", "images"), ("jobs", "requests")):
        if unit in least:
            left, one = least[unit]
            found[f"x-ratelimit-limit-{name}"] = str(one.limit)
            found[f"x-ratelimit-remaining-{name}"] = str(left)
            if one.reset is not None:
                found[f"x-ratelimit-reset-{name}"] = _duration(one.reset - now)
    return found


@lru_cache(maxsize=1_000)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


@lru_cache(maxsize=1_000)
def _policy(name: str, most: int, unit: str) -> str:
    shown = "concurrent-requests" if name == LIVE else _UNITS.get(unit, unit)
    return f'"{name}";q={most};qu="{shown}"'


def _in(limit: Limit, now: float) -> str:
    return "" if limit.reset is None else f";t={max(0, math.ceil(limit.reset - now))}"


def _duration(seconds: float) -> str:
    """As OpenAI writes it: 1h2m3s, 3s, 120ms."""
    if seconds < 1.0:
        return f"{max(0, round(seconds * 1000))}ms"
    whole = math.ceil(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if whole >= 60 else "") + f"{whole % 60}s"
