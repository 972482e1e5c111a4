"""Environment variables to plain values. Read once, in a service's `__main__`, never at import."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """A setting is missing or malformed. The text names the variable and what it must be."""


@dataclass(frozen=True)
class Environment:
    """A reader over a mapping such as `os.environ`."""

    values: Mapping[str, str]

    def text(self, name: str, default: str | None = None) -> str:
        """The variable's text; a missing or empty one without a default is an error."""
        value = self.values.get(name, "").strip() or default
        if value is None:
            raise SettingsError(f"{name} is not set")
        return value

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            raise SettingsError(f"{name} must be a whole number, not {raw!r}") from None
        if not low <= value <= high:
            raise SettingsError(f"{name} must be {low} to {high}, not {value}")
        return value

    def seconds(self, name: str, default: float, *, low: float = 0.0, high: float = 86_400.0) -> float:
        """A duration in seconds from `low` to `high`, both included."""
        return self.number(name, default, low=low, high=high, unit=" seconds")

    def number(self, name: str, default: float, *, low: float, high: float, unit: str = "") -> float:
        """A number from `low` to `high`, both included."""
        raw = self.text(name, str(default))
        try:
            value = float(raw)
        except ValueError:
            raise SettingsError(f"{name} must be a number{' of' * bool(unit)}{unit}, not {raw!r}") from None
        if not low <= value <= high:
            raise SettingsError(f"{name} must be {low} to {high}{unit}, not {value}")
        return value

    def folder(self, name: str, default: Path) -> Path:
        """A folder that exists."""
        path = Path(self.text(name, str(default)))
        if not path.is_dir():
            raise SettingsError(f"{name}: no folder at {path}")
        return path


@dataclass(frozen=True)
class ProcessSettings:
    """What every service process needs. Addresses are host:port; port 0 takes a free one."""

    name: str
    listen: str
    metrics_listen: str
    drain_seconds: float
    """How long NOT_SERVING is shown before calls are no longer taken: balancers must see it."""
    grace_seconds: float
    """How long calls in flight may go on after that."""
    max_receive_bytes: int
    max_concurrent_calls: int

    @staticmethod
    def read(
        name: str,
        env: Environment,
        *,
        default_listen: str,
        default_metrics: str,
        max_receive_bytes: int = 1 << 20,
        max_concurrent_calls: int = 10_000,
    ) -> "ProcessSettings":
        """Reads the FOURNIL_* variables that all services share."""
        return ProcessSettings(
            name=name,
            listen=env.text("FOURNIL_LISTEN", default_listen),
            metrics_listen=env.text("FOURNIL_METRICS_LISTEN", default_metrics),
            drain_seconds=env.seconds("FOURNIL_DRAIN_SECONDS", 2.0, high=60.0),
            grace_seconds=env.seconds("FOURNIL_GRACE_SECONDS", 20.0, high=600.0),
            max_receive_bytes=max_receive_bytes,
            max_concurrent_calls=max_concurrent_calls,
        )


def log_level(env: Environment) -> str:
    """The least level that is logged, INFO unless said otherwise. Raises SettingsError."""
    level = env.text("FOURNIL_LOG_LEVEL", "INFO").upper()
    if level not in logging.getLevelNamesMapping():
        raise SettingsError(f"FOURNIL_LOG_LEVEL must be a level such as INFO or WARNING, not {level!r}")
    return level


def split_address(address: str) -> tuple[str, int]:
    """("host", port) of "host:port". Raises SettingsError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise SettingsError(f"not a host:port address: {address!r}")
    return host, int(port)
