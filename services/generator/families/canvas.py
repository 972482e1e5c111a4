"""A picture on its way, and what it is told of its prompt."""

from __future__ import annotations

from dataclasses import dataclass

from services.generator.families.family import Row
from services.generator.families.interface import Array
from services.generator.families.kept import Kept
from services.generator.families.text import Text
from services.generator.noise import Stream
from services.generator.schedules import Memory, Schedule, guide


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """An encoded prompt, and what guidance leads away from. None where the denoiser takes the guidance itself."""

    asked: Text
    against: Text | None


@dataclass(slots=True, eq=False)
class Canvas:
    """A picture on its way: `x` is what call `done` of the denoiser sees, before the schedule scales it."""

    x: Array  # [C,h,w]
    schedule: Schedule
    guidance: float
    texts: tuple[Text, ...]  # of its rows: one, or what to lead away from and then what is asked
    source: Stream
    done: int = 0
    kept: Kept | None = None
    memory: Memory = None
    last: tuple[Array, Array] | None = None  # x before the last call, and the guided answer

    @property
    def key(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shapes of latent and text."""
        return self.x.shape, self.texts[0].tokens.shape

    @property
    def rows(self) -> int:
        """1 or 2."""
        return len(self.texts)

    @property
    def steps(self) -> int:
        """Calls in all."""
        return self.schedule.steps

    @property
    def finished(self) -> bool:
        """Whether `x` is the picture's latent."""
        return self.done == self.steps

    def estimate(self) -> Array:
        """[C,h,w]: the latent it is heading for, judged by the last answer."""
        return self.x if self.last is None else self.schedule.estimate(*self.last, self.done - 1)

    def next_rows(self) -> list[Row]:
        """What the next call of the denoiser reads of it."""
        seen = self.schedule.model_input(self.x, self.done)
        timestep = float(self.schedule.timesteps[self.done])
        return [Row(seen, timestep, text, self.guidance) for text in self.texts]

    def take(self, answers: list[Array]) -> None:
        """One step further by the answers [C,h,w] to its rows."""
        answer = answers[0] if self.rows == 1 else guide(answers[0], answers[1], self.guidance)
        before = self.x
        x, self.memory = self.schedule.step(before, answer, self.done, self.memory, self._fresh_noise)
        self.last = before, answer
        self.done += 1
        self.x = x if self.kept is None else self.kept.around(x, self._as_noisy(self.kept))

    def _as_noisy(self, kept: Kept) -> Array:
        """[C,h,w]: what is kept, noised to where `x` is now."""
        if self.finished:
            return kept.latent
        return self.schedule.add_noise(kept.latent, kept.noise, self.done)

    def _fresh_noise(self) -> Array:
        return self.source.draw(self.x.shape)
