"""A policy file that may change while the taster judges by it.

A new one is checked as at the start; one that is wrong is told in the log and a metric, and the old one stays.
Replicas read their own copies, a few seconds apart; for all of them at once there is `TryPolicy` and
`PromotePolicy`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from services.moderator.policies import POLICY_ERRORS
from services.moderator.rules import RuleBook
from services.runtime.settings import SettingsError

log = logging.getLogger("fournil.moderator.policy")

LOOK_EVERY = 2.0
"""Seconds."""


class PolicyReload:
    """Looks at a file and hands the rules of each new one to `use`."""

    def __init__(self, path: Path, load: Callable[[], RuleBook], use: Callable[[RuleBook], None]) -> None:
        self._path, self._load, self._use = path, load, use
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
            book = self._load()
        except SettingsError as error:
            POLICY_ERRORS.inc()
            log.error("policy not taken over; the old one stays", extra={"detail": str(error)})
            return False
        self._use(book)
        log.info("policy taken over", extra={"version": book.version})
        return True

    def _text(self) -> bytes | None:
        """None while the file is not there: it is being replaced."""
        try:
            return self._path.read_bytes()
        except OSError:
            return None
