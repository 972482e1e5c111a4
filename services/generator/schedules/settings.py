"""Reads a scheduler_config.json. What is not understood is refused, never skipped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

FILE = "scheduler_config.json"


class Settings:
    """Typed reads of one configuration. A missing key means the class's default.

    Every method raises ValueError with one line that names the file, the key and its value.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def wrong(self, key: str, must: str) -> ValueError:
        """The error for `key`; `must` says what would be right."""
        if key not in self._values:
            return ValueError(f"{FILE}: {key} {must}, but is missing")
        return ValueError(f"{FILE}: {key} {must}, not {json.dumps(self._values[key], default=repr)[:80]}")

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """One of `options`. Without a default the key must be there."""
        value = self._values.get(key, default)
        if not isinstance(value, str) or value not in options:
            raise self.wrong(key, f"must be {' or '.join(options)}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false; null is false."""
        value = self._values.get(key, default)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return bool(value)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A finite number from `low` to `high`."""
        value = self._values.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise self.wrong(key, "must be a number")
        if not low <= value <= high:
            raise self.wrong(key, f"must be {low:g} to {high:g}")
        return float(value)

    def number_or_null(self, key: str, low: float, high: float) -> float | None:
        """As `number`; None where the key is null or missing."""
        return None if self._values.get(key) is None else self.number(key, low, low, high)

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.number(key, default, low, high)
        if value != int(value):
            raise self.wrong(key, "must be a whole number")
        return int(value)

    def must_be(self, key: str, *allowed: object) -> None:
        """Refuses a setting that only these values, or a missing key, leave without effect."""
        if key in self._values and self._values[key] not in allowed:
            raise self.wrong(key, f"must be {' or '.join(json.dumps(value) for value in allowed)}")

    def must_be_off(self, *keys: str) -> None:
        """Refuses what is neither false, null nor missing."""
        for key in keys:
            self.must_be(key, False, None)

    def must_know(self, known: frozenset[str]) -> None:
        """Refuses a setting that is in use and not `known`. Keys that start with _ are notes of the writer."""
        for key, value in self._values.items():
            if key not in known and not key.startswith("_") and value is not None and value is not False:
                raise self.wrong(key, "is not known here and must be null")
