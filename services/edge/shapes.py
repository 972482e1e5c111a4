"""The JSON of the native surface, as types: what the endpoints return is checked against them, and `/openapi.json`
is made from them. Times are RFC 3339 in UTC, durations seconds."""

from typing import Annotated, Literal, NotRequired, TypedDict

from services.edge.asking import MAX_COUNT, MAX_GUIDANCE, MAX_PREVIEWS, MAX_PROMPT, MAX_STEPS
from services.edge.job import Format, State
from services.edge.json_schema import Says
from services.edge.outbound import LONGEST_URL
from services.edge.provenance import Credential
from services.runtime.errors import Reason

Time = Annotated[str, Says(form="date-time")]


class NewJob(TypedDict):
    """What to draw. Only the prompt is needed."""

    prompt: Annotated[
        str, Says("In French or English.", shortest=1, longest=MAX_PROMPT, example="a crab next to a boat")
    ]
    model: NotRequired[Annotated[str | None, Says("The default model when missing; see /v1/models.")]]
    count: NotRequired[Annotated[int | None, Says("Pictures; 1 when missing.", low=1, high=MAX_COUNT)]]
    size: NotRequired[
        Annotated[str | None, Says("`auto`, or WIDTHxHEIGHT within what the model draws.", example="auto")]
    ]
    seed: NotRequired[Annotated[int | None, Says("Drawn by lot when missing.", low=0, high=2**32 - 1)]]
    steps: NotRequired[Annotated[int | None, Says("The model's own when missing.", low=1, high=MAX_STEPS)]]
    previews: NotRequired[Annotated[int | None, Says("A picture; 4 when missing.", low=0, high=MAX_PREVIEWS)]]
    guidance: NotRequired[Annotated[float | None, Says("The model's own when missing.", low=0, high=MAX_GUIDANCE)]]
    negative_prompt: NotRequired[
        Annotated[
            str | None, Says("What not to show; for models that take it, guidance above 1.", longest=MAX_PROMPT)
        ]
    ]
    image: NotRequired[
        Annotated[str | None, Says("A picture to start from: PNG, JPEG or WebP, 2 MiB, in base64.", form="byte")]
    ]
    mask: NotRequired[
        Annotated[
            str | None,
            Says(
                "Where it is drawn anew, in base64: as large; fully transparent there, or white without alpha.",
                form="byte",
            ),
        ]
    ]
    strength: NotRequired[
        Annotated[float | None, Says("How much of it is drawn anew; 0.6 when missing, 1 with a mask.", high=1)]
    ]
    output_format: NotRequired[Format | None]
    output_compression: NotRequired[
        Annotated[int | None, Says("Quality of JPEG and WebP; 90 when missing.", low=1, high=100)]
    ]
    moderation: NotRequired[
        Annotated[str | None, Says("`low`: judged less strictly, where the policy has it; `auto` when missing.")]
    ]
    prompt_in_provenance: NotRequired[
        Annotated[bool | None, Says("Whether the picture's credentials tell the prompt.")]
    ]
    webhook_url: NotRequired[
        Annotated[str | None, Says("Where to tell that it has ended (Standard Webhooks).", longest=LONGEST_URL)]
    ]
    request_id: NotRequired[
        Annotated[str | None, Says("As the header Idempotency-Key: the same one gives the same job.", longest=128)]
    ]
    validate_only: NotRequired[
        Annotated[bool, Says("Only tell cost, place and wait; nothing is stored or charged.")]
    ]


class PlaceInLine(TypedDict):
    """Where a job stands in its class. `place` 0 is next; the wait is a range, null where it cannot be known."""

    place: int
    eta_low: float | None
    eta_high: float | None
    reason: Annotated[str, Says("Why the place rose, when it did: `fair_share` or `returned_job`.")]


class Image(TypedDict):
    """A finished picture. The link needs no key and is good for a day."""

    index: int
    seed: int
    url: str


class AppealLinks(TypedDict):
    """Whether a refusal may be questioned, and where."""

    appealable: bool
    appeal_url: str | None
    expire_time: Annotated[
        Time | None, Says("Until when it can be read back and questioned; null where it is not kept.")
    ]


class RefusalNote(AppealLinks):
    """The moderator's no."""

    decision_id: str
    stage: Annotated[str, Says("`prompt` or `image`.")]
    category: str
    words: Annotated[list[str], Says("Of the prompt, that drove it, strongest first.")]
    score: Annotated[float, Says("The category's, 0 to 1, to four decimals.")]
    policy_version: str


class FailureNote(TypedDict):
    """Why a job ended without pictures, and without charge."""

    reason: Reason
    message: Annotated[str, Says("In the language of the call.")]
    refusal: NotRequired[RefusalNote]


