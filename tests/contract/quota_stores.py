"""What the suites over the desk's stores share: a small policy, a clock that tests move, ids that sort."""

from dataclasses import dataclass

from services.quota.limits import Window
from services.quota.policy import Policy, Tier

DAY = 86_400
NOON = 20_000.5 * DAY

POLICY = Policy(
    tiers={
        "free": Tier("free", weight=1, live=2, line=5, windows=(Window("daily", 3, DAY),)),
        "paid": Tier(
            "paid",
            weight=4,
            live=6,
            line=8,
            windows=(Window("hourly", 15, 3_600), Window("daily", 20, DAY)),
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
)


@dataclass
class Clock:
    """Unix seconds that stand still until a test moves them."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now


def job_id(number: int) -> str:
    """The id of job `number`: 26 characters."""
    return f"{number:026d}"
