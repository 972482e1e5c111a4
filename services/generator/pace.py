"""What a picture, as its model draws it when nothing is asked, costs of the whole machine's time, at the present
mix of models."""

from __future__ import annotations

HALF_LIFE = 20.0
"""Busy seconds after which a measure counts half."""


class Pace:
    """A running ratio of busy seconds to pictures; a step brings a picture a fraction further."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._pictures = 0.0

    def measured(self, seconds: float, pictures: float) -> None:
        """The machine was busy for `seconds` and brought `pictures` further (a fraction)."""
        fade = 0.5 ** (seconds / HALF_LIFE)
        self._seconds = self._seconds * fade + seconds
        self._pictures = self._pictures * fade + pictures

    @property
    def picture_seconds(self) -> float | None:
        """Machine seconds a picture; None before the first measure."""
        return self._seconds / self._pictures if self._pictures > 0 else None
