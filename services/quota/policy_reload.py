"""A policy file that may change while the desk decides by it.

A new one is checked as at the start; one that is wrong is told in the log and a metric, and the old one stays.
What is held stays held, in the counters it was held in. Replicas read their own copies, a few seconds apart.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from services.quota import metrics
from services.quota.policy import Policy
from services.quota.policy_file import load_policy
from services.runtime.settings import SettingsError

log = logging.getLogger("fournil.quota.policy")

LOOK_EVERY = 2.0
"""Seconds."""


class PolicyReload:
    """Looks at a file and hands each new policy to `use`."""

    def __init__(self, path: Path, use: Callable[[Policy], None]) -> None:
        self._path = path
        self._use = use
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
            policy = load_policy(self._path)
        except SettingsError as error:
            metrics.POLICY_ERRORS.inc()
            log.error("policy not taken over; the old one stays", extra={"detail": str(error)})
            return False
        self._use(policy)
        log.info("policy taken over", extra={"tiers": ", ".join(policy.tiers)})
        return True

    def _text(self) -> bytes | None:
        """None while the file is not there: it is being replaced."""
        try:
            return self._path.read_bytes()
        except OSError:
            return None
