"""The policy as `lua/limits.lua` reads it: each tier as one JSON text, made once a level, time zone and day.

A decision then costs its caller two arguments a tier, not six and up to eleven a window.
"""

import json
from typing import NamedTuple

from services.quota.limits import Days, Kind, Window, days
from services.quota.policy import Policy, Tier
from services.quota.surge import Level

MOST_KEPT = 4_096
"""Texts, of levels and time zones; there are some six hundred zones."""


class _Kept(NamedTuple):
    args: list[str]
    begins: float
    ends: float


class PolicyText:
    """Of one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._kept: dict[tuple[Level, str], _Kept] = {}

    def args(self, level: Level, zone: str, now: float) -> list[str]:
        """Of each tier its name and its text. `zone` is "" for the policy's own."""
        kept = self._kept.get((level, zone))
        if kept is None or not kept.begins <= now < kept.ends:
            kept = self._make(level, zone, now)
        return kept.args

    def _make(self, level: Level, zone: str, now: float) -> _Kept:
        around = days(now, zone or self._policy.zone)
        args = [part for tier in self._policy.at(level).values() for part in (tier.name, _tier(tier, around))]
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        kept = self._kept[level, zone] = _Kept(args, around.starts[1], around.starts[2])
        return kept


def ms(seconds: float) -> int:
    """Milliseconds, as the scripts count."""
    return round(seconds * 1000)


def _tier(tier: Tier, around: Days) -> str:
    fields: dict[str, object] = {
        "live": tier.live,
        "line": tier.line,
        "windows": [_window(window, around) for window in tier.windows],
    }
    if tier.wait is not None:
        fields["wait"] = ms(tier.wait)
    return json.dumps(fields, separators=(",", ":"))


def _window(window: Window, around: Days) -> dict[str, object]:
    fields: dict[str, object] = {
        "name": window.name,
        "kind": window.kind,
        "limit": window.limit,
        "period": window.period * 1000,
        "unit": window.unit,
        "shadow": window.shadow,
    }
    if window.kind is Kind.DAY:
        fields |= {"cuts": [ms(start) for start in around.starts], "first": around.first}
    return fields
