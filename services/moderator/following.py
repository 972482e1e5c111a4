"""What this replica has heard of exemplars and policies: read whole at the start, then change by change.

The store's stream of changes wakes every replica at once; what a replica may have missed is found by looking at
the whole list now and then. While the store is away a replica goes on with what it knows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from prometheus_client import Counter, Gauge

from services.moderator.exemplars import Book, Exemplar
from services.moderator.ledger import Ledger
from services.moderator.likeness import WordVectors
from services.moderator.normalise import normalise
from services.moderator.policies import Policies, PolicyState
from services.runtime.errors import Fault

log = logging.getLogger("fournil.moderator.following")

EXEMPLARS = Gauge("fournil_moderation_exemplars", "Exemplars that this replica knows.")
FOLLOW_ERRORS = Counter("fournil_moderation_follow_errors_total", "Looks at the changes that failed.")

WAIT = 0.4
"""Seconds that one look waits for a change."""
PAUSE = 0.2
"""Seconds until the next look after one that failed."""
WHOLE_EVERY = 60.0
"""Seconds between looks at the whole list."""
FIRST_LOOK = 30.0
"""Seconds that a start may wait for the whole list: 10,000 exemplars take about half of it."""
BATCH = 32


class Following:
    """Keeps the book and the policies up to date. The only one that writes to them."""

    def __init__(self, ledger: Ledger, book: Book, encoder: WordVectors, policies: Policies) -> None:
        self._ledger, self._book, self._encoder, self._policies = ledger, book, encoder, policies
        self._after = "0-0"
        self._whole_at = float("-inf")

    async def begin(self) -> None:
        """Reads everything before the first verdict. With the store away it starts without, and catches up."""
        try:
            async with asyncio.timeout(FIRST_LOOK):
                await self.whole()
        except (Fault, TimeoutError) as error:
            log.warning("started without exemplars", extra={"detail": type(error).__name__})

    async def run(self) -> None:
        """Looks for as long as the process lives."""
        while True:
            try:
                await self.look(WAIT)
            except Fault as fault:
                FOLLOW_ERRORS.inc()
                log.info("changes not read", extra={"reason": fault.reason})
                await asyncio.sleep(PAUSE)

    async def look(self, seconds: float) -> None:
        """One look, which waits so long for a change. Raises Fault."""
        if time.monotonic() - self._whole_at > WHOLE_EVERY:
            await self.whole()
        after, changes = await self._ledger.changes(self._after, seconds)
        if any(kind == "policies" for kind, _ in changes):
            await self._read_policies()
        if changed := sorted({one for kind, one in changes if kind == "exemplar"}):
            there = await self._ledger.exemplars(changed)
            self._book.drop(set(changed) - {one.id for one in there})
            await self._take(there)
        self._after = after

    async def whole(self) -> None:
        """Reads everything. Raises Fault."""
        after = await self._ledger.last_change()
        await self._read_policies()
        kept = await self._ledger.exemplar_ids()
        self._book.drop(self._book.ids() - kept)
        missing = sorted(kept - self._book.ids())
        for start in range(0, len(missing), 500):
            await self._take(await self._ledger.exemplars(missing[start : start + 500]))
        self._after, self._whole_at = after, time.monotonic()
        EXEMPLARS.set(len(self._book))

    async def _read_policies(self) -> None:
        state, _ = await self._ledger.policies()
        if state != (self._policies.state.pack() if self._policies.state != PolicyState() else ""):
            self._policies.use(PolicyState.unpack(state))

    async def _take(self, exemplars: Sequence[Exemplar]) -> None:
        new = [one for one in exemplars if one.id not in self._book]
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            texts = [normalise(one.prompt) for one in part]
            self._book.take(part, await asyncio.to_thread(self._encoder.encode_sentences, texts))
        EXEMPLARS.set(len(self._book))
