"""The HTTP surface under calls that the document allows and calls that it does not: no 500, and every answer is
one that the document tells. Bounded: a few dozen calls an operation."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.edge.openapi import document
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e
CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MOST_PICTURES, MOST_STEPS = 1, 2
NAMES = [f"{path} {method}" for path, methods in document("0")["paths"].items() for method in methods]


def lightened(body: object) -> object:
    """What would be drawn is drawn quickly; whatever is wrong in it stays wrong."""
    if isinstance(body, dict):
        for name, most in (("count", MOST_PICTURES), ("n", MOST_PICTURES), ("steps", MOST_STEPS)):
            if isinstance(body.get(name), int) and not isinstance(body[name], bool) and 1 <= body[name] <= 100:
                body[name] = min(body[name], most)
        if "prompt" in body and "steps" not in body:
            body["steps"] = MOST_STEPS
    return body


@pytest.fixture(scope="module")
def surface(mesh: SupervisedMesh) -> Any:
    schema = schemathesis.openapi.from_dict(httpx.get(f"{mesh.local.page}/openapi.json", timeout=10).json())
    schema.config.update(base_url=mesh.local.page)
    return schema


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_one_that_the_document_tells(mesh: SupervisedMesh, surface: Any, name: str) -> None:
    path, method = name.split()
    operation = surface[path][method.upper()]
    headers = {"authorization": f"Bearer {mesh.new_key('paid')}"}
    seen: list[int] = []

    kinds = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)

    @settings(
        max_examples=25, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=kinds)
    def call(case: Any) -> None:
        case.body = lightened(case.body)
        answer = case.call(headers=headers, timeout=60)
        seen.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    call()
    assert seen
