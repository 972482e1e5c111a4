"""Every operation of the HTTP surface, for the document: what it takes, what it answers, how it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from services.edge import openai_shapes, shapes
from services.edge.json_schema import Says
from services.runtime.errors import Reason

PICTURES = ("image/png", "image/jpeg", "image/webp")
STREAM = "text/event-stream"

_KEY = (Reason.KEY_MISSING, Reason.KEY_UNKNOWN, Reason.KEY_REVOKED, Reason.KEY_EXPIRED, Reason.SCOPE_MISSING)
_ALWAYS = (
    Reason.INVALID_ARGUMENT,
    Reason.UNAVAILABLE,
    Reason.OVERLOADED,
    Reason.INTERNAL,
    Reason.DEADLINE_EXCEEDED,
)
_DESK = (
    Reason.ALLOWANCE_SPENT,
    Reason.TOO_MANY_LIVE_JOBS,
    Reason.ASKED_TOO_FAST,
    Reason.LINE_FULL,
    Reason.ACCOUNT_BANNED,
)
_DRAWING = (
    Reason.MODEL_UNKNOWN,
    Reason.MODERATION_BLOCKED,
    Reason.REQUEST_ID_REUSED,
    Reason.JOB_CANCELLED,
    Reason.JOB_FAILED,
    Reason.JOB_EXPIRED,
)

Id = Annotated[str, Says("Of a job.", pattern="^[0-9a-hjkmnp-tv-z]{26}$")]
Key = Annotated[str, Says("With the same body the same job; with another, 422.", longest=128)]
Language = Annotated[str, Says("`fr` or `en`: of the texts.", example="fr")]


@dataclass(frozen=True)
class Parameter:
    """A part of the path, the query or the headers."""

    name: str
    where: str
    kind: object
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """`answers` by status: a type for JSON, a media type, or a tuple of these. Without a `body` it takes none."""

    method: str
    path: str
    name: str
    tag: str
    summary: str
    answers: Mapping[int, object]
    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: object = None
    body_media: Sequence[str] = ("application/json",)
    reasons: Sequence[Reason] = ()
    open: bool = False
    """Needs no key."""
    openai: bool = False
    """Its errors are OpenAI's error objects."""

    @property
    def all_reasons(self) -> Sequence[Reason]:
        """Every reason for which it may fail."""
        return (*_ALWAYS, *(() if self.open else _KEY), *self.reasons)


_ID = Parameter("id", "path", Id, required=True)
_EVENTS = """Server-sent events, in order, none twice: `queued` (PlaceInLine), `started` ({attempt}), `step`
({index, step, steps}), `preview` ({index, step, png}), `image` (Image), and last `completed` (JobNote) or `failed`
(FailureNote). A reader that was cut off goes on after `Last-Event-ID`, on any replica. Comments keep the
connection alive."""
_ACCEPTED = """202 with the job and its place in line; 200 where it was only validated or has ended. An accepted
job ends drawn or refunded, whatever dies meanwhile."""
_CHECK = "The body is the picture, anybody's, at most 16 MiB. Nothing that it points to is fetched."
_KEPT = """Of your own, until its `expire_time`. Another's and one that never was are the same 404."""
_APPEALED = """A decision has one appeal: filing again answers it as it stands. Granted, its prompt and close
paraphrases are allowed from then on, and a picture is credited."""
_HELD = """OpenAI's form. The call is held until the pictures are drawn, or refused at once when the line is longer
than that; with `stream` it answers server-sent events."""
_LINKED = "By key, or by the link that an Image has: `e` and `s` are its expiry and signature."
_Wait = Annotated[
    str, Says("`wait=N`: answer when it has ended, or after so many seconds, 60 at most.", example="wait=30")
]
_EventId = Annotated[str, Says("Of the last event seen.", pattern=r"^\d+-\d+$")]

_PAGES = (
    Parameter("page_size", "query", Annotated[int, Says("20 when missing.", low=1, high=100)]),
    Parameter("page_token", "query", Annotated[str, Says("`next_page_token` of the page before.")]),
)