class UsageNote(TypedDict):
    """What it took of its generator; joules are null where the device cannot tell."""

    compute_seconds: float
    energy_joules: float | None


class JobNote(TypedDict):
    """A job."""

    id: Annotated[str, Says("Empty when it was only validated.")]
    state: State
    prompt: str
    model: str
    count: int
    size: Annotated[str, Says("WIDTHxHEIGHT")]
    seed: Annotated[int, Says("Of the first picture; those after it count on.")]
    steps: int
    guidance: float | None
    negative_prompt: str | None
    strength: float | None
    masked: Annotated[bool, Says("Whether a mask says where the picture that it starts from is drawn anew.")]
    output_format: Format
    moderation: Annotated[str, Says("`auto` or `low`: how strictly it was judged.")]
    create_time: Time
    end_time: NotRequired[Time]
    place: NotRequired[PlaceInLine]
    images: list[Image]
    failure: NotRequired[FailureNote]
    charged: Annotated[int, Says("Pictures.")]
    usage: NotRequired[UsageNote]


class JobList(TypedDict):
    """A page of jobs, newest first; `next_page_token` is empty on the last."""

    jobs: list[JobNote]
    next_page_token: str


class LimitNote(TypedDict):
    """One limit of the account."""

    policy: str
    limit: int
    used: int
    held: int
    reset: Time | None
    unit: str


class AllowanceNote(TypedDict):
    """What the account has left: of pictures, of jobs at once, and every limit by name."""

    account_id: str
    tier: str
    limit: int
    used: int
    held: int
    remaining: int
    reset_time: Time | None
    live_limit: int
    live: int
    level: str
    limits: list[LimitNote]


class QueueClass(TypedDict):
    """The line of one tier of one model. `wait`: seconds a job taken now would wait, null where unknown."""

    model: str
    tier: str
    waiting: int
    wait: float | None


class SurgeNote(TypedDict):
    """How far demand is above what the ovens can do."""

    level: Annotated[str, Says("`normal`, `busy`, `surge` or `shed`.")]
    since: Time | None
    cause: str
    pinned: bool
    backlog: Annotated[float, Says("Seconds of work that wait.")]


class QueueNote(TypedDict):
    """The public state of the line."""

    classes: list[QueueClass]
    ovens: int
    slots: int
    baking: int
    surge: SurgeNote


class SecretNote(TypedDict):
    """What webhooks to the account are signed with."""

    secret: Annotated[str, Says("As libraries of Standard Webhooks take it.", pattern="^whsec_")]


class DecisionNote(AppealLinks):
    """A refusal as it is kept: without the prompt and its words."""

    id: str
    job_id: Annotated[str, Says("The job that was refused; it may be forgotten before its refusal.")]
    stage: Annotated[str, Says("`prompt` or `image`.")]
    category: str
    score: Annotated[float, Says("The category's, 0 to 1, to four decimals.")]
    policy_version: Annotated[str, Says("The policy that refused.")]
    text: Annotated[str, Says("The refusal in a sentence, in the language of the call.")]
    create_time: Time


class NewAppeal(TypedDict):
    """Questions a refusal. The prompt is stored from here on."""

    decision_id: str
    note: NotRequired[Annotated[str | None, Says("What the operator should know.", longest=2_000)]]
    prompt: NotRequired[
        Annotated[str | None, Says("What was refused, if its job is not known any more.", longest=MAX_PROMPT)]
    ]


class AppealNote(TypedDict):
    """A refusal that its owner questions."""

    id: str
    decision_id: str
    state: Annotated[str, Says("`open`, `granted` or `denied`.")]
    stage: str
    category: str
    score: float
    policy_version: str
    prompt: Annotated[str, Says("Empty for a picture's refusal, and once it is forgotten.")]
    note: str
    notice: Annotated[str, Says("What the operator says.")]
    credited: Annotated[bool, Says("A picture was credited.")]
    create_time: Time
    decide_time: Time | None


class AppealList(TypedDict):
    """A page of appeals, newest first."""

    appeals: list[AppealNote]
    next_page_token: str


class ProvenanceNote(TypedDict):
    """What a picture says of where it comes from. All but `state` and `problems` may be empty."""

    object: Literal["content_provenance_check"]
    state: Credential
    made_here: bool
    generator: str
    model: str
    time: str
    source_type: str
    prompt: str
    signer: str
    problems: list[str]


class Problem(TypedDict):
    """An error (RFC 9457). `detail` is in the language of the call; `reason` is for programs."""

    type: str
    title: str
    status: int
    detail: str
    reason: Reason
    metadata: dict[str, str]
    request_id: str
    retry_after: NotRequired[Annotated[float, Says("Seconds after which to try again.")]]
    refusal: NotRequired[RefusalNote]
