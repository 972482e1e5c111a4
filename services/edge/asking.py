"""What a caller may ask: raw fields to a `Spec`, or a `Fault` that names the field.

The same function serves gRPC, native REST and the OpenAI form, so the three refuse the same things.
"""

import hashlib
import json
import math
import random
import re
import unicodedata
from dataclasses import dataclass

from services.edge.job import Format, Spec
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.pictures import check_mask, check_still

MAX_PROMPT = 32_000
MAX_COUNT = 10
MAX_STEPS = 100
MAX_PREVIEWS = 10
MAX_GUIDANCE = 20.0
MAX_IMAGE = 2 * 2**20
"""Bytes, of a picture to start from and of its mask alike."""
DEFAULT_PREVIEWS = 4
DEFAULT_STRENGTH = 0.6
MASKED_STRENGTH = 1.0
"""Where a mask says where: what it leaves holds the rest in its place."""
DEFAULT_QUALITY = 90
MODERATION = ("auto", "low")

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_ALLOWED_CONTROLS = {"\n", "\r", "\t"}


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What the edge knows of a model; documented in edge.proto's `Model`. Sizes in pixels."""

    name: str
    family: str
    native_width: int
    native_height: int
    output_width: int
    output_height: int
    smallest: int
    largest: int
    unit: int
    most_pixels: int
    square: bool
    default_steps: int
    default_guidance: float
    takes_guidance: bool
    takes_negative: bool
    takes_image: bool


@dataclass(frozen=True)
class Asked:
    """A caller's fields as they came, missing ones None."""

    prompt: object
    count: object = None
    size: object = None
    seed: object = None
    steps: object = None
    previews: object = None
    guidance: object = None
    negative_prompt: object = None
    strength: object = None
    output_format: object = None
    output_compression: object = None
    moderation: object = None
    prompt_in_provenance: object = None
    webhook_url: object = None
    image: bytes = b""
    mask: bytes = b""


def to_spec(asked: Asked, model: ModelFacts) -> Spec:
    """A complete spec. A missing seed is drawn by lot. Of pictures only the headers are read. Raises Fault
    INVALID_ARGUMENT."""
    width, height = _size(asked.size, model)
    guidance = _number("guidance", model.default_guidance if asked.guidance is None else asked.guidance)
    if not 0.0 <= guidance <= MAX_GUIDANCE:
        raise invalid("guidance", f"must be 0 to {MAX_GUIDANCE:g}")
    prompt = check_prompt("prompt", asked.prompt)
    count = _whole("count", asked.count, 1, 1, MAX_COUNT)
    steps = _whole("steps", asked.steps, model.default_steps, 1, MAX_STEPS)
    strength = _strength(asked, model)
    return Spec(
        prompt=prompt,
        model=model.name,
        count=count,
        width=width,
        height=height,
        seed=_whole("seed", asked.seed, random.getrandbits(31), 0, 2**32 - 1),
        steps=steps,
        previews=_whole("previews", asked.previews, DEFAULT_PREVIEWS, 0, MAX_PREVIEWS),
        guidance=guidance,
        negative_prompt=_negative(asked.negative_prompt, model, guidance),
        strength=strength,
        masked=bool(asked.mask),
        output_format=_format(asked.output_format),
        moderation=check_moderation(asked.moderation),
        quality=_whole("output_compression", asked.output_compression, DEFAULT_QUALITY, 1, 100),
        prompt_in_provenance=_yes("prompt_in_provenance", asked.prompt_in_provenance),
        work=_work(model, count, width * height, steps * (1.0 if strength is None else strength)),
    )


def _work(model: ModelFacts, count: int, pixels: int, steps: float) -> int:
    """Thousandths of a default picture: as its steps and its pixels are to the model's own. A model of one size
    draws at that, whatever is handed out."""
    share = 1.0 if model.square else pixels / (model.native_width * model.native_height)
    return max(1, round(1000 * count * steps / model.default_steps * share))


def check_prompt(field: str, prompt: object) -> str:
    """The prompt unchanged, if it is text that can be drawn from."""
    if not isinstance(prompt, str):
        raise invalid(field, "must be text")
    if not prompt.strip():
        raise invalid(field, "must not be empty")
    if len(prompt) > MAX_PROMPT:
        raise invalid(field, f"must be at most {MAX_PROMPT} characters, not {len(prompt)}")
    if prompt.isascii() and prompt.isprintable():
        return prompt
    for character in prompt:
        category = unicodedata.category(character)
        if category == "Cs":
            raise invalid(field, "must be valid Unicode without lone surrogates")
        if category == "Cc" and character not in _ALLOWED_CONTROLS:
            raise invalid(field, f"must not hold control characters such as U+{ord(character):04X}")
    return prompt


