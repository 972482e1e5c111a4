"""Faults as HTTP answers: their status, their headers, and `application/problem+json` (RFC 9457) as the native
surface tells them. Paths of OpenAI's API answer OpenAI's error object (`openai_errors`).
"""

import json
import math
from typing import Any

from starlette.responses import JSONResponse

from services.edge.links import APPEALS
from services.edge.messages import text
from services.edge.shapes import AppealLinks
from services.runtime import call_context
from services.runtime.errors import Fault, Reason

HTTP_STATUS: dict[Reason, int] = {
    Reason.INVALID_ARGUMENT: 400,
    Reason.KEY_MISSING: 401,
    Reason.KEY_UNKNOWN: 401,
    Reason.KEY_REVOKED: 401,
    Reason.KEY_EXPIRED: 401,
    Reason.NOT_FOUND: 404,
    Reason.MODEL_UNKNOWN: 404,
    Reason.ALLOWANCE_SPENT: 429,
    Reason.TOO_MANY_LIVE_JOBS: 429,
    Reason.LINE_FULL: 503,
    Reason.ASKED_TOO_FAST: 429,
    Reason.ACCOUNT_BANNED: 403,
    Reason.SCOPE_MISSING: 403,
    Reason.MODERATION_BLOCKED: 400,
    Reason.REQUEST_ID_REUSED: 422,
    Reason.WRONG_STATE: 400,
    Reason.UNAVAILABLE: 503,
    Reason.OVERLOADED: 503,
    Reason.INTERNAL: 500,
    Reason.JOB_CANCELLED: 400,
    Reason.JOB_FAILED: 500,
    Reason.DEADLINE_EXCEEDED: 504,
    Reason.JOB_EXPIRED: 503,
    Reason.NOT_APPEALABLE: 400,
    Reason.LIMIT_REACHED: 429,
}

LONGEST_RETRY_AFTER = 60.0
"""A longer Retry-After would hang a client for hours; the time then stands in the body only."""


class FaultAnswer(JSONResponse):
    """Faults are most of what is answered in a surge: their encoder is made once, and looks for no circles."""

    _encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)

    def render(self, content: Any) -> bytes:
        """JSON in UTF-8."""
        return self._encoder.encode(content).encode()


def problem(fault: Fault) -> FaultAnswer:
    """A fault as problem+json in the caller's language."""
    status = HTTP_STATUS[fault.reason]
    body: dict[str, Any] = {
        "type": f"urn:fournil:error:{fault.reason.lower()}",
        "title": fault.reason.replace("_", " ").capitalize(),
        "status": status,
        "detail": text(fault, call_context.language.get()),
        "reason": fault.reason,
        "metadata": fault.metadata,
        "request_id": call_context.request_id.get(),
    }
    if fault.retry_after is not None:
        body["retry_after"] = round(fault.retry_after, 3)
    if fault.reason is Reason.MODERATION_BLOCKED:
        body["refusal"] = refusal_of(fault)
    return FaultAnswer(body, status, headers=retry_headers(fault), media_type="application/problem+json")


def refusal_of(fault: Fault) -> dict[str, Any]:
    """The moderator's refusal as the surfaces show it."""
    facts = fault.metadata
    words = [word for word in facts.get("words", "").split(", ") if word]
    names = ("decision_id", "stage", "category", "policy_version")
    return {
        **{name: facts.get(name, "") for name in names},
        "words": words,
        "score": float(facts.get("score", 0.0)),
        **appeal_links(facts.get("appealable") == "true", facts.get("expire_time") or None),
    }


def appeal_links(appealable: bool, expire_time: str | None) -> AppealLinks:
    """Whether a refusal may be questioned, where, and until when."""
    return {
        "appealable": appealable,
        "appeal_url": APPEALS if appealable else None,
        "expire_time": expire_time,
    }


def retry_headers(fault: Fault) -> dict[str, str]:
    """Retry-After where waiting is short, in whole seconds and never less than the wait: who comes a moment too
    soon is refused again. x-should-retry false where trying again at once is no use."""
    if fault.retry_after is None:
        return {} if fault.transient else {"x-should-retry": "false"}
    if fault.retry_after > LONGEST_RETRY_AFTER:
        return {"x-should-retry": "false"}
    return {"retry-after": str(max(1, math.ceil(fault.retry_after)))}
