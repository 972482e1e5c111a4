"""The policy file: tiers, their weights and limits, and the desk's times. Read once, validated, then frozen."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from services.quota.limits import LINE, LIVE, Window
from services.runtime.settings import SettingsError

BUNDLED = Path(__file__).with_name("policy.toml")

Entry = TypeVar("Entry", "Tier", Window)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PERIOD = re.compile(r"(\d{1,4})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Tier:
    """One class of accounts. `weight` is its share of the ovens while other classes wait too."""

    name: str
    weight: int
    live: int
    """Live jobs an account may have."""
    line: int
    """Tickets its class of one model's line takes, held ones included."""
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the desk decides by. Times in seconds."""

    tiers: Mapping[str, Tier]
    default_tier: str
    max_attempts: int
    max_cost: int
    lease: float
    heartbeat: float
    silence: float
    keep_final: float
    keep_request: float

    def tier(self, name: str) -> Tier:
        """The tier of that name, or the default one: an account outlives the tier it was made with."""
        return self.tiers.get(name) or self.tiers[self.default_tier]


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


def read_policy(raw: Mapping[str, Any]) -> Policy:
    """A policy from the parsed file. Raises SettingsError."""
    _only(raw, "the file", {"max_attempts", "max_cost", "default_tier", "times", "tier"})
    tiers = _tiers(raw.get("tier"))
    times = raw.get("times", {})
    if not isinstance(times, dict):
        raise SettingsError("times must be a table")
    _only(times, "times", {"lease", "heartbeat", "silence", "keep_final", "keep_request"})
    default = raw.get("default_tier")
    if default not in tiers:
        raise SettingsError(f"default_tier must be one of {', '.join(tiers)}, not {default!r}")
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
    )
    if policy.silence <= policy.heartbeat:
        raise SettingsError("times.silence must be longer than times.heartbeat")
    if policy.keep_final < policy.keep_request:
        raise SettingsError("times.keep_final must not be shorter than times.keep_request")
    return policy


def _tiers(raw: object) -> dict[str, Tier]:
    return _named(raw, "tier", _tier)


def _tier(raw: Mapping[str, Any], where: str) -> Tier:
    _only(raw, where, {"name", "weight", "live", "line", "window"})
    windows = _named(raw.get("window"), f"{where}.window", _window)
    return Tier(
        name=_name(raw, where),
        weight=_integer(raw, "weight", f"{where}.", 1, 1_000),
        live=_integer(raw, "live", f"{where}.", 1, 10_000),
        line=_integer(raw, "line", f"{where}.", 1, 1_000_000),
        windows=tuple(windows.values()),
    )


def _window(raw: Mapping[str, Any], where: str) -> Window:
    _only(raw, where, {"name", "limit", "period"})
    name, period = _name(raw, where), raw.get("period")
    if name in {LIVE, LINE}:
        raise SettingsError(f"{where}.name must not be {name!r}: that limit has its own entry")
    match = _PERIOD.fullmatch(period) if isinstance(period, str) else None
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 60 <= seconds <= 31 * 86_400:
        raise SettingsError(f"{where}.period must be like '90m', '6h' or '1d', a minute to 31 days: {period!r}")
    return Window(name, _integer(raw, "limit", f"{where}.", 1, 1_000_000_000), seconds)


def _named(raw: object, where: str, read: Callable[[Mapping[str, Any], str], Entry]) -> dict[str, Entry]:
    """A non-empty list of tables, by their unique names."""
    if not isinstance(raw, list) or not raw:
        raise SettingsError(f"{where} must be given at least once, as [[{where}]]")
    entries: dict[str, Entry] = {}
    for number, table in enumerate(raw, 1):
        place = f"{where}[{number}]"
        if not isinstance(table, dict):
            raise SettingsError(f"{place} must be a table")
        entry = read(table, place)
        if entry.name in entries:
            raise SettingsError(f"{place}.name: {entry.name!r} is given twice")
        entries[entry.name] = entry
    return entries


def _name(raw: Mapping[str, Any], where: str) -> str:
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{where}.name must be 1 to 32 of a-z, 0-9 and _, a letter first: {name!r}")
    return name


def _integer(raw: Mapping[str, Any], key: str, where: str, low: int, high: int) -> int:
    value = raw.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SettingsError(f"{where}{key} must be a whole number from {low} to {high}, not {value!r}")
    return value


def _only(raw: Mapping[str, Any], where: str, known: set[str]) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise SettingsError(f"{where}: unknown entry {unknown[0]!r}; known are {', '.join(sorted(known))}")
