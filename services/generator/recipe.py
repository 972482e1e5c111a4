"""A request to bake, checked: what is in a `Recipe` can be baked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.generator.families.interface import MOST_GUIDANCE, MOST_STEPS, SEEDS, Facts, Model, Wish
from services.runtime.errors import Fault, Reason, invalid

MOST_PICTURES = 10
MOST_PREVIEWS = 10
SMALLEST, LARGEST = 64, 1024
"""Pixels of an edge of the output of models whose pictures are resampled."""
LONGEST_PROMPT = 32_000
"""Characters."""
LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to bake. A picture takes `calls` of the denoiser and `rows` of each; it is drawn as `wish` says and
    handed out at `width` × `height` pixels."""

    job_id: str
    model: str
    prompt: str
    count: int
    wish: Wish
    calls: int
    rows: int
    width: int
    height: int
    previews: int
    paid: bool

    @property
    def preview_steps(self) -> frozenset[int]:
        """Calls done at which a rough picture is shown, spread evenly; never the last."""
        spread = {round(i * self.calls / (self.previews + 1)) for i in range(1, self.previews + 1)}
        return frozenset(spread) - {0, self.calls}


def check(
    models: Mapping[str, Model[Any, Any]],
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
    chosen = models.get(model)
    if chosen is None:
        known = ", ".join(sorted(models))
        raise Fault(Reason.MODEL_UNKNOWN, f"no model {model[:64]!r} here", model=model[:64], models=known)
    facts = chosen.facts
    steps = facts.default_steps if steps is None else steps
    guidance = facts.default_guidance if guidance is None else guidance
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
    width, height = _sizes(facts, width, height)
    drawn = (facts.width, facts.height) if facts.square else (width, height)
    try:
        calls = chosen.calls(steps)
    except ValueError as error:
        raise invalid("steps", str(error)) from None
    wish = Wish(seed, steps, guidance, *drawn)
    return Recipe(job_id, model, prompt, count, wish, calls, chosen.rows(guidance), width, height, previews, paid)


def _sizes(facts: Facts, width: int, height: int) -> tuple[int, int]:
    """Pixels of the picture that is handed out. Raises Fault."""
    if not facts.square:
        width, height = width or facts.width, height or facts.height
        for field, pixels in (("width", width), ("height", height)):
            if pixels % facts.unit or not facts.smallest <= pixels <= facts.largest:
                bounds = f"{facts.smallest} to {facts.largest} in steps of {facts.unit}"
                raise invalid(field, f"must be {bounds}, not {pixels}")
        if width * height > facts.most_pixels:
            raise invalid("height", f"times width must be at most {facts.most_pixels} pixels")
        return width, height
    width, height = width or facts.output_size, height or facts.output_size
    for field, pixels in (("width", width), ("height", height)):
        if pixels != facts.width:
            _within(field, pixels, SMALLEST, LARGEST)
    if width != height:
        raise invalid("height", f"pictures of this model are square: {width} x {height} is not")
    return width, height


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise invalid(field, f"must be {low} to {high}, not {value}")
