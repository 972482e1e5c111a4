"""A request to bake, checked: what is in a `Recipe` can be baked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from services.generator.folder import ModelFolder
from services.runtime.errors import Fault, Reason, invalid

MOST_PICTURES = 10
MOST_STEPS = 100
MOST_GUIDANCE = 20.0
MOST_PREVIEWS = 10
SMALLEST, LARGEST = 64, 1024
"""Pixels of an edge of the output."""
LONGEST_PROMPT = 32_000
"""Characters."""
LONGEST_ID = 128
SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to bake. Picture i has the seed `seed + i`, round the corner of 2**32; `size` is the edge in pixels."""

    job_id: str
    model: str
    prompt: str
    count: int
    seed: int
    steps: int
    guidance: float
    size: int
    previews: int
    paid: bool

    @property
    def rows(self) -> int:
        """Rows a picture takes of a call: the one answer of guidance 0 or 1 needs no second row."""
        return 1 if self.guidance in {0.0, 1.0} else 2

    def seed_of(self, index: int) -> int:
        """The seed of picture `index`."""
        return (self.seed + index) % SEEDS

    @property
    def preview_steps(self) -> frozenset[int]:
        """Steps done at which a rough picture is shown, spread evenly; never the last."""
        spread = {round(i * self.steps / (self.previews + 1)) for i in range(1, self.previews + 1)}
        return frozenset(spread) - {0, self.steps}


def check(
    models: Mapping[str, ModelFolder],
    *,
    job_id: str,
    model: str,
    prompt: str,
    count: int,
    seed: int,
    steps: int | None,
    guidance: float | None,
    width: int,
    height: int,
    previews: int,
    paid: bool,
) -> Recipe:
    """The recipe of these wishes; None and 0 pixels mean the model's default. Raises Fault INVALID_ARGUMENT with
    the field, or MODEL_UNKNOWN with the models there are."""
    folder = models.get(model)
    if folder is None:
        known = ", ".join(sorted(models))
        raise Fault(Reason.MODEL_UNKNOWN, f"no model {model[:64]!r} here", model=model[:64], models=known)
    steps = folder.default_steps if steps is None else steps
    guidance = folder.default_guidance if guidance is None else guidance
    width, height = width or folder.output_size, height or folder.output_size
    if len(job_id) > LONGEST_ID:
        raise invalid("job_id", f"at most {LONGEST_ID} characters")
    if len(prompt) > LONGEST_PROMPT:
        raise invalid("prompt", f"at most {LONGEST_PROMPT} characters, not {len(prompt)}")
    _within("count", count, 1, MOST_PICTURES)
    _within("seed", seed, 0, SEEDS - 1)
    _within("steps", steps, 1, MOST_STEPS)
    _within("previews", previews, 0, MOST_PREVIEWS)
    if not (math.isfinite(guidance) and 0 <= guidance <= MOST_GUIDANCE):
        raise invalid("guidance", f"must be 0 to {MOST_GUIDANCE:g}")
    for field, pixels in (("width", width), ("height", height)):
        if pixels != folder.native_size:
            _within(field, pixels, SMALLEST, LARGEST)
    if width != height:
        raise invalid("height", f"pictures of this model are square: {width} x {height} is not")
    return Recipe(job_id, model, prompt, count, seed, steps, guidance, width, previews, paid)


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise invalid(field, f"must be {low} to {high}, not {value}")
