"""The body of an HTTP request, within bounds of size and time. Forms are `form_body`'s."""

import asyncio
import json
from typing import Any

from starlette.requests import Request

from services.edge.connection import body_is_here
from services.runtime.errors import invalid

MAX_BODY = 256 * 1024
MAX_BODY_WITH_IMAGE = 3 * 2**20
"""Of a caller who has shown a key: an image of 2 MiB in base64, and a prompt."""
MAX_BODY_WITH_MASK = 6 * 2**20
"""The same with a mask of 2 MiB."""
BODY_SECONDS = 20.0
"""Within which a body has come, or its caller is told so."""


async def body_bytes(request: Request, most: int) -> bytes:
    """The request's body, at most `most` bytes. Raises Fault INVALID_ARGUMENT."""
    if body_is_here(request.scope):
        return await _body(request, most)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _body(request, most)
    except TimeoutError:
        raise invalid("body", f"must come within {BODY_SECONDS:g} s") from None


async def _body(request: Request, most: int) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise invalid("body", "ended early")
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > most:
            raise invalid("body", f"must be at most {most} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def json_body(request: Request, most: int = MAX_BODY) -> dict[str, Any]:
    """The request's JSON object, at most `most` bytes. Raises Fault INVALID_ARGUMENT."""
    raw = await body_bytes(request, most)
    try:
        body = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise invalid("body", "must be valid JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise invalid("body", "must be a JSON object")
    return body