def check_moderation(level: object) -> str:
    """How strictly to judge: "auto" unless "low" is asked."""
    if level is None or level == "":
        return "auto"
    if level not in MODERATION:
        raise invalid("moderation", f"must be one of {', '.join(MODERATION)}")
    return str(level)


def check_request_id(request_id: str | None) -> str:
    """The idempotency key, or "" for none."""
    if not request_id:
        return ""
    if len(request_id) > 128 or not request_id.isascii() or not request_id.isprintable():
        raise invalid("request_id", "must be at most 128 printable ASCII characters")
    return request_id


def body_hash(asked: Asked, model: str) -> str:
    """Hash of what was asked, as asked: a seed drawn by lot must not make two equal requests differ."""
    given = {name: value for name, value in vars(asked).items() if value is not None and name != "mask"}
    given |= {"image": hashlib.sha256(asked.image).hexdigest(), "model": model}
    if asked.mask:
        given["mask"] = hashlib.sha256(asked.mask).hexdigest()
    return hashlib.sha256(json.dumps(given, default=str, sort_keys=True).encode()).hexdigest()


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


def _whole(field: str, value: object, default: int, low: int, high: int) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(field, "must be a whole number")
    if not low <= value <= high:
        raise invalid(field, f"must be {low} to {high}")
    return value


def _yes(field: str, value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise invalid(field, "must be true or false")


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise invalid(field, "must be a number")
    return float(value)


def _negative(text: object, model: ModelFacts, guidance: float) -> str | None:
    """Up to a guidance of 1 a picture is drawn from the negative prompt rather than away from it, so it is not
    taken then; and only therefore the moderator need not judge it as it does a prompt."""
    if text is None or text == "":
        return None
    negative = check_prompt("negative_prompt", text)
    if not model.takes_negative:
        raise invalid("negative_prompt", "must be empty: this model takes none")
    if guidance <= 1.0:
        raise invalid("negative_prompt", "must be empty where the guidance is not above 1")
    return negative


def _strength(asked: Asked, model: ModelFacts) -> float | None:
    """None where a job starts from no picture."""
    if not asked.image:
        for field, given in (("mask", bool(asked.mask)), ("strength", asked.strength is not None)):
            if given:
                raise invalid(field, "must come with a picture")
        return None
    if not model.takes_image:
        raise invalid("image", "must be empty: this model starts from none")
    for field, data in (("image", asked.image), ("mask", asked.mask)):
        if len(data) > MAX_IMAGE:
            raise invalid(field, f"must be at most {MAX_IMAGE} bytes, not {len(data)}")
    size = check_still(asked.image, "image")
    if asked.mask:
        check_mask(asked.mask, "mask", size)
    default = MASKED_STRENGTH if asked.mask else DEFAULT_STRENGTH
    share = _number("strength", default if asked.strength is None else asked.strength)
    if not 0.0 < share <= 1.0:
        raise invalid("strength", "must be above 0 and at most 1")
    return share


def _format(name: object) -> Format:
    if name is None or name == "":
        return Format.PNG
    if name not in list(Format):
        raise invalid("output_format", f"must be one of {', '.join(Format)}")
    return Format(str(name))


def _size(size: object, model: ModelFacts) -> tuple[int, int]:
    if size is None or size in ("", "auto"):
        return model.output_width, model.output_height
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None:
        raise invalid("size", "must be 'auto' or WIDTHxHEIGHT")
    width, height = int(found.group(1)), int(found.group(2))
    if model.square and width != height:
        raise invalid("size", "must be square: this model draws squares")
    if not model.smallest <= min(width, height) <= max(width, height) <= model.largest:
        low, high = f"{model.smallest}x{model.smallest}", f"{model.largest}x{model.largest}"
        raise invalid("size", f"must be {low} to {high}")
    if width % model.unit or height % model.unit:
        raise invalid("size", f"must be whole multiples of {model.unit}")
    if width * height > model.most_pixels:
        raise invalid("size", f"must be at most {model.most_pixels} pixels in all")
    return width, height
