"""Times as the HTTP surface tells them."""

from datetime import UTC, datetime


def iso_time(seconds: float) -> str:
    """Unix seconds as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_time_if(seconds: float | None) -> str | None:
    """The same, None where there is none."""
    return None if seconds is None else iso_time(seconds)
