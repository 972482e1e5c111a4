"""Refusals that can be read back by id. No prompt and no word of one is ever stored.

Recording is best effort: it waits a fraction of a second, and if the store is away the refusal stands, is
counted as unrecorded, and cannot be read back. Screening never depends on the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Counter

from services.moderator.verdict import Stage, Verdict
from services.runtime.errors import Fault, Reason
from services.runtime.redis_link import RedisLink

log = logging.getLogger("fournil.moderator.decisions")

UNRECORDED = Counter("fournil_moderation_unrecorded_total", "Refusals that the store did not take in time.")
AUDIT_ENTRIES = 100_000


@dataclass(frozen=True)
class Decision:
    """A refusal as stored. Its verdict has no words and no scores; whether it can be appealed is asked when it is
    read."""

    verdict: Verdict
    job_id: str
    account_id: str
    create_time: float
    """Unix time in seconds."""
    expire_time: float
    """When it is forgotten, in Unix seconds."""


class Decisions:
    """The refusals of the last `keep_seconds`."""

    def __init__(self, link: RedisLink, *, keep_seconds: int, patience: float, clock: Callable[[], float]) -> None:
        """`patience` is how long recording may hold up a refusal, in seconds; `clock` gives Unix time."""
        self._link = link
        self._keep, self._patience, self._clock = keep_seconds, patience, clock
        self._record = link.script(Path(__file__).parent / "lua" / "record.lua")

    async def record(self, verdict: Verdict, job_id: str, account_id: str) -> float | None:
        """Store a refusal unless it is stored already; until when it is kept, in Unix seconds, or None if the
        store did not take it in time."""
        now = self._clock()
        fields: list[str | int | float] = [
            "job_id", job_id, "account_id", account_id, "stage", verdict.stage.value,
            "category", verdict.category, "score", repr(verdict.score),
            "policy_version", verdict.policy_version, "words", len(verdict.words),
            "create_time", repr(now), "expire_time", repr(now + self._keep),
        ]  # fmt: skip
        keys = [_key(verdict.decision_id), "{moderator}:decisions"]
        try:
            async with asyncio.timeout(self._patience):
                kept: str = await self._record(keys, [self._keep, AUDIT_ENTRIES, verdict.decision_id, *fields])
        except (TimeoutError, Fault) as error:
            UNRECORDED.inc()
            log.warning("refusal not recorded", extra={"detail": type(error).__name__})
            return None
        return float(kept or now + self._keep)  # empty: its record is older than the field

    async def find(self, identifier: str) -> Decision:
        """The refusal of that id. Raises Fault NOT_FOUND, or UNAVAILABLE if the store is away."""
        found: dict[str, str] = await self._link.do(lambda: self._link.text.hgetall(_key(identifier)))
        if not found:
            raise Fault(Reason.NOT_FOUND, "no such decision", decision_id=identifier)
        verdict = Verdict(
            allowed=False,
            decision_id=identifier,
            stage=Stage(found["stage"]),
            category=found["category"],
            score=float(found["score"]),
            policy_version=found["policy_version"],
            scores={},
        )
        created = float(found["create_time"])
        expires = float(found.get("expire_time", created + self._keep))
        return Decision(verdict, found["job_id"], found["account_id"], created, expires)


def _key(identifier: str) -> str:
    return f"{{moderator}}:decision:{identifier}"
