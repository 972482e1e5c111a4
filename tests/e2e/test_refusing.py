"""Every no: clear, in the right form, in the caller's language, and free of charge."""

import time

import grpc
import httpx
import openai
import pytest

from fournil.client import FournilError
from fournil.edge.v1 import edge_pb2, edge_pb2_grpc
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e

UNFIT = [
    ("explicit sex scene, naked couple having intercourse, pornographic photo", "sexual"),
    ("scène de sexe explicite, couple nu en plein rapport sexuel, photo pornographique", "sexual"),
    ("a man stabbing another man to death, blood everywhere, gore, mutilated corpse", "violence"),
    ("un homme poignarde un autre homme à mort, du sang partout, cadavre mutilé, gore", "violence"),
]


@pytest.mark.parametrize(("prompt", "category"), UNFIT)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_unfit_prompt_is_refused_with_its_reasons(
    mesh: SupervisedMesh, prompt: str, category: str, language: str
) -> None:
    with mesh.client(mesh.new_key("free"), language) as client:
        with pytest.raises(FournilError) as raised:
            client.draw(prompt)
        error = raised.value
        assert error.reason == "MODERATION_BLOCKED"
        assert error.metadata["category"] == category
        assert error.metadata["decision_id"].startswith("dec_") and error.metadata["words"]
        assert ("Refusé" if language == "fr" else "Refused") in str(error)
        left = client.allowance()
        assert (left.used, left.held, left.live) == (0, 0, 0), "a refusal is free"


def test_the_openai_client_understands_a_refusal(mesh: SupervisedMesh) -> None:
    client = mesh.openai(mesh.new_key("free"), max_retries=3)
    with pytest.raises(openai.BadRequestError) as raised:
        client.images.generate(prompt=UNFIT[0][0], model="gpt-image-1")
    error = raised.value
    assert (error.code, error.type) == ("moderation_blocked", "image_generation_user_error")
    assert isinstance(error.body, dict)
    assert error.body["moderation_details"]["categories"] == ["sexual"]
    assert error.body["decision_id"].startswith("dec_")


BAD_FIELDS = [
    ({"prompt": ""}, "prompt"),
    ({"prompt": "x" * 40_000}, "prompt"),
    ({"prompt": "bell \x07"}, "prompt"),
    ({"prompt": "a boat", "count": 11}, "count"),
    ({"prompt": "a boat", "count": -1}, "count"),
    ({"prompt": "a boat", "size": "99999x99999"}, "size"),
    ({"prompt": "a boat", "size": "1x1"}, "size"),
    ({"prompt": "a boat", "size": "big"}, "size"),
    ({"prompt": "a boat", "steps": 1_000}, "steps"),
    ({"prompt": "a boat", "request_id": "é"}, "request_id"),
]


@pytest.mark.parametrize(("fields", "field"), BAD_FIELDS)
def test_a_bad_field_is_named_over_grpc(mesh: SupervisedMesh, fields: dict[str, object], field: str) -> None:
    with mesh.client(mesh.new_key("free"), "fr") as client:
        with pytest.raises(FournilError) as raised:
            client.draw(**fields)  # type: ignore[arg-type]
        assert raised.value.reason == "INVALID_ARGUMENT" and raised.value.metadata["field"] == field
        assert "ne va pas" in str(raised.value)
        assert client.allowance().used == client.allowance().held == 0


@pytest.mark.parametrize(("fields", "field"), BAD_FIELDS[:-1])
def test_a_bad_field_is_named_over_rest_and_in_openais_form(
    mesh: SupervisedMesh, fields: dict[str, object], field: str
) -> None:
    headers = {"authorization": f"Bearer {mesh.new_key('free')}", "accept-language": "fr-CA"}
    with httpx.Client(base_url=mesh.local.page, headers=headers, timeout=20) as web:
        native = web.post("/v1/jobs", json=fields)
        assert native.status_code == 400
        assert native.headers["content-type"] == "application/problem+json"
        problem = native.json()
        assert (problem["reason"], problem["metadata"]["field"]) == ("INVALID_ARGUMENT", field)
        assert "ne va pas" in problem["detail"] and problem["request_id"] == native.headers["x-request-id"]
        if "count" in fields:
            fields, field = {"prompt": fields["prompt"], "n": fields["count"]}, "n"
        theirs = web.post("/v1/images/generations", json=fields)
        assert theirs.status_code == 400
        error = theirs.json()["error"]
        assert (error["type"], error["param"]) == ("invalid_request_error", field)
        assert web.get("/v1/me/allowance").json()["remaining"] == 3


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe{}", b'{"prompt": "\xff"}', b"[" * 5_000, b" " * 300_000]
)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/images/generations"])
def test_a_body_that_is_no_json_object_is_a_400(mesh: SupervisedMesh, path: str, body: bytes) -> None:
    headers = {"authorization": f"Bearer {mesh.local.keys['paid']}"}
    answer = httpx.post(mesh.local.page + path, content=body, headers=headers, timeout=20)
    assert answer.status_code == 400
    assert ("error" if path.endswith("generations") else "reason") in answer.json()


