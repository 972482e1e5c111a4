"""Faults as OpenAI's error object. What each status, type and header does inside the SDKs is why they are as
they are: docs/clients.md tells what was seen."""

from typing import Any, NamedTuple

from services.edge.messages import help_text, text
from services.edge.problems import HTTP_STATUS, FaultAnswer, problem, refusal_of, retry_headers
from services.runtime import call_context
from services.runtime.errors import Fault, Reason

TICKETS = "/v1/jobs"
"""The way out for whoever cannot be kept waiting on a held call."""


class _Shape(NamedTuple):
    type: str
    code: str


_SHAPES: dict[Reason, _Shape] = {
    Reason.INVALID_ARGUMENT: _Shape("invalid_request_error", "invalid_value"),
    Reason.KEY_MISSING: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.KEY_UNKNOWN: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.KEY_REVOKED: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.KEY_EXPIRED: _Shape("invalid_request_error", "invalid_api_key"),
    Reason.NOT_FOUND: _Shape("invalid_request_error", "not_found"),
    Reason.MODEL_UNKNOWN: _Shape("invalid_request_error", "model_not_found"),
    # SDKs read this pair as "do not come back today"; with x-should-retry: false they ask once.
    Reason.ALLOWANCE_SPENT: _Shape("insufficient_quota", "insufficient_quota"),
    Reason.TOO_MANY_LIVE_JOBS: _Shape("requests", "rate_limit_exceeded"),
    Reason.LINE_FULL: _Shape("server_error", "server_overloaded"),
    Reason.ASKED_TOO_FAST: _Shape("requests", "rate_limit_exceeded"),
    Reason.ACCOUNT_BANNED: _Shape("invalid_request_error", "account_deactivated"),
    Reason.SCOPE_MISSING: _Shape("invalid_request_error", "insufficient_permissions"),
    Reason.OVERLOADED: _Shape("server_error", "server_overloaded"),
    Reason.MODERATION_BLOCKED: _Shape("image_generation_user_error", "moderation_blocked"),
    Reason.REQUEST_ID_REUSED: _Shape("invalid_request_error", "idempotency_key_reused"),
    Reason.JOB_CANCELLED: _Shape("invalid_request_error", "job_cancelled"),
}
_NATIVE = ("/v1/jobs", "/v1/me/", "/v1/queue", "/v1/moderation/", "/v1/content_provenance_checks", "/v1/demo-key")
_OTHERWISE = _Shape("server_error", "server_error")


def openai_error(fault: Fault) -> FaultAnswer:
    """A fault as an answer."""
    headers = retry_headers(fault)
    if fault.reason is Reason.LINE_FULL:
        headers["link"] = f'<{TICKETS}>; rel="alternate"; title="tickets"'
    return FaultAnswer({"error": error_object(fault)}, HTTP_STATUS[fault.reason], headers)


def shaped(path: str, fault: Fault) -> FaultAnswer:
    """A fault as the surface tells it that was asked: ours as a problem, other paths under /v1 as OpenAI would."""
    theirs = path.startswith("/v1/") and not path.startswith(_NATIVE)
    return openai_error(fault) if theirs else problem(fault)


def error_object(fault: Fault) -> dict[str, Any]:
    """The inner object; `message` is in the caller's language."""
    shape = _SHAPES.get(fault.reason, _OTHERWISE)
    language = call_context.language.get()
    body: dict[str, Any] = {
        "message": text(fault, language),
        "type": shape.type,
        "param": fault.metadata.get("field"),
        "code": shape.code,
        "reason": fault.reason,
        "request_id": call_context.request_id.get(),
    }
    if fault.reason is Reason.ALLOWANCE_SPENT:
        body["reset_time"] = fault.metadata.get("reset")
    if fault.reason is Reason.LINE_FULL:
        body["help"] = {"message": help_text(language), "url": TICKETS}
    if fault.reason is Reason.MODERATION_BLOCKED:
        refusal = refusal_of(fault)
        names = ("decision_id", "score", "policy_version", "appealable", "appeal_url", "expire_time")
        body |= {name: refusal[name] for name in names}
        details = {"moderation_stage": refusal["stage"], "categories": [refusal["category"]]}
        body["moderation_details"] = {**details, "words": refusal["words"]}
    if fault.retry_after is not None:
        body["retry_after"] = round(fault.retry_after, 3)
    return body
