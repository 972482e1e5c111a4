"""What a call in OpenAI's form asks: its parameters to an `ImageCall`, or a Fault that names the one that is
wrong.

Parameters that mean nothing here are taken and have no effect, as their clients expect of a server that is not
OpenAI's; those that mean something are checked. Ours (`seed`, `steps`, `guidance`, `negative_prompt`,
`strength`) may stand beside theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from starlette.datastructures import Headers

from services.edge.asking import MAX_COUNT, Asked
from services.edge.form_body import Form
from services.runtime.errors import invalid

MOST_PARTIALS = 3
MOST_USER = 512
"""Characters."""
_ONE_OF = {
    "response_format": ("url", "b64_json"),
    "quality": ("auto", "low", "medium", "high", "standard", "hd"),
    # Our pictures have no transparency, and a caller who needs it must know.
    "background": ("auto", "opaque"),
    "moderation": ("auto", "low"),
    "input_fidelity": ("low", "high"),
}
_OURS = ("size", "seed", "steps", "guidance", "negative_prompt", "strength", "output_format", "moderation")
_WHOLE = ("n", "output_compression", "partial_images", "seed", "steps")
_NUMBERS = ("guidance", "strength")
_GPT = ("gpt-image", "chatgpt-image")


@dataclass(frozen=True)
class ImageCall:
    """One call. `form` is how pictures are answered, "url" or "b64_json"; `kind` names the events of a stream."""

    asked: Asked
    model: object
    stream: bool
    form: str
    kind: str = "image_generation"


class Attempt(Enum):
    """What a call's headers say of earlier ones."""

    FIRST = "first"
    """The client counts its attempts, and this is the first."""
    AGAIN = "again"
    """It says that it tries again."""
    UNTOLD = "untold"
    """It tries again by itself and never says so: oldest openai-python, Vercel's AI SDK."""


def attempt(headers: Headers) -> Attempt:
    """Of one request. Clients that do not retry by themselves make first attempts only."""
    count = headers.get("x-stainless-retry-count")
    if count is not None:
        return Attempt.AGAIN if count.isdecimal() and count.strip("0") else Attempt.FIRST
    silent = "x-stainless-lang" in headers or "ai-sdk" in headers.get("user-agent", "")
    return Attempt.UNTOLD if silent else Attempt.FIRST


def generation(body: Mapping[str, Any]) -> ImageCall:
    """Of a JSON body. Raises Fault INVALID_ARGUMENT."""
    return _call(body)


def edit(form: Form) -> ImageCall:
    """Of a multipart form: one file `image`, or one `image[]`, and perhaps a file `mask`. Raises Fault
    INVALID_ARGUMENT."""
    pictures = [*form.files.get("image", ()), *form.files.get("image[]", ())]
    if not pictures or not pictures[0]:
        raise invalid("image", "must be the file of a picture")
    if len(pictures) > 1:
        raise invalid("image", "must be one picture: drawing starts from one")
    masks = form.files.get("mask", ())
    if "mask" in form.fields or len(masks) > 1 or not all(masks):
        raise invalid("mask", "must be the file of a picture")
    return _call(_typed(form.fields), pictures[0], *masks, kind="image_edit")


def _call(
    body: Mapping[str, Any], image: bytes = b"", mask: bytes = b"", *, kind: str = "image_generation"
) -> ImageCall:
    stream = body.get("stream") or False
    if not isinstance(stream, bool):
        raise invalid("stream", "must be true or false")
    for name, choices in _ONE_OF.items():
        if name in body and body[name] is not None and body[name] not in choices:
            raise invalid(name, f"must be one of {', '.join(choices)}")
    for name in ("user", "safety_identifier"):
        user = body.get(name)
        if user is not None and (not isinstance(user, str) or len(user) > MOST_USER):
            raise invalid(name, f"must be text of at most {MOST_USER} characters")
    partials = _whole(body, "partial_images", 0, MOST_PARTIALS)
    compression = _whole(body, "output_compression", 0, 100)
    asked = Asked(
        body.get("prompt"),
        _whole(body, "n", 1, MAX_COUNT),
        previews=(partials or 0) if stream else 0,
        # Theirs goes down to 0, ours to 1; both mean "as small as can be".
        output_compression=None if compression is None else max(1, compression),
        image=image,
        mask=mask,
        **{name: body[name] for name in _OURS if name in body},
    )
    model = body.get("model")
    gpt = isinstance(model, str) and model.startswith(_GPT)
    form = body.get("response_format") or ("b64_json" if gpt else "url")
    return ImageCall(asked, model, stream, form, kind)


def _whole(body: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(name, "must be a whole number")
    if not low <= value <= high:
        raise invalid(name, f"must be {low} to {high}")
    return value


def _typed(fields: Mapping[str, str]) -> dict[str, Any]:
    """A form's text as the JSON it stands for; what does not read as that stays text, and is named later."""
    typed: dict[str, Any] = dict(fields)
    for name in _WHOLE:
        text = fields.get(name, "")
        if text.removeprefix("-").isdecimal() and len(text) <= 12:
            typed[name] = int(text)
    for name in _NUMBERS:
        try:
            typed[name] = float(fields[name])
        except (KeyError, ValueError):
            continue
    if (stream := fields.get("stream", "").lower()) in {"true", "false", ""}:
        typed["stream"] = stream == "true"
    return typed
