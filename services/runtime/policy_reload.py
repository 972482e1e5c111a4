"""A policy file that may change while a service decides by it.

A new one is checked as at the start; one that is wrong is told in the log and a metric, and the old one stays.
Replicas read their own copies, a few seconds apart.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from prometheus_client import Counter

from services.runtime.settings import SettingsError

log = logging.getLogger("fournil.policy")

LOOK_EVERY = 2.0
"""Seconds."""

Policy = TypeVar("Policy")


class PolicyReload(Generic[Policy]):
    """Looks at a file and hands what `load` makes of each new one to `use`. `load` raises SettingsError for one
    that is wrong, which `errors` counts."""

    def __init__(
        self, path: Path, load: Callable[[Path], Policy], use: Callable[[Policy], None], errors: Counter
    ) -> None:
        self._path, self._load, self._use, self._errors = path, load, use, errors
        self._seen = self._text()

    async def run(self) -> None:
        """Looks for as long as the process lives."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.look()

    def look(self) -> bool:
        """Takes a changed file over; whether one was. Configuration that is mounted is swapped as a link, so the
        text is compared, not a time."""
        text = self._text()
        if text is None or text == self._seen:
            return False
        self._seen = text
        try:
            policy = self._load(self._path)
        except SettingsError as error:
            self._errors.inc()
            log.error("policy not taken over; the old one stays", extra={"detail": str(error)})
            return False
        self._use(policy)
        log.info("policy taken over", extra={"path": str(self._path)})
        return True

    def _text(self) -> bytes | None:
        """None while the file is not there: it is being replaced."""
        try:
            return self._path.read_bytes()
        except OSError:
            return None
