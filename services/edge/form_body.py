"""A multipart form within bounds: its fields as text, its files as bytes. python-multipart reads it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import NamedTuple

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from services.edge.http_body import BODY_SECONDS, MAX_BODY_WITH_MASK
from services.runtime.errors import invalid

MOST_FIELDS = 64
MOST_FILES = 17
"""Sixteen pictures and a mask is the most that OpenAI takes, so that we can say what of it we do not."""
MOST_FIELD = 160 * 1024
"""Bytes of one field: a prompt of 32,000 characters."""


class Form(NamedTuple):
    """Fields by name, the last of a name; files by name, all of them."""

    fields: Mapping[str, str]
    files: Mapping[str, Sequence[bytes]]


async def read_form(request: Request, most: int = MAX_BODY_WITH_MASK) -> Form:
    """The request's form, at most `most` bytes of it. Raises Fault INVALID_ARGUMENT."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise invalid("body", "must be a form of type multipart/form-data")
    parser = MultiPartParser(
        request.headers,
        _counted(request, most),
        max_files=MOST_FILES,
        max_fields=MOST_FIELDS,
        max_part_size=MOST_FIELD,
    )
    try:
        async with asyncio.timeout(BODY_SECONDS):
            parsed = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError):
        raise invalid("body", "must be a well-formed form of type multipart/form-data") from None
    except ClientDisconnect:
        raise invalid("body", "ended early") from None
    except TimeoutError:
        raise invalid("body", f"must come within {BODY_SECONDS:g} s") from None
    fields: dict[str, str] = {}
    files: dict[str, list[bytes]] = {}
    try:
        for name, value in parsed.multi_items():
            if isinstance(value, UploadFile):
                files.setdefault(name, []).append(await value.read())
            else:
                fields[name] = value
    finally:
        await parsed.close()
    return Form(fields, files)


async def _counted(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise invalid("body", f"must be at most {most} bytes")
        yield chunk
