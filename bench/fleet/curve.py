"""How long a step of a call takes, by its pictures: published points and what lies between."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from services.generator.capacity import smallest_efficient


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is asked of a model: its name and steps. All recipes of a curve are equally likely."""

    model: str
    steps: int


@dataclass(frozen=True)
class Curve:
    """One model on one device. `points` gives seconds of one step by pictures in the call, 1 among them; between
    two points it is a straight line. A picture takes `width` rows: 2 with guidance. `source` says what was
    published and where; `derived` says what of it is ours, "" when nothing is."""

    model: str
    device: str
    points: Mapping[int, float]
    width: int
    recipes: tuple[Recipe, ...]
    source: str
    derived: str

    @property
    def name(self) -> str:
        """For example "SDXL on L4"."""
        return f"{self.model} on {self.device}"

    @property
    def most(self) -> int:
        """Pictures of the largest published call."""
        return max(self.points)

    @cached_property
    def batch(self) -> int:
        """Pictures of a call as the oven would find it while warming up: 1, 2, 4, ... and the most are tried."""
        tried = {2**power for power in range(self.most.bit_length())} | {self.most}
        return smallest_efficient({count: self.seconds(count) for count in tried})

    @cached_property
    def steps(self) -> float:
        """Of a picture, on average."""
        return sum(recipe.steps for recipe in self.recipes) / len(self.recipes)

    def usual_steps(self, model: str) -> float:
        """Of a picture of one of its models, on average; it stands for what is drawn when nothing is asked."""
        steps = [recipe.steps for recipe in self.recipes if recipe.model == model]
        return sum(steps) / len(steps)

    @cached_property
    def rate(self) -> float:
        """Pictures a second of one device that is always busy with calls of `batch` pictures."""
        return self.batch / self.seconds(self.batch) / self.steps

    @cached_property
    def stay(self) -> float:
        """Seconds that an average picture takes when it is in every call and the calls are full."""
        return self.steps * self.seconds(self.batch)

    def seconds(self, pictures: float) -> float:
        """Of one step of a call of so many pictures. Raises ValueError outside what was published."""
        counts = sorted(self.points)
        if not counts[0] <= pictures <= counts[-1]:
            raise ValueError(f"{self.name} is known from {counts[0]} to {counts[-1]} pictures, not at {pictures}")
        high = bisect_left(counts, pictures)
        if counts[high] == pictures:
            return self.points[counts[high]]
        low, upper = counts[high - 1], counts[high]
        share = (pictures - low) / (upper - low)
        return self.points[low] + share * (self.points[upper] - self.points[low])
