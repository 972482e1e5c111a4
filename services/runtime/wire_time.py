"""Seconds as protobuf's durations and timestamps, and back, to the microsecond on the way out; and as
text."""

from __future__ import annotations

from functools import lru_cache

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp


def duration(seconds: float | None) -> Duration | None:
    """None stays None, which leaves a field unset."""
    if seconds is None:
        return None
    made = Duration()
    made.FromMicroseconds(round(seconds * 1e6))
    return made


def timestamp(seconds: float | None) -> Timestamp | None:
    """Of Unix seconds; None stays None."""
    if seconds is None:
        return None
    whole, micros = divmod(round(seconds * 1e6), 1_000_000)
    return Timestamp(seconds=whole, nanos=micros * 1000)


def seconds(message: Duration | Timestamp) -> float:
    """Of a duration; of a timestamp, Unix seconds."""
    return message.seconds + message.nanos / 1e9


def seconds_if(message: Message, field: str) -> float | None:
    """Of a message's duration or timestamp; None where the field is not set."""
    return seconds(getattr(message, field)) if message.HasField(field) else None


def iso(message: Timestamp) -> str:
    """As protobuf's JSON writes it, in UTC."""
    return _iso(message.seconds, message.nanos)


@lru_cache(maxsize=1_000)
def _iso(whole: int, nanos: int) -> str:
    """Kept, for windows of a day end at the same time for all."""
    return Timestamp(seconds=whole, nanos=nanos).ToJsonString()
