"""The API's document: valid, whole, and true of what the endpoints answer."""

import json
import re
from types import SimpleNamespace
from typing import Any, Literal, NotRequired, TypedDict

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from fournil.edge.v1 import edge_pb2
from services.edge.asking import ModelFacts
from services.edge.job import Drawn, Failure, Job, Place, Refusal, State, Usage
from services.edge.json_schema import schema_of
from services.edge.links import Links
from services.edge.moderation_rest import ModerationApi, decision_note, shape
from services.edge.notes import JobNotes, allowance_note, queue_note
from services.edge.openai_errors import openai_error
from services.edge.openai_form import OpenAiApi
from services.edge.openapi import document
from services.edge.operations import OPERATIONS
from services.edge.peers import Allowance, Appeal, Decision, Limit, LineClass, LineState, Surge, Verdict
from services.edge.problems import HTTP_STATUS, problem
from services.edge.rest import _FIELDS, NativeApi
from services.edge.web_app import build_app
from services.runtime.errors import Fault, Reason
from tests.unit.edge.fake_mesh import a_job

DOCUMENT = document("1.0")
NOBODY: Any = None


def app() -> Any:
    native = NativeApi(NOBODY, NOBODY, Links(b"secret", "http://edge"))
    openai = OpenAiApi(NOBODY, NOBODY, Links(b"secret", "http://edge"), 1.0)
    moderation = ModerationApi(NOBODY, NOBODY)
    api = [*openai.routes(), *native.routes(), *moderation.routes()]
    return build_app(api, ready=lambda: True, demo_keys={})


