"""What the memory store keeps, and its recount: every counter against the reservations it stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.quota.line import ClassLine, Size
from services.quota.reservation import Reservation, State
from services.quota.store import Report

WindowKey = tuple[str, str, int]
"""Account, window's name, number of the stretch."""


@dataclass(slots=True)
class Record:
    """A reservation with what only the store needs."""

    shown: Reservation
    windows: list[tuple[str, int, int]]
    """Window, counter and amount of everything that is held."""
    arrival: int = 0
    tag: int = 0
    freed: bool = False
    untried: int = 0
    gone_at: float | None = None

    @property
    def size(self) -> Size:
        return Size(self.shown.cost, self.shown.work)


@dataclass(slots=True)
class Account:
    tier: str
    live: int = 0
    zone: str = ""
    banned: str = ""


@dataclass(slots=True)
class Counter:
    used: int = 0
    held: int = 0
    bonus: int = 0


@dataclass(slots=True)
class Class:
    line: ClassLine = field(default_factory=ClassLine)
    held: int = 0


@dataclass(slots=True)
class Generator:
    report: Report
    seen: float
    leased: int = 0
    leased_work: int = 0
    suspect: bool = False


def recount(
    live: Sequence[Record],
    accounts: Mapping[str, Account],
    windows: Mapping[WindowKey, Counter],
    classes: Mapping[tuple[str, str], Class],
    generators: Mapping[str, Generator],
) -> list[str]:
    """One sentence for each counter that is off; `live` are all reservations that are not final."""
    wrong = []

    def check(what: str, stored: int, counted: int) -> None:
        if stored != counted:
            wrong.append(f"{what}: stored {stored}, counted {counted}")

    for name, account in accounts.items():
        check(f"live of {name}", account.live, sum(one.shown.account_id == name for one in live))
    for (name, window, number), counter in windows.items():
        charged = [one.windows for one in live if one.shown.account_id == name]
        held = sum(amount for windows in charged for at, n, amount in windows if (at, n) == (window, number))
        check(f"held of {name}:{window}:{number}", counter.held, held)
    for (model, tier), one in classes.items():
        mine = [record.shown for record in live if (record.shown.model, record.shown.tier) == (model, tier)]
        waiting = {shown.id: Size(shown.cost, shown.work) for shown in mine if shown.state is State.QUEUED}
        check(f"held of {model}:{tier}", one.held, sum(shown.state is State.HELD for shown in mine))
        if waiting != one.line.sizes or len(one.line.tickets) != len(waiting):
            wrong.append(f"the tickets of {model}:{tier} are not those that wait")
    for id, generator in generators.items():
        turns = [one for one in live if one.shown.generator_id == id and one.shown.state is State.RUNNING]
        leased = Size.of(Size(one.shown.cost, one.shown.work) for one in turns if not one.freed)
        check(f"leased of {id}", generator.leased, leased.cost)
        check(f"leased work of {id}", generator.leased_work, leased.work)
    return wrong
