"""What the suites over the desk's stores share: a small policy, a clock that tests move, ids that sort."""

from dataclasses import dataclass, replace
from typing import Protocol

from services.quota.limits import Kind, Unit, Window
from services.quota.office import Holder, Office
from services.quota.policy import Policy, Tier
from services.quota.reservation import State
from services.quota.store import Ask, Report
from services.quota.store import Store as Desk

MODEL = "crumb"
DAY = 86_400
NOON = 20_000.5 * DAY

POLICY = Policy(
    tiers={
        "free": Tier("free", weight=1, live=2, line=5, windows=(Window("daily", 3, DAY),), wait=20.0),
        "paid": Tier(
            "paid",
            weight=4,
            live=6,
            line=8,
            windows=(Window("hourly", 15, 3_600), Window("daily", 20, DAY)),
        ),
        "gold": Tier(
            "gold",
            weight=4,
            live=6,
            line=8,
            windows=(
                Window("day", 12, DAY, Kind.DAY),
                Window("sliding", 8_000, 7_200, Kind.ROLLING, Unit.WORK),
                Window("watched", 1, 3_600, shadow=True),
                Window("asks", 4, 60, Kind.BURST, Unit.JOBS),
            ),
            overcommit=50,
        ),
    },
    default_tier="free",
    max_attempts=3,
    max_cost=10,
    lease=30.0,
    heartbeat=1.0,
    silence=3.0,
    keep_final=48 * 3_600.0,
    keep_request=24 * 3_600.0,
    zone="America/Montreal",
)


class Store(Desk, Office, Protocol):
    """All that the two stores keep."""


@dataclass
class Clock:
    """Unix seconds that stand still until a test moves them."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now


def job_id(number: int) -> str:
    """The id of job `number`: 26 characters."""
    return f"{number:026d}"


def ask(number: int, account: str = "ada", cost: int = 1, **more: object) -> Ask:
    """A request for pictures."""
    plain = Ask(job_id(number), account, cost, MODEL, 60.0, work=1000 * cost)
    return replace(plain, **more)  # type: ignore[arg-type]


async def open_account(store: Store, name: str, tier: str) -> None:
    """An account and its key."""
    await store.create_key(f"digest-{name}", Holder(name, tier, f"key_{name}", False), "a test")


async def queue(store: Store, number: int, account: str = "ada", cost: int = 1, model: str = MODEL) -> str:
    """A reservation that waits; its id."""
    decision = await store.reserve(ask(number, account, cost, model=model))
    assert decision.reservation is not None, decision.refusal
    await store.enqueue(job_id(number), 60.0)
    return job_id(number)


async def beat(
    store: Store, name: str = "oven-1", slots: int = 1, models: tuple[str, ...] = (MODEL,), address: str = ""
) -> None:
    """A generator reports."""
    await store.heartbeat(Report(name, address or f"{name}:50053", models, slots, 0.5))


async def state(store: Store, id: str) -> State:
    """Where a reservation stands."""
    return (await store.standings([id]))[id].reservation.state
