"""What the desk decides by: tiers, their weights and limits by surge level, and the desk's times. `policy_file`
reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.quota.limits import Window
from services.quota.surge import Level, SurgePolicy

USUAL_SURGE = SurgePolicy((20.0, 90.0, 1800.0), rise=3.0, fall=30.0)


@dataclass(frozen=True, slots=True)
class Tier:
    """One class of accounts, as it is at one surge level."""

    name: str
    weight: int
    """Its share of the ovens while other classes wait too."""
    live: int
    """Live jobs an account may have."""
    line: int
    """Tickets its class of one model's line takes, held ones included; 0 takes none."""
    windows: tuple[Window, ...]
    wait: float | None = None
    """Seconds a ticket taken now may be expected to wait; None is without end."""
    overcommit: int = 0
    """Per cent of an oven's slots that its turns may take beyond them: the oven puts others aside meanwhile."""
    through_outages: bool = False
    """Its accounts are served from a replica's share while the store is away."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the desk decides by. Times in seconds. `tiers` are those of NORMAL; `at` gives other levels'."""

    tiers: Mapping[str, Tier]
    default_tier: str
    max_attempts: int
    max_cost: int
    lease: float
    heartbeat: float
    silence: float
    keep_final: float
    keep_request: float
    zone: str = "UTC"
    surge: SurgePolicy = USUAL_SURGE
    levels: Mapping[Level, Mapping[str, Tier]] | None = None

    def tier(self, name: str, level: Level = Level.NORMAL) -> Tier:
        """The tier of that name, or the default one: an account outlives the tier it was made with."""
        tiers = self.at(level)
        return tiers.get(name) or tiers[self.default_tier]

    def judged_by(self, name: str, asked: str, level: Level = Level.NORMAL) -> Tier:
        """The tier that a request is judged by: the account's, or the one asked for if it is no heavier."""
        own, other = self.tier(name, level), self.at(level).get(asked)
        return other if other and other.weight <= own.weight else own

    def at(self, level: Level) -> Mapping[str, Tier]:
        """The tiers at a level."""
        return self.tiers if self.levels is None else self.levels[level]

    @property
    def weights(self) -> dict[str, int]:
        """Of each tier; the same at all levels."""
        return {tier.name: tier.weight for tier in self.tiers.values()}
