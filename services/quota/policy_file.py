"""Reads the policy file: every entry checked, every complaint with the entry's name."""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.quota.limits import LINE, LIVE, PARTS, WAIT, Kind, Unit, Window
from services.quota.policy import USUAL_SURGE, Policy, Tier
from services.quota.surge import Level, SurgePolicy
from services.runtime.settings import SettingsError

BUNDLED = Path(__file__).with_name("policy.toml")
MOST = 1_000_000_000
LONGEST_WAIT = 30 * 86_400

Table = Mapping[str, Any]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PERIOD = re.compile(r"(\d{1,4})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DAY = 86_400


def load_policy(path: Path) -> Policy:
    """The policy in `path`. Raises SettingsError that names the entry and what it must be."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"policy {path.name}: {error}") from error
    try:
        return read_policy(raw)
    except SettingsError as error:
        raise SettingsError(f"policy {path.name}: {error}") from None


def read_policy(raw: Table) -> Policy:
    """A policy from the parsed file. Raises SettingsError."""
    _only(raw, "the file", {"max_attempts", "max_cost", "default_tier", "zone", "times", "surge", "tier"})
    levels = {level: _named(raw.get("tier"), "tier", partial(_tier, level)) for level in Level}
    tiers = levels[Level.NORMAL]
    default = raw.get("default_tier")
    if default not in tiers:
        raise SettingsError(f"default_tier must be one of {', '.join(tiers)}, not {default!r}")
    times = _table(raw, "times", {"lease", "heartbeat", "silence", "keep_final", "keep_request"})
    policy = Policy(
        tiers=tiers,
        default_tier=default,
        max_attempts=_integer(raw, "max_attempts", "", 1, 100),
        max_cost=_integer(raw, "max_cost", "", 1, 10),
        lease=_integer(times, "lease", "times.", 5, 600),
        heartbeat=_integer(times, "heartbeat", "times.", 1, 60),
        silence=_integer(times, "silence", "times.", 1, 600),
        keep_final=_integer(times, "keep_final", "times.", 1, 720) * 3600.0,
        keep_request=_integer(times, "keep_request", "times.", 1, 720) * 3600.0,
        zone=check_zone(raw.get("zone", "UTC"), "zone"),
        surge=_surge(_table(raw, "surge", {"busy", "surge", "shed", "rise", "fall"})),
        levels=levels,
    )
    if policy.silence <= policy.heartbeat:
        raise SettingsError("times.silence must be longer than times.heartbeat")
    if policy.keep_final < policy.keep_request:
        raise SettingsError("times.keep_final must not be shorter than times.keep_request")
    return policy


def check_zone(name: object, where: str) -> str:
    """A time zone's IANA name. Raises SettingsError."""
    try:
        return ZoneInfo(name if isinstance(name, str) else "").key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"{where} must be a time zone such as 'America/Montreal', not {name!r}") from None


def _surge(raw: Table) -> SurgePolicy:
    """What is not given is as usual."""
    busy, surge, shed = (int(mark) for mark in USUAL_SURGE.marks)
    raw = {
        "busy": busy,
        "surge": surge,
        "shed": shed,
        "rise": int(USUAL_SURGE.rise),
        "fall": int(USUAL_SURGE.fall),
        **raw,
    }
    marks = tuple(float(_integer(raw, name, "surge.", 1, LONGEST_WAIT)) for name in ("busy", "surge", "shed"))
    if list(marks) != sorted(set(marks)):
        raise SettingsError("surge: busy, surge and shed must rise")
    rise, fall = (float(_integer(raw, name, "surge.", 0, 3_600)) for name in ("rise", "fall"))
    return SurgePolicy((marks[0], marks[1], marks[2]), rise, fall)


def _tier(level: Level, raw: Table, where: str) -> Tier:
    _only(
        raw,
        where,
        {"name", "weight", "live", "line", "wait", "overcommit", "through_outages", "window", "rolling", "burst"},
    )
    if "window" not in raw:
        raise SettingsError(f"{where}.window must be given at least once, as [[{where}.window]]")
    readers = {"window": _window, "rolling": _rolling, "burst": _burst}
    windows: dict[str, Window] = {}
    for key, read in readers.items():
        if key in raw:
            found = _named(raw[key], f"{where}.{key}", partial(read, level))
            if twice := windows.keys() & found.keys():
                raise SettingsError(f"{where}.{key}: {min(twice)!r} is given twice")
            windows |= found
    return Tier(
        name=_name(raw, where),
        weight=_integer(raw, "weight", f"{where}.", 1, 1_000),
        live=_by_level(raw, "live", f"{where}.", (1, 10_000), level),
        line=_by_level(raw, "line", f"{where}.", (0, 1_000_000), level),
        windows=tuple(windows.values()),
        wait=_by_level(raw, "wait", f"{where}.", (1, LONGEST_WAIT), level) if "wait" in raw else None,
        overcommit=_integer(raw, "overcommit", f"{where}.", 0, 100) if "overcommit" in raw else 0,
        through_outages=_flag(raw, "through_outages", where),
    )


