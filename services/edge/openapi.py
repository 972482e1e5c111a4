"""`/openapi.json`, made from the types that the endpoints answer with, and `/docs`, where people read and try it.

Every path of the surface stands in `OPERATIONS`; a test holds the table against the routes.
"""

from collections.abc import Sequence
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.edge.json_schema import Schema, schema_of
from services.edge.openai_shapes import ErrorBody
from services.edge.operations import OPERATIONS, Operation
from services.edge.problems import HTTP_STATUS
from services.edge.shapes import Problem

VIEWER = "/docs/viewer"
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ABOUT = """Text-to-image that stays fair when demand is far above capacity. Errors are problems (RFC 9457);
those under OpenAI's own paths are OpenAI's error objects. Texts follow `Accept-Language` (en, fr)."""
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Fournil: API</title>
<link rel="stylesheet" href="/docs/viewer/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/docs/viewer/swagger-ui-bundle.js"></script>
<script src="/docs.js"></script>
"""


def document(release: str, operations: Sequence[Operation] = OPERATIONS) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    components: dict[str, Schema] = {}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fournil",
            "version": release,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def routes() -> list[BaseRoute]:
    """The document and its viewer."""
    made = document(version("fournil"))

    async def openapi(request: Request) -> Response:
        return JSONResponse(made, headers={"cache-control": "public, max-age=300"})

    async def docs(request: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"content-security-policy": _DOCS_POLICY})

    viewer = StaticFiles(directory=str(files("swagger_ui") / "static"))
    return [Route("/openapi.json", openapi), Route("/docs", docs), Mount(VIEWER, viewer)]


def _operation(operation: Operation, components: dict[str, Schema]) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        made["description"] = operation.description
    if operation.open:
        made["security"] = []
    if operation.parameters:
        made["parameters"] = [
            {
                "name": one.name,
                "in": one.where,
                "required": one.required,
                "schema": schema_of(one.kind, components),
            }
            for one in operation.parameters
        ]
    if operation.body is not None:
        schema = {} if operation.body is bytes else schema_of(operation.body, components)
        content = {media: {"schema": schema} for media in operation.body_media}
        made["requestBody"] = {"required": True, "content": content}
    answers = {str(status): _answer(status, kind, components) for status, kind in operation.answers.items()}
    made["responses"] = answers | _failures(operation, components)
    return made


def _answer(status: int, kind: object, components: dict[str, Schema]) -> dict[str, Any]:
    if kind is None:
        return {"description": HTTPStatus(status).phrase}
    content: dict[str, Any] = {}
    for one in kind if isinstance(kind, tuple) else (kind,):
        if isinstance(one, str):
            content[one] = {}  # neither pictures nor events are JSON
        else:
            content["application/json"] = {"schema": schema_of(one, components)}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _failures(operation: Operation, components: dict[str, Schema]) -> dict[str, Any]:
    """By status, with the reasons that lead to it."""
    shape, media = (ErrorBody, "application/json") if operation.openai else (Problem, "application/problem+json")
    by_status: dict[int, list[str]] = {}
    for reason in operation.all_reasons:
        by_status.setdefault(HTTP_STATUS[reason], []).append(f"`{reason}`")
    schema = schema_of(shape, components)
    return {
        str(status): {"description": ", ".join(reasons), "content": {media: {"schema": schema}}}
        for status, reasons in sorted(by_status.items())
    }