def test_text_that_is_not_utf8_is_an_invalid_argument_over_grpc(mesh: SupervisedMesh) -> None:
    request = b"\x1a\x02\xff\xfe"  # field 3, the prompt
    with grpc.insecure_channel(mesh.local.target) as channel:
        call = channel.unary_unary("/fournil.edge.v1.ImageService/CreateJob")
        with pytest.raises(grpc.RpcError) as raised:
            call(request, metadata=[("authorization", f"Bearer {mesh.local.keys['paid']}")], timeout=10)
    error = raised.value
    assert isinstance(error, grpc.Call)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata())


def test_an_unknown_model_says_which_there_are(mesh: SupervisedMesh) -> None:
    key = mesh.new_key("free")
    with mesh.client(key) as client, pytest.raises(FournilError) as raised:
        client.draw("a boat", model="some/other")
    assert raised.value.reason == "MODEL_UNKNOWN" and "fournil-mini" in str(raised.value)
    headers = {"authorization": f"Bearer {key}"}
    body = {"prompt": "a boat", "model": "some/other"}
    answer = httpx.post(f"{mesh.local.page}/v1/images/generations", json=body, headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert httpx.get(f"{mesh.local.page}/v1/models/some/other", timeout=20).status_code == 404


def test_keys_missing_wrong_and_revoked(mesh: SupervisedMesh) -> None:
    good, key_id = mesh.new_key_and_id("free")
    with mesh.client(good) as client:
        client.allowance()
    mesh.revoke(key_id)
    stub = edge_pb2_grpc.ImageServiceStub(grpc.insecure_channel(mesh.local.target))
    with pytest.raises(grpc.RpcError) as missing:
        stub.GetAllowance(edge_pb2.GetAllowanceRequest(), timeout=10)
    assert missing.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    time.sleep(1.1)  # an edge may remember a key for one second
    for key, reason in ((good, "KEY_REVOKED"), ("fk_nobody", "KEY_UNKNOWN"), ("x" * 5_000, "KEY_UNKNOWN")):
        with mesh.client(key, "fr") as client, pytest.raises(FournilError) as raised:
            client.draw("un bateau")
        assert raised.value.reason == reason and "clé" in str(raised.value)
        headers = {"authorization": f"Bearer {key}"}
        for path, body in (("/v1/jobs", {}), ("/v1/images/generations", {})):
            answer = httpx.post(mesh.local.page + path, json=body, headers=headers, timeout=20)
            assert answer.status_code == 401
    assert httpx.post(f"{mesh.local.page}/v1/jobs", json={"prompt": "x"}, timeout=20).status_code == 401
    with pytest.raises(openai.AuthenticationError):
        mesh.openai("wrong").images.generate(prompt="a boat")


def test_nobody_sees_anothers_job(mesh: SupervisedMesh) -> None:
    with mesh.client(mesh.new_key("paid")) as owner, mesh.client(mesh.new_key("paid")) as other:
        job = owner.draw("a boat", steps=4)
        list(owner.watch(job.id))
        for call in (other.job, other.cancel, lambda one: other.image(one, 0), lambda one: list(other.watch(one))):
            with pytest.raises(FournilError) as raised:
                call(job.id)
            assert raised.value.reason == "NOT_FOUND"
        assert other.jobs() == []
    headers = {"authorization": f"Bearer {mesh.new_key('paid')}"}
    for path in (
        f"/v1/jobs/{job.id}",
        f"/v1/jobs/{job.id}/events",
        f"/v1/jobs/{job.id}/images/0",
        "/v1/jobs/..%2f",
    ):
        assert httpx.get(mesh.local.page + path, headers=headers, timeout=20).status_code == 404


def test_paths_that_are_not_served_are_errors_of_openais_form(mesh: SupervisedMesh) -> None:
    for method, path in (("GET", "/v1/files"), ("POST", "/v1/chat/completions"), ("DELETE", "/v1/images/1")):
        answer = httpx.request(method, mesh.local.page + path, timeout=20)
        assert answer.status_code == 404 and answer.json()["error"]["type"] == "invalid_request_error"


def test_more_jobs_at_once_than_the_tier_allows(mesh: SupervisedMesh) -> None:
    with mesh.client(mesh.new_key("free")) as client:
        live = [client.draw("a tree", steps=100) for _ in range(2)]
        with pytest.raises(FournilError) as raised:
            client.draw("a tree", steps=100)
        assert raised.value.reason == "TOO_MANY_LIVE_JOBS"
        for job in live:
            client.cancel(job.id)
        assert client.allowance().live == 0
