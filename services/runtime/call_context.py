"""Request id, deadline and language of the call being served.

grpc.aio serves each call in a task of its own, so context variables are per call; the calling interceptor
reads them, which is how a request id and a deadline cross all four services without being passed by hand.
"""

import os
import time
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
language: ContextVar[str] = ContextVar("language", default="en")
deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""On the clock of `time.monotonic`; None when the caller set none."""

MAX_REQUEST_ID = 128


def new_request_id() -> str:
    """A fresh id, 32 hexadecimal characters."""
    return os.urandom(16).hex()


def accept_request_id(offered: str | bytes | None) -> str:
    """The caller's id when it is printable ASCII without spaces and of sane length, else a fresh one."""
    text = offered.decode("ascii", "replace") if isinstance(offered, bytes) else offered
    if text and len(text) <= MAX_REQUEST_ID and text.isascii() and text.isprintable() and " " not in text:
        return text
    return new_request_id()


def pick_language(header: str | bytes | None) -> str:
    """ "fr" or "en" from an Accept-Language value; the higher quality wins, ties go to the first."""
    if not header:
        return "en"
    text = header.decode("latin-1") if isinstance(header, bytes) else header
    best, best_quality = "en", 0.0
    for part in text[:256].split(","):
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter.strip() else 1.0
        except ValueError:
            continue
        if primary in {"fr", "en"} and quality > best_quality:
            best, best_quality = primary, quality
    return best


def remaining(default: float) -> float:
    """Seconds left before the caller's deadline, at most `default`; never negative."""
    limit = deadline.get()
    if limit is None:
        return default
    return max(0.0, min(default, limit - time.monotonic()))