OPERATIONS: Sequence[Operation] = (
    Operation(
        "POST",
        "/v1/jobs",
        "createJob",
        "jobs",
        "Draw",
        {202: shapes.JobNote, 200: shapes.JobNote},
        _ACCEPTED,
        (Parameter("Idempotency-Key", "header", Key), Parameter("Prefer", "header", _Wait)),
        shapes.NewJob,
        reasons=(*_DESK, *_DRAWING),
    ),
    Operation(
        "GET",
        "/v1/jobs",
        "listJobs",
        "jobs",
        "Your jobs, newest first",
        {200: shapes.JobList},
        parameters=_PAGES,
    ),
    Operation(
        "GET",
        "/v1/jobs/{id}",
        "getJob",
        "jobs",
        "A job",
        {200: shapes.JobNote},
        parameters=(_ID,),
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "DELETE",
        "/v1/jobs/{id}",
        "deleteJob",
        "jobs",
        "Delete an ended job, its events and its pictures",
        {204: None},
        parameters=(_ID,),
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "POST",
        "/v1/jobs/{id}:cancel",
        "cancelJob",
        "jobs",
        "Cancel; what was held comes back",
        {200: shapes.JobNote},
        "An ended job is answered as it is.",
        (_ID,),
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "GET",
        "/v1/jobs/{id}/events",
        "watchJob",
        "jobs",
        "Follow a job",
        {200: (STREAM,)},
        _EVENTS,
        (
            _ID,
            Parameter("Last-Event-ID", "header", _EventId),
            Parameter("after", "query", _EventId),
        ),
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "GET",
        "/v1/jobs/{id}/images/{index}",
        "getImage",
        "jobs",
        "A finished picture",
        {200: PICTURES},
        _LINKED,
        (
            _ID,
            Parameter("index", "path", Annotated[int, Says(low=0, high=99)], required=True),
            Parameter("e", "query", str),
            Parameter("s", "query", str),
        ),
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "GET",
        "/v1/me/allowance",
        "getAllowance",
        "account",
        "What you have left",
        {200: shapes.AllowanceNote},
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "GET",
        "/v1/me/webhook_secret",
        "getWebhookSecret",
        "account",
        "What webhooks to you are signed with",
        {200: shapes.SecretNote},
    ),
    Operation("GET", "/v1/queue", "getQueue", "public", "The line now", {200: shapes.QueueNote}, open=True),
    Operation(
        "POST",
        "/v1/content_provenance_checks",
        "checkProvenance",
        "provenance",
        "What a picture says of where it comes from",
        {200: shapes.ProvenanceNote},
        _CHECK,
        body=bytes,
        body_media=PICTURES,
    ),
    Operation(
        "GET",
        "/v1/moderation/decisions/{id}",
        "getDecision",
        "appeals",
        "A refusal, read back",
        {200: shapes.DecisionNote},
        _KEPT,
        (Parameter("id", "path", str, required=True),),
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "POST",
        "/v1/moderation/appeals",
        "fileAppeal",
        "appeals",
        "Question a refusal",
        {201: shapes.AppealNote},
        _APPEALED,
        body=shapes.NewAppeal,
        reasons=(Reason.NOT_FOUND, Reason.NOT_APPEALABLE, Reason.LIMIT_REACHED),
    ),
    Operation(
        "GET",
        "/v1/moderation/appeals",
        "listAppeals",
        "appeals",
        "Your appeals, newest first",
        {200: shapes.AppealList},
        parameters=_PAGES,
    ),
    Operation(
        "GET",
        "/v1/moderation/appeals/{id}",
        "getAppeal",
        "appeals",
        "An appeal",
        {200: shapes.AppealNote},
        parameters=(Parameter("id", "path", str, required=True),),
        reasons=(Reason.NOT_FOUND,),
    ),
    Operation(
        "POST",
        "/v1/moderations",
        "createModeration",
        "openai",
        "Ask what the moderator says",
        {200: openai_shapes.ModerationBody},
        "Counts against no picture allowance; a key may ask so often.",
        body=openai_shapes.NewModeration,
        reasons=(Reason.ASKED_TOO_FAST,),
        openai=True,
    ),
    Operation(
        "POST",
        "/v1/images/generations",
        "createImage",
        "openai",
        "Draw, and wait for it",
        {200: (openai_shapes.ImagesBody, STREAM)},
        _HELD,
        (Parameter("Idempotency-Key", "header", Key),),
        openai_shapes.NewImages,
        reasons=(*_DESK, *_DRAWING),
        openai=True,
    ),
    Operation(
        "POST",
        "/v1/images/edits",
        "createImageEdit",
        "openai",
        "Draw over a picture, and wait for it",
        {200: (openai_shapes.ImagesBody, STREAM)},
        "For models that take a picture to start from. With a mask, what lies outside of it stays as it is.",
        (Parameter("Idempotency-Key", "header", Key),),
        openai_shapes.NewEdit,
        ("multipart/form-data",),
        reasons=(*_DESK, *_DRAWING),
        openai=True,
    ),
    Operation(
        "GET",
        "/v1/models",
        "listModels",
        "openai",
        "The models there are",
        {200: openai_shapes.ModelsBody},
        open=True,
        openai=True,
    ),
    Operation(
        "GET",
        "/v1/models/{model}",
        "getModel",
        "openai",
        "A model",
        {200: openai_shapes.ModelBody},
        parameters=(Parameter("model", "path", Annotated[str, Says("May hold a slash.")], required=True),),
        reasons=(Reason.MODEL_UNKNOWN,),
        open=True,
        openai=True,
    ),
)
