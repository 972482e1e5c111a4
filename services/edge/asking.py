"""What a caller may ask: raw fields to a `Spec`, or a `Fault` that names the field.

The same function serves gRPC, native REST and the OpenAI form, so the three refuse the same things.
"""

import hashlib
import json
import re
import secrets
import unicodedata
from dataclasses import dataclass

from services.edge.job import Spec
from services.runtime.errors import Fault, Reason, invalid

MAX_PROMPT = 32_000
MAX_COUNT = 10
MAX_STEPS = 100
MAX_PREVIEWS = 10
LOW_SIZE, HIGH_SIZE = 64, 1024
DEFAULT_PREVIEWS = 4

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_ALLOWED_CONTROLS = {"\n", "\r", "\t"}


@dataclass(frozen=True)
class ModelFacts:
    """What the edge knows of a model. Sizes in pixels."""

    name: str
    native_size: int
    output_size: int
    default_steps: int


@dataclass(frozen=True)
class Asked:
    """A caller's fields as they came, missing ones None."""

    prompt: object
    count: object = None
    size: object = None
    seed: object = None
    steps: object = None
    previews: object = None


def to_spec(asked: Asked, model: ModelFacts) -> Spec:
    """A complete spec. A missing seed is drawn by lot. Raises Fault INVALID_ARGUMENT."""
    width, height = _size(asked.size, model)
    seed = secrets.randbits(31) if asked.seed is None else _whole("seed", asked.seed, 0, 2**32 - 1)
    return Spec(
        prompt=check_prompt(asked.prompt),
        model=model.name,
        count=_whole("count", 1 if asked.count is None else asked.count, 1, MAX_COUNT),
        width=width,
        height=height,
        seed=seed,
        steps=_whole("steps", model.default_steps if asked.steps is None else asked.steps, 1, MAX_STEPS),
        previews=_whole(
            "previews", DEFAULT_PREVIEWS if asked.previews is None else asked.previews, 0, MAX_PREVIEWS
        ),
    )


def check_prompt(prompt: object) -> str:
    """The prompt unchanged, if it is text that can be drawn from."""
    if not isinstance(prompt, str):
        raise invalid("prompt", "must be text")
    if not prompt.strip():
        raise invalid("prompt", "must not be empty")
    if len(prompt) > MAX_PROMPT:
        raise invalid("prompt", f"must be at most {MAX_PROMPT} characters, not {len(prompt)}")
    for character in prompt:
        category = unicodedata.category(character)
        if category == "Cs":
            raise invalid("prompt", "must be valid Unicode without lone surrogates")
        if category == "Cc" and character not in _ALLOWED_CONTROLS:
            raise invalid("prompt", f"must not hold control characters such as U+{ord(character):04X}")
    return prompt


def check_request_id(request_id: str | None) -> str:
    """The idempotency key, or "" for none."""
    if not request_id:
        return ""
    if len(request_id) > 128 or not request_id.isascii() or not request_id.isprintable():
        raise invalid("request_id", "must be at most 128 printable ASCII characters")
    return request_id


def body_hash(asked: Asked, model: str) -> str:
    """Hash of what was asked, as asked: a seed drawn by lot must not make two equal requests differ."""
    fields = [asked.prompt, asked.count, asked.size, asked.seed, asked.steps, asked.previews, model]
    return hashlib.sha256(json.dumps(fields, default=str).encode()).hexdigest()


def pick_model(name: object, known: dict[str, ModelFacts], aliases: frozenset[str], default: str) -> ModelFacts:
    """The model asked for; none or an alias means the default. Raises Fault MODEL_UNKNOWN or UNAVAILABLE."""
    if not known:
        raise Fault(Reason.UNAVAILABLE, "no generator has reported yet", retry_after=2.0, peer="generator")
    if name is not None and not isinstance(name, str):
        raise invalid("model", "must be text")
    wanted = default if not name or name in aliases else name
    if wanted not in known:
        shown = wanted if len(wanted) <= 100 else wanted[:100] + "…"
        raise Fault(
            Reason.MODEL_UNKNOWN, f"no model named {shown!r}", model=shown, models=", ".join(sorted(known))
        )
    return known[wanted]


def _whole(field: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(field, "must be a whole number")
    if not low <= value <= high:
        raise invalid(field, f"must be {low} to {high}")
    return value


def _size(size: object, model: ModelFacts) -> tuple[int, int]:
    if size is None or size in {"", "auto"}:
        return model.output_size, model.output_size
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        raise invalid("size", "must be 'auto' or WIDTHxHEIGHT")
    width, height = int(found.group(1)), int(found.group(2))
    if width != height:
        raise invalid("size", "must be square: this model draws squares")
    if not LOW_SIZE <= width <= HIGH_SIZE:
        raise invalid("size", f"must be {LOW_SIZE}x{LOW_SIZE} to {HIGH_SIZE}x{HIGH_SIZE}")
    return width, height
