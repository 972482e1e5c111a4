"""The generators that the memory store hears from, and how much each has on lease."""

from collections.abc import Callable

from services.quota.line import Size
from services.quota.memory_records import Generator
from services.quota.store import Report
from services.quota.wait import Oven

_FORGET = 60.0
"""Seconds of silence after which a generator without turns is dropped."""


class MemoryOvens:
    """By id; `clock` gives Unix seconds. `silence` is how long an oven may say nothing and still be alive."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.known: dict[str, Generator] = {}

    def hear(self, report: Report) -> None:
        """What an oven says of itself; another one that had its address is gone."""
        for id, other in self.known.items():
            if other.report.address == report.address and id != report.generator_id:
                other.seen = 0.0
        before = self.known.get(report.generator_id)
        leased = (before.leased, before.leased_work) if before else (0, 0)
        self.known[report.generator_id] = Generator(report, self._clock(), *leased)

    def lease(self, id: str, size: Size) -> bool:
        """Whether it is known, and so has that much more to do."""
        oven = self.known.get(id)
        if oven:
            oven.leased += size.cost
            oven.leased_work += size.work
        return oven is not None

    def release(self, id: str, size: Size) -> None:
        """That much less, if it is known."""
        self.lease(id, Size(-size.cost, -size.work))

    def suspect(self, id: str) -> None:
        """It gets no turn until it is heard again."""
        if oven := self.known.get(id):
            oven.suspect = True

    def forget(self) -> None:
        """Drops those that are long silent and have no turn."""
        since = self._clock() - _FORGET
        self.known = {id: one for id, one in self.known.items() if one.seen > since or one.leased > 0}

    def alive(self, silence: float) -> list[Generator]:
        """In the order of their ids."""
        since = self._clock() - silence
        return [one for _, one in sorted(self.known.items()) if one.seen > since]

    def shown(self, silence: float) -> list[Oven]:
        """Those alive, for who reckons waits."""
        return [
            Oven(
                one.report.generator_id, one.report.address, one.report.models, one.report.slots, one.leased,
                one.report.picture_time, one.leased_work,
            )
            for one in self.alive(silence)
        ]  # fmt: skip

    def roomiest(self, model: str, overcommit: int, silence: float) -> Generator | None:
        """The living one with the most free slots for the model; when none has any, the one with the most room
        within `overcommit` per cent beyond them. The first by id among equals."""
        return self._roomiest(model, 0, silence) or (
            self._roomiest(model, overcommit, silence) if overcommit else None
        )

    def _roomiest(self, model: str, extra: int, silence: float) -> Generator | None:
        def room(one: Generator) -> int:
            return one.report.slots - one.leased - (-one.report.slots * extra // 100)

        able = [
            one
            for one in self.alive(silence)
            if not one.suspect and one.report.slots and model in one.report.models and room(one) > 0
        ]
        return max(able, key=room, default=None)