def _window(level: Level, raw: Table, where: str) -> Window:
    _only(raw, where, {"name", "limit", "period", "counts", "shadow", "calendar"})
    period = _period(raw, where)
    calendar = _flag(raw, "calendar", where)
    if calendar and period != _DAY:
        raise SettingsError(f"{where}.calendar is for periods of '1d'")
    return _limit(raw, where, level, period, Kind.DAY if calendar else Kind.FIXED)


def _rolling(level: Level, raw: Table, where: str) -> Window:
    _only(raw, where, {"name", "limit", "period", "counts", "shadow"})
    period = _period(raw, where)
    if period % PARTS:
        raise SettingsError(f"{where}.period must be a whole multiple of {PARTS} seconds")
    return _limit(raw, where, level, period, Kind.ROLLING)


def _burst(level: Level, raw: Table, where: str) -> Window:
    _only(raw, where, {"name", "limit", "period", "shadow"})
    return _limit(raw, where, level, _period(raw, where, shortest=1), Kind.BURST)


def _limit(raw: Table, where: str, level: Level, period: int, kind: Kind) -> Window:
    name, counts = _name(raw, where), raw.get("counts", "pictures")
    if name in {LIVE, LINE, WAIT}:
        raise SettingsError(f"{where}.name must not be {name!r}: that limit has its own entry")
    if counts not in {"pictures", "work"}:
        raise SettingsError(f"{where}.counts must be 'pictures' or 'work', not {counts!r}")
    bounds = (1, period * 1000) if kind is Kind.BURST else (0, MOST)
    return Window(
        name=name,
        limit=_by_level(raw, "limit", f"{where}.", bounds, level),
        period=period,
        kind=kind,
        unit=Unit.JOBS if kind is Kind.BURST else Unit(counts),
        shadow=_flag(raw, "shadow", where),
    )


def _period(raw: Table, where: str, shortest: int = 60) -> int:
    period = raw.get("period")
    match = _PERIOD.fullmatch(period) if isinstance(period, str) else None
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not shortest <= seconds <= 31 * _DAY:
        least = "a minute" if shortest == 60 else "a second"
        raise SettingsError(f"{where}.period must be like '90m', '6h' or '1d', {least} to 31 days: {period!r}")
    return seconds


def _named(raw: object, where: str, read: Callable[[Table, str], Any]) -> dict[str, Any]:
    """A non-empty list of tables, by their unique names."""
    if not isinstance(raw, list) or not raw:
        raise SettingsError(f"{where} must be given at least once, as [[{where}]]")
    entries: dict[str, Any] = {}
    for number, table in enumerate(raw, 1):
        place = f"{where}[{number}]"
        if not isinstance(table, dict):
            raise SettingsError(f"{place} must be a table")
        entry = read(table, place)
        if entry.name in entries:
            raise SettingsError(f"{place}.name: {entry.name!r} is given twice")
        entries[entry.name] = entry
    return entries


def _table(raw: Table, key: str, known: set[str]) -> Table:
    table = raw.get(key, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{key} must be a table")
    _only(table, key, known)
    return table


def _name(raw: Table, where: str) -> str:
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{where}.name must be 1 to 32 of a-z, 0-9 and _, a letter first: {name!r}")
    return name


def _flag(raw: Table, key: str, where: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise SettingsError(f"{where}.{key} must be true or false, not {value!r}")
    return value


def _by_level(raw: Table, key: str, where: str, bounds: tuple[int, int], level: Level) -> int:
    """A number within the bounds, or one by level."""
    low, high = bounds
    value = raw.get(key)
    if not isinstance(value, dict):
        return _integer(raw, key, where, low, high)
    _only(value, f"{where}{key}", set(Level))
    if Level.NORMAL not in value:
        raise SettingsError(f"{where}{key} must name the level 'normal' too")
    named = [one for one in Level if one in value and one.height <= level.height]
    return _integer(value, named[-1], f"{where}{key}.", low, high)


def _integer(raw: Table, key: str, where: str, low: int, high: int) -> int:
    value = raw.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SettingsError(f"{where}{key} must be a whole number from {low} to {high}, not {value!r}")
    return value


def _only(raw: Table, where: str, known: set[str]) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise SettingsError(f"{where}: unknown entry {unknown[0]!r}; known are {', '.join(sorted(known))}")
