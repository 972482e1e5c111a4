"""The public keys of an issuer (a JWK set, RFC 7517), from an https URL or a file, kept while they serve.

They are read anew when a token names a key that is not among them, at most once a minute, and once an hour in any
case, so that a key that was withdrawn ends. While the source fails, the keys of last time go on for a day.
"""

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.runtime.errors import Fault, Reason

log = logging.getLogger("fournil.quota.key_set")

LEAST_PAUSE, LONGEST_AGE, LONGEST_OUTAGE = 60.0, 3_600.0, 86_400.0
PATIENCE = 5.0
"""Seconds."""
MOST_BYTES = 1 << 20

Key = Mapping[str, Any]


class KeySet:
    """Keys by their ids. `read` returns the set's text and may block; `clock` is in seconds."""

    def __init__(
        self,
        source: str,
        read: Callable[[str], bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._read = read or read_source
        self._clock = clock
        self._keys: list[Key] = []
        self._read_at = self._tried_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, kid: object) -> Key | None:
        """The signing key of that id; without an id, the only one there is. Raises UNAVAILABLE when no key was
        ever read, or none for a day."""
        if self._clock() - self._read_at > LONGEST_AGE or self._pick(kid) is None:
            await self._refresh()
        if self._clock() - self._read_at > LONGEST_OUTAGE:
            raise Fault(Reason.UNAVAILABLE, "the issuer's keys cannot be read", retry_after=LEAST_PAUSE)
        return self._pick(kid)

    def _pick(self, kid: object) -> Key | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.get("kid") == kid), None)

    async def _refresh(self) -> None:
        """Reads the set, unless somebody has just tried."""
        async with self._reading:
            if self._clock() - self._tried_at < LEAST_PAUSE:
                return
            self._tried_at = self._clock()
            try:
                async with asyncio.timeout(PATIENCE):
                    text = await asyncio.to_thread(self._read, self._source)
                found = json.loads(text)["keys"]
                self._keys = [key for key in found if key.get("use", "sig") == "sig"]
            except (OSError, ValueError, KeyError, TypeError, AttributeError, TimeoutError) as error:
                log.warning("the issuer's keys cannot be read", extra={"why": type(error).__name__})
                return
            self._read_at = self._clock()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The keys come from where the operator said, over TLS, or not at all."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def read_source(source: str) -> bytes:
    """The text behind an https URL, or of a file. Raises OSError; ValueError for more than `MOST_BYTES`."""
    if source.startswith("https://"):
        opener = urllib.request.build_opener(_NoRedirect)
        with opener.open(source, timeout=PATIENCE) as answer:
            text: bytes = answer.read(MOST_BYTES + 1)
    else:
        text = Path(source).read_bytes()
    if len(text) > MOST_BYTES:
        raise ValueError("too long")
    return text
