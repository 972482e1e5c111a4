"""A request to bake, checked: what is in a `Recipe` can be baked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.generator.families.interface import MOST_GUIDANCE, MOST_STEPS, SEEDS, Facts, Model, Wish
from services.generator.picture import Format
from services.runtime.errors import Fault, Reason, invalid

MOST_PICTURES = 10
MOST_PREVIEWS = 10
LONGEST_PROMPT = 32_000
"""Characters."""
LONGEST_ID = 128
MOST_SOURCE = 2 * 2**20
"""Bytes of an encoded picture to start from."""
MOST_MASK = 2 * 2**20
"""Bytes of an encoded mask."""
STRENGTH = 0.6
"""How much of a source is drawn anew when the caller says nothing."""
MASKED_STRENGTH = 1.0
"""The same where a mask says where: what it leaves holds the rest in its place."""
QUALITY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A caller's fields as they came: None, 0 pixels and quality 0 mean the default."""

    job_id: str
    model: str
    prompt: str
    negative: str | None = None
    count: int
    seed: int
    steps: int | None = None
    guidance: float | None = None
    width: int = 0
    height: int = 0
    source: bytes = b""
    mask: bytes = b""
    strength: float | None = None
    previews: int = 0
    format: Format = Format.PNG
    quality: int = 0
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to bake. A picture takes `calls` of the denoiser and `rows` of each; it is drawn as `wish` says, over
    `source` if there is one and where its `mask` says, and handed out at `width` × `height` pixels."""

    job_id: str
    model: str
    prompt: str
    negative: str | None
    source: bytes
    count: int
    wish: Wish
    calls: int
    rows: int
    width: int
    height: int
    format: Format
    quality: int
    previews: int
    paid: bool
    work: float = 1.0
    """Of a picture, as its steps and pixels are to those that the model has when nothing is asked."""
    mask: bytes = b""

    @property
    def preview_steps(self) -> frozenset[int]:
        """Calls done at which a rough picture is shown, spread evenly; never the last."""
        spread = {round(i * self.calls / (self.previews + 1)) for i in range(1, self.previews + 1)}
        return frozenset(spread) - {0, self.calls}


def check(models: Mapping[str, Model[Any, Any]], asked: Asked) -> Recipe:
    """The recipe of these wishes. Raises Fault INVALID_ARGUMENT with the field, or MODEL_UNKNOWN with the models
    there are. A source and its mask are decoded later, off the event loop."""
    chosen = models.get(asked.model)
    if chosen is None:
        known, name = ", ".join(sorted(models)), asked.model[:64]
        raise Fault(Reason.MODEL_UNKNOWN, f"no model {name!r} here", model=name, models=known)
    facts = chosen.facts
    steps = facts.default_steps if asked.steps is None else asked.steps
    guidance = facts.default_guidance if asked.guidance is None else asked.guidance
    quality = asked.quality or QUALITY
    if len(asked.job_id) > LONGEST_ID:
        raise invalid("job_id", f"at most {LONGEST_ID} characters")
    if len(asked.prompt) > LONGEST_PROMPT:
        raise invalid("prompt", f"at most {LONGEST_PROMPT} characters, not {len(asked.prompt)}")
    _within("count", asked.count, 1, MOST_PICTURES)
    _within("seed", asked.seed, 0, SEEDS - 1)
    _within("steps", steps, 1, MOST_STEPS)
    _within("previews", asked.previews, 0, MOST_PREVIEWS)
    _within("quality", quality, 1, 100)
    if not (math.isfinite(guidance) and 0 <= guidance <= MOST_GUIDANCE):
        raise invalid("guidance", f"must be 0 to {MOST_GUIDANCE:g}")
    _check_negative(facts, asked.negative, guidance)
    strength = _strength(facts, asked)
    width, height = _sizes(facts, asked.width, asked.height)
    drawn = (facts.width, facts.height) if facts.square else (width, height)
    try:
        chosen.calls(steps)
    except ValueError as error:
        raise invalid("steps", str(error)) from None
    try:
        calls = chosen.calls(steps, strength)
    except ValueError as error:
        raise invalid("strength", str(error)) from None
    return Recipe(
        job_id=asked.job_id,
        model=asked.model,
        prompt=asked.prompt,
        negative=asked.negative,
        source=asked.source,
        count=asked.count,
        wish=Wish(asked.seed, steps, guidance, *drawn, 1.0 if strength is None else strength),
        calls=calls,
        rows=chosen.rows(guidance),
        width=width,
        height=height,
        format=asked.format,
        quality=quality,
        previews=asked.previews,
        paid=asked.paid,
        work=calls / chosen.calls(facts.default_steps) * drawn[0] * drawn[1] / (facts.width * facts.height),
        mask=asked.mask,
    )


def _check_negative(facts: Facts, negative: str | None, guidance: float) -> None:
    """Raises Fault where a negative prompt would have no effect, or the wrong one: up to a guidance of 1 the
    picture is drawn from it rather than away from it."""
    if negative is None:
        return
    if len(negative) > LONGEST_PROMPT:
        raise invalid("negative_prompt", f"at most {LONGEST_PROMPT} characters, not {len(negative)}")
    if not facts.takes_negative:
        raise invalid("negative_prompt", f"{facts.name} does not take one")
    if guidance <= 1.0:
        raise invalid("negative_prompt", f"needs a guidance above 1, not {guidance:g}")


def _strength(facts: Facts, asked: Asked) -> float | None:
    """None where a picture starts from noise. Raises Fault."""
    if not asked.source:
        for field, given in (("mask", bool(asked.mask)), ("strength", asked.strength is not None)):
            if given:
                raise invalid(field, "needs a picture to start from")
        return None
    if not facts.takes_source:
        raise invalid("source", f"{facts.name} does not start from pictures")
    for field, data, most in (("source", asked.source, MOST_SOURCE), ("mask", asked.mask, MOST_MASK)):
        if len(data) > most:
            raise invalid(field, f"at most {most} bytes, not {len(data)}")
    if asked.strength is not None:
        return asked.strength
    return MASKED_STRENGTH if asked.mask else STRENGTH


def _sizes(facts: Facts, width: int, height: int) -> tuple[int, int]:
    """Pixels of the picture that is handed out. Raises Fault."""
    width, height = width or facts.output_width, height or facts.output_height
    for field, pixels in (("width", width), ("height", height)):
        if pixels % facts.unit or not facts.smallest <= pixels <= facts.largest:
            steps = "" if facts.unit == 1 else f" in steps of {facts.unit}"
            raise invalid(field, f"must be {facts.smallest} to {facts.largest}{steps}, not {pixels}")
    if width * height > facts.most_pixels:
        raise invalid("height", f"times width must be at most {facts.most_pixels} pixels")
    if facts.square and width != height:
        raise invalid("height", f"pictures of this model are square: {width} x {height} is not")
    return width, height


def _within(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise invalid(field, f"must be {low} to {high}, not {value}")
