"""An oven of whole requests, for comparison: a batch is chosen once and baked to its end.

It is given what a server of whole requests can have at best: turns and admission exactly as ours, steps known
beforehand and a queue for each step count so that no row of a batch idles before its end, the next batch without a
pause, paid pictures first. It differs in one thing: nobody joins, leaves or is put aside before the batch ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.generator.batcher import Batcher, Row


@dataclass(slots=True)
class WholeRequests(Batcher):
    """Used as a `Batcher`."""

    _batch: Sequence[Row] = field(default_factory=list)

    def next_step(self) -> list[Row]:
        """The batch that runs, or a new one; who has left keeps a row in it."""
        if not any(row.left > 0 for row in self._batch):
            self._batch = self._form()
        return list(self._batch)

    def stepped(self, rows: Sequence[Row], seconds: float) -> list[Row]:
        """Steps those who left too: their rows are taken."""
        here = Batcher.stepped(self, rows, seconds)
        stayed = set(map(id, here))
        for row in rows:
            if id(row) not in stayed:
                row.done += 1
        return here

    def _form(self) -> list[Row]:
        """Pictures of the step count of the one that is first: best class, then longest here."""
        ready = sorted(
            (row for row in self._undone() if row.key), key=lambda row: (row.klass, row.arrival, row.index)
        )
        room = self.capacities[ready[0].model].rows if ready else 0
        chosen = []
        for row in ready:
            if (row.key, row.steps) == (ready[0].key, ready[0].steps) and row.width <= room:
                chosen.append(row)
                room -= row.width
        return chosen
