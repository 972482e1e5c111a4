"""Children that are started, watched, restarted when they die, and stopped in order. What Kubernetes does, for
one machine: a dead child comes back after a short pause that doubles while it keeps dying."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
STAYED_UP = 10.0
"""Seconds after which a child counts as having run well."""


@dataclass
class Child:
    """One service process. `log` receives its JSON lines."""

    name: str
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    restart_at: float = 0.0
    restarts: int = field(default=0)

    def start(self) -> None:
        """Starts `python -m services.NAME` in a session of its own, so that Ctrl-C reaches only us."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"services.{self.name}"],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def look_after(self) -> None:
        """Restarts the process when it has died and its pause is over. Called often; never waits."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if self.restart_at == 0.0:
            self.pause = FIRST_PAUSE if now - self.started > STAYED_UP else min(self.pause * 2, LONGEST_PAUSE)
            self.restart_at = now + self.pause
        elif now >= self.restart_at:
            self.restart_at = 0.0
            self.restarts += 1
            self.start()

    def stop(self, seconds: float) -> None:
        """SIGTERM, at most `seconds` to drain, then SIGKILL."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