def fits(name: str, body: object) -> None:
    """Holds a body against a component; what the component does not name is not there."""
    schemas = {
        key: {**value, "additionalProperties": False} for key, value in DOCUMENT["components"]["schemas"].items()
    }
    wrapped = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    Draft202012Validator(wrapped, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_route_is_in_it_and_nothing_else() -> None:
    served = set()
    for route in app().routes:
        if isinstance(route, Mount) or not route.path.startswith("/v1") or route.path == "/v1/demo-key":
            continue
        assert isinstance(route, Route)
        path = re.sub(r":(int|path)\}", "}", route.path)
        if path != "/v1/{rest}":
            served |= {(method, path) for method in (route.methods or ()) if method != "HEAD"}
    told = {(one.method, one.path.replace("/models/{model}", "/models/{id}")) for one in OPERATIONS}
    assert told == served


def test_models_are_as_it_says_and_as_grpc_tells_them() -> None:
    edges = {"native_width": 64, "native_height": 64, "output_width": 64, "output_height": 64, "unit": 1}
    usual = {"smallest": 32, "largest": 512, "most_pixels": 512 * 512, "default_steps": 4, "default_guidance": 3.0}
    takes = {"takes_guidance": True, "takes_negative": False, "takes_image": True}
    facts = ModelFacts(name="a/tiny", family="TinyPipeline", square=True, **edges, **usual, **takes)
    counter: Any = SimpleNamespace(catalogue=SimpleNamespace(known={facts.name: facts}))
    routes = OpenAiApi(counter, NOBODY, Links(b"secret", "http://edge"), 1.0).routes()
    with TestClient(build_app(routes, ready=lambda: True, demo_keys={})) as web:
        fits("ModelsBody", web.get("/v1/models").json())
    assert set(vars(facts)) == set(edge_pb2.Model.DESCRIPTOR.fields_by_name)


def test_every_field_of_a_new_job_is_in_it() -> None:
    fields = set(DOCUMENT["components"]["schemas"]["NewJob"]["properties"])
    assert fields == {*_FIELDS, "model", "image", "mask", "request_id", "validate_only"}


JOBS = {
    "held": a_job(),
    "queued": a_job().moved(State.QUEUED, place=Place(3, 1.5, 4.0, "fair_share")),
    "unknown wait": a_job().moved(State.QUEUED, place=Place(0)),
    "drawn": a_job().moved(State.COMMITTED, images=(Drawn(0, 7),), ended=2.0, charged=1, usage=Usage(0.5, None)),
    "refused": a_job().moved(
        State.REFUNDED, ended=2.0, failure=Failure(Reason.MODERATION_BLOCKED, Refusal("dec_1", "prompt", "hate"))
    ),
    "lost": a_job().moved(State.REFUNDED, ended=2.0, failure=Failure(Reason.JOB_EXPIRED)),
}


@pytest.mark.parametrize("name", JOBS)
def test_jobs_are_as_it_says(name: str) -> None:
    notes = JobNotes(Links(b"secret", "http://edge"))
    fits("JobNote", notes.job(JOBS[name]))
    whole = notes.told(JOBS[name])
    assert all(image["url"].startswith("http://edge/v1/") for image in whole["images"])
    fits("JobNote", whole)


def test_allowance_and_line_are_as_it_says() -> None:
    limit = Limit("daily", 3, 1, 1, 1e9)
    fits("AllowanceNote", allowance_note("anna", Allowance("free", limit, limit._replace(reset=None), [limit])))
    line = LineState([LineClass("tiny", "free", 3, None)], 1, 4, 2, Surge("busy", 1e9, "backlog", False, 3.5))
    fits("QueueNote", queue_note(line))
    fits("QueueNote", queue_note(LineState([], 0, 0, 0)))


@pytest.mark.parametrize("reason", list(Reason))
def test_errors_are_as_it_says(reason: Reason) -> None:
    fault = Fault(
        reason, "no", retry_after=3.0, decision_id="dec_1", stage="prompt", category="hate", words="a, b"
    )
    for answer, name in ((problem(fault), "Problem"), (openai_error(fault), "ErrorBody")):
        assert answer.status_code == HTTP_STATUS[reason]
        fits(name, json.loads(bytes(answer.body)))


def test_it_is_served_with_a_viewer_that_asks_nobody_else() -> None:
    with TestClient(app()) as web:
        assert web.get("/openapi.json").json()["openapi"] == "3.1.0"
        page = web.get("/docs")
        assert page.status_code == 200 and "://" not in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "http" not in policy
        for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            found = web.get(path)
            assert found.status_code == 200, path
        assert "'unsafe-inline'" not in web.get("/").headers["content-security-policy"]


def test_a_type_that_json_does_not_have_is_refused() -> None:
    class Odd(TypedDict):
        when: NotRequired[Literal["now"] | None]
        what: complex

    with pytest.raises(TypeError, match="complex"):
        schema_of(Odd, {})
    assert schema_of(str | None, {}) == {"type": ["string", "null"]}


@pytest.mark.parametrize("decided", [None, 3.0])
def test_appeals_are_as_it_says(decided: float | None) -> None:
    named = {"id": "apl_1", "decision_id": "dec_1", "state": "open", "stage": "prompt", "category": "violence"}
    told = {"prompt": "a crab", "note": "please", "notice": "", "credited": False, "policy_version": "p-1"}
    appeal = Appeal(**named, **told, score=0.7, created=2.0, decided=decided)
    fits("AppealNote", shape(appeal))


@pytest.mark.parametrize("appealable", [True, False])
def test_decisions_are_as_it_says(appealable: bool) -> None:
    verdict = Verdict(False, "dec_1", "image", "sexual", [], 0.9, "p-1", appealable, "Refused.", expires=3.0)
    note = decision_note(Decision(verdict, "ada", "", 2.0))
    fits("DecisionNote", note)
    assert note["appeal_url"] == ("/v1/moderation/appeals" if appealable else None)


def test_a_job_that_was_only_validated_is_as_it_says() -> None:
    fits("JobNote", JobNotes(Links(b"secret", "http://edge")).job(Job("", a_job().account, a_job().spec, 1.0)))
