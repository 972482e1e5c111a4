"""What the mock edge's answers share: times, and problems."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse


def stamp(seconds: float) -> str:
    """RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def problem(status: int, reason: str, detail: str, **more: Any) -> JSONResponse:
    """problem+json."""
    body = {
        "type": f"urn:fournil:error:{reason.lower()}",
        "title": reason,
        "status": status,
        "detail": detail,
        "reason": reason,
        "metadata": {},
        "request_id": "mock-request-1",
        **more,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def unknown_key(request: Request) -> JSONResponse:
    """In the caller's language."""
    french = request.headers.get("accept-language", "").startswith("fr")
    return problem(401, "KEY_UNKNOWN", "Cette clé est inconnue." if french else "This key is not known.")


def unknown_job() -> JSONResponse:
    """There is none, or it is another's."""
    return problem(404, "NOT_FOUND", "There is no such thing here, or it is not yours.")
