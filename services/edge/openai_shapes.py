"""The JSON of OpenAI's form, as far as it is ours to say; for the document."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from services.edge.asking import MAX_COUNT, MAX_PROMPT
from services.edge.json_schema import Says
from services.runtime.errors import Reason


class NewImages(TypedDict):
    """Parameters that are not named here are accepted and have no effect."""

    prompt: Annotated[str, Says("In French or English.", shortest=1, longest=MAX_PROMPT, example="un crabe")]
    model: NotRequired[Annotated[str | None, Says("OpenAI's names mean the default model.")]]
    n: NotRequired[Annotated[int | None, Says(low=1, high=MAX_COUNT)]]
    size: NotRequired[Annotated[str | None, Says("`auto` or WIDTHxHEIGHT.")]]
    response_format: NotRequired[Literal["url", "b64_json"] | None]
    output_format: NotRequired[Literal["png", "jpeg", "webp"] | None]
    output_compression: NotRequired[Annotated[int | None, Says(low=1, high=100)]]
    stream: NotRequired[bool | None]
    partial_images: NotRequired[Annotated[int | None, Says("Previews in a stream.", low=0, high=3)]]
    quality: NotRequired[Annotated[str | None, Says("Taken and without effect.")]]
    background: NotRequired[Literal["auto", "opaque"] | None]
    moderation: NotRequired[Literal["auto", "low"] | None]
    user: NotRequired[Annotated[str | None, Says("Taken and without effect.", longest=512)]]


class NewEdit(TypedDict):
    """A form: the picture to start from, where to draw it anew, and what NewImages takes besides."""

    image: Annotated[str, Says("PNG, JPEG or WebP, 2 MiB.", form="binary")]
    prompt: Annotated[str, Says("In French or English.", shortest=1, longest=MAX_PROMPT)]
    mask: NotRequired[
        Annotated[
            str, Says("As large: drawn anew where fully transparent, or white without alpha.", form="binary")
        ]
    ]
    strength: NotRequired[
        Annotated[float, Says("How much of it is drawn anew; 0.6 when missing, 1 with a mask.", high=1)]
    ]
    model: NotRequired[str]
    n: NotRequired[Annotated[int, Says(low=1, high=MAX_COUNT)]]
    size: NotRequired[str]
    response_format: NotRequired[Literal["url", "b64_json"]]
    stream: NotRequired[bool]


class ImageBody(TypedDict):
    """One picture, by link or in base64."""

    url: NotRequired[str]
    b64_json: NotRequired[str]


class UsageBody(TypedDict):
    """Pictures charged, and what they took of a generator; joules are null where the device cannot tell. Nothing
    is counted in tokens: all zero."""

    images: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: dict[str, int]
    compute_seconds: NotRequired[float]
    energy_joules: NotRequired[float | None]


class ImagesBody(TypedDict):
    """The pictures."""

    created: int
    background: str
    data: list[ImageBody]
    output_format: str
    quality: str
    size: str
    usage: UsageBody


class NewModeration(TypedDict):
    """What to look at: a text, a list of texts, or a list of parts that are one input: `text`, and `image_url`
    with a data URL."""

    input: Annotated[str | list[Any], Says("At most 32 texts or parts.")]
    model: NotRequired[Annotated[str | None, Says("Taken and without effect.", longest=100)]]
    moderation: NotRequired[Literal["auto", "low"] | None]


class ModerationVerdict(TypedDict):
    """Ours: what the taster says, in the language of the call."""

    category: str
    text: str
    words: list[str]
    policy_version: str


class ModerationResult(TypedDict):
    """Of one input, by OpenAI's categories and by ours that have no name there."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[str]]
    verdict: ModerationVerdict


class ModerationBody(TypedDict):
    """A result for each input."""

    id: str
    model: str
    results: list[ModerationResult]


class ModelBody(TypedDict):
    """A model, with what may be asked of it. Sizes in pixels."""

    # From `family` on as in `asking.ModelFacts`. They stand twice: made from it, this would be a type that no
    # checker knows. A test holds the one against the other, and both against edge.proto.
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    root: str
    aliases: list[str]
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


class ModelsBody(TypedDict):
    """Every model."""

    object: Literal["list"]
    data: list[ModelBody]


class ErrorFacts(TypedDict):
    """`message` is in the language of the call; `reason` is ours."""

    message: str
    type: str
    param: str | None
    code: str
    reason: Reason
    request_id: str
    retry_after: NotRequired[float]
    reset_time: NotRequired[str | None]
    decision_id: NotRequired[str]
    score: NotRequired[float]
    policy_version: NotRequired[str]
    appealable: NotRequired[bool]
    appeal_url: NotRequired[str | None]
    expire_time: NotRequired[str | None]
    moderation_details: NotRequired[dict[str, Any]]
    help: NotRequired[Annotated[dict[str, str], Says("Where to ask without holding a call open: message, url.")]]


class ErrorBody(TypedDict):
    """OpenAI's error object."""

    error: ErrorFacts
