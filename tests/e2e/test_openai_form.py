"""OpenAI's form against a whole mesh, where the SDKs' own doing is not enough to show it: lost connections, grace,
idempotency, limits in headers, edits, names that mean harm."""

import base64
import contextlib
import io
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e
FAST = {"prompt": "a red apple", "steps": 4}
BIG = {"prompt": "a boat", "steps": 100, "count": 10}
"""Native jobs that keep the oven busy for a while."""
AGAIN = {"x-stainless-retry-count": "1", "x-stainless-lang": "python"}
PATH = "/v1/images/generations"


@pytest.fixture(scope="module")
def short_page(mesh: SupervisedMesh) -> Iterator[str]:
    """Where a second edge of the mesh serves, one that holds a call for two seconds."""
    with mesh.second_edge(FOURNIL_HOLD_SECONDS="2") as page:
        yield page


def web(mesh: SupervisedMesh, key: str, page: str = "", **headers: str) -> httpx.Client:
    shown = {"authorization": f"Bearer {key}", **headers}
    return httpx.Client(base_url=page or mesh.local.page, headers=shown, timeout=90)


def ask_and_leave(mesh: SupervisedMesh, key: str, body: dict[str, Any]) -> None:
    """Sends a call as an SDK does, and is gone before its answer."""
    data = json.dumps(body).encode()
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nx-stainless-retry-count: 0\r\n"
    with socket.create_connection(("127.0.0.1", mesh.local.ports.edge_http)) as link:
        link.sendall(head.encode() + b"content-length: %d\r\n\r\n" % len(data) + data)
        time.sleep(0.5)


def states(client: httpx.Client) -> list[str]:
    return [job["state"] for job in client.get("/v1/jobs").json()["jobs"]]


def used(client: httpx.Client) -> tuple[int, int]:
    left = client.get("/v1/me/allowance").json()
    return left["used"], left["held"]


def busy(client: httpx.Client, jobs: int = 3) -> list[str]:
    """Fills the oven and the line before it; ids to cancel."""
    return [client.post("/v1/jobs", json=BIG).raise_for_status().json()["id"] for _ in range(jobs)]


def calm(client: httpx.Client, jobs: list[str]) -> None:
    for job in jobs:
        client.post(f"/v1/jobs/{job}:cancel").raise_for_status()


def test_limits_stand_in_the_headers_of_what_the_desk_was_asked_for(mesh: SupervisedMesh) -> None:
    with web(mesh, mesh.new_key("free")) as client:
        drawn = client.post(PATH, json=FAST)
        assert drawn.status_code == 200 and drawn.headers["x-request-id"]
        assert (drawn.headers["x-ratelimit-limit-images"], drawn.headers["x-ratelimit-remaining-images"]) == (
            "3",
            "2",
        )
        assert '"daily";q=3;qu="images"' in drawn.headers["ratelimit-policy"]
        assert '"daily";r=2;t=' in drawn.headers["ratelimit"]
        assert drawn.headers["x-ratelimit-reset-images"][-1] == "s"
        job = client.post("/v1/jobs", json={"prompt": "a", "steps": 4})
        assert job.headers["x-ratelimit-remaining-images"] == "1"
        refused = client.post(PATH, json={**FAST, "n": 3})
        assert (refused.status_code, refused.headers["x-ratelimit-remaining-images"]) == (429, "1")
        assert refused.headers["x-should-retry"] == "false" and "retry-after" not in refused.headers
        assert "ratelimit" not in client.get("/v1/models").headers


def test_an_idempotency_key_is_the_same_job_again(mesh: SupervisedMesh) -> None:
    with web(mesh, mesh.new_key("free"), **{"idempotency-key": "once"}) as client:
        first, again = (client.post(PATH, json=FAST).raise_for_status().json() for _ in range(2))
        ids = {one["data"][0]["url"].split("/images/")[0] for one in (first, again)}
        assert len(ids) == 1 and used(client) == (1, 0)
        other = client.post(PATH, json={**FAST, "prompt": "a boat"}, headers={"accept-language": "fr"})
        assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
        assert "idempotence" in other.json()["error"]["message"]


def test_a_retry_joins_and_is_charged_once(mesh: SupervisedMesh) -> None:
    key, body = mesh.new_key("free"), {"prompt": "a red apple", "steps": 60}
    ask_and_leave(mesh, key, body)
    with web(mesh, key) as client:
        assert client.post(PATH, json=body, headers=AGAIN).status_code == 200
        assert used(client) == (1, 0) and states(client) == ["committed"]
        time.sleep(0.6)  # SDKs wait as long before they try again
        assert client.post(PATH, json=body, headers=AGAIN).status_code == 200
        assert used(client) == (2, 0), "that one was answered"


def test_a_retry_of_a_stream_joins_too_and_ends_complete(mesh: SupervisedMesh) -> None:
    key, body = mesh.new_key("free"), {"prompt": "a red apple", "steps": 60, "stream": True, "partial_images": 2}
    ask_and_leave(mesh, key, body)
    with web(mesh, key) as client:
        text = client.post(PATH, json=body, headers=AGAIN).text
        assert text.count("event: image_generation.completed") == 1 and used(client) == (1, 0)


def test_work_whose_client_is_gone_is_refunded_after_its_grace_unless_it_promised_to_come_back(
    mesh: SupervisedMesh,
) -> None:
    key, other = mesh.new_key("free"), mesh.new_key("paid")
    body = {**FAST, "steps": 60}
    promise = web(mesh, mesh.new_key("free"), **{"idempotency-key": "later"})
    with web(mesh, other) as crowd, web(mesh, key) as client, promise as promised:
        jobs = busy(crowd)
        with pytest.raises(httpx.ReadTimeout):
            promised.post(PATH, json=body, timeout=0.3)
        left = time.monotonic()
        ask_and_leave(mesh, key, FAST)
        time.sleep(1)
        assert states(client) != ["refunded"], "its retry may still come"
        limit = time.monotonic() + 20
        while states(client) != ["refunded"] and time.monotonic() < limit:
            time.sleep(0.5)
        time.sleep(max(0.0, left + 12 - time.monotonic()))
        assert states(promised) == ["queued"], "it waits for who promised to come back"
        calm(crowd, jobs)
        assert states(client) == ["refunded"] and used(client) == (0, 0)
        assert promised.post(PATH, json=body).status_code == 200
        assert states(promised) == ["committed"] and used(promised) == (1, 0)


def test_a_line_that_is_longer_than_a_hold_is_refused_at_once(mesh: SupervisedMesh, short_page: str) -> None:
    with contextlib.ExitStack() as opened:
        client, *crowd = (opened.enter_context(web(mesh, mesh.new_key("free"), short_page)) for _ in range(17))
        client.post(
            PATH, json={"prompt": "a", "steps": 1}
        ).raise_for_status()  # the oven's speed is known from here
        spent = used(client)
        jobs = [one.post("/v1/jobs", json={**BIG, "count": 3}).raise_for_status().json()["id"] for one in crowd]
        answer = client.post(PATH, json=FAST, headers={"accept-language": "fr"})
        for one, job in zip(crowd, jobs, strict=True):
            calm(one, [job])
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (503, "server_overloaded"), answer.text
        assert answer.headers["link"].startswith("</v1/jobs>") and error["help"]["url"] == "/v1/jobs"
        assert "connecté" in error["help"]["message"] and error["retry_after"] > 2
        assert used(client) == spent


def test_a_hold_that_ends_keeps_the_place_for_the_retry(mesh: SupervisedMesh, short_page: str) -> None:
    with web(mesh, mesh.new_key("free"), short_page) as client:
        body = {"prompt": "a boat", "steps": 100, "n": 3}
        answers = [client.post(PATH, json=body)]
        while answers[-1].status_code == 503 and len(answers) < 30:
            assert answers[-1].headers["retry-after"] == "1"
            answers.append(client.post(PATH, json=body, headers=AGAIN))
        assert answers[-1].status_code == 200 and len(answers) > 1
        assert states(client) == ["committed"] and used(client) == (3, 0)


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 64)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 60, 30)).save(stream, kind)
    return stream.getvalue()


def hole(size: tuple[int, int], alpha: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.new("RGBA", size, (0, 0, 0, alpha)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_edit_starts_from_a_picture_of_any_format(mesh: SupervisedMesh, kind: str) -> None:
    fields = {"prompt": "a red apple", "steps": "4", "strength": "0.5", "n": "2", "output_format": "webp"}
    with web(mesh, mesh.new_key("free")) as client:
        answer = client.post("/v1/images/edits", data=fields, files={"image[]": ("a", picture(kind))})
        assert answer.status_code == 200 and len(answer.json()["data"]) == 2
        (job,) = client.get("/v1/jobs").json()["jobs"]
        assert (job["strength"], job["count"], job["output_format"]) == (0.5, 2, "webp")


def test_an_edit_with_a_mask_leaves_the_rest_as_it_is(mesh: SupervisedMesh) -> None:
    """As OpenAI's own client asks: the picture with a hole in it is the mask of the picture."""
    holed = Image.new("RGBA", (256, 256), (200, 60, 30, 255))
    holed.paste((0, 0, 0, 0), (64, 64, 192, 192))
    mask = io.BytesIO()
    holed.save(mask, "PNG")
    client = mesh.openai(mesh.new_key("free"))
    answer = client.images.edit(
        image=("a.png", picture(size=(256, 256))),
        mask=("mask.png", mask.getvalue()),
        prompt="a blue boat",
        response_format="b64_json",
        extra_body={"steps": 4},
    )
    (one,) = answer.data or []
    with Image.open(io.BytesIO(base64.b64decode(one.b64_json or ""))) as image:
        levels = np.asarray(image.convert("RGB"), int)
    far = np.ones((256, 256), bool)
    far[60:196, 60:196] = False
    assert (levels[far] == (200, 60, 30)).all()
    assert np.abs(levels[80:176, 80:176] - (200, 60, 30)).mean() > 20


def test_an_edit_may_be_streamed(mesh: SupervisedMesh) -> None:
    fields = {"prompt": "a red apple", "steps": "8", "strength": "0.9", "stream": "true", "partial_images": "1"}
    with web(mesh, mesh.new_key("free")) as client:
        text = client.post("/v1/images/edits", data=fields, files={"image": ("a.png", picture())}).text
        assert "event: image_edit.partial_image" in text and "event: image_edit.completed" in text


def test_what_cannot_be_edited_is_refused_by_name_and_costs_nothing(mesh: SupervisedMesh) -> None:
    good = ("a.png", picture())
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"files": {"image": good, "mask": good}}, "mask"),
        ({"files": {"image": good, "mask": ("a.png", b"no picture")}}, "mask"),
        ({"files": {"image": good, "mask": ("a.png", b"")}}, "mask"),
        ({"files": {"image": good, "mask": ("a.png", hole((65, 64)))}}, "mask"),
        ({"files": {"image": good, "mask": ("a.png", hole((64, 64), 255))}}, "mask"),
        ({"files": {"mask": ("a.png", hole((64, 64)))}}, "image"),
        ({"files": [("image[]", good), ("image[]", good)]}, "image"),
        ({"files": {"image": ("a.png", b"no picture")}}, "image"),
        ({"files": {"image": ("a.png", picture(size=(5_000, 8)))}}, "image"),
        ({"files": {"image": ("a.png", b"\x89PNG" + bytes(4 * 2**20))}}, "image"),
        ({"files": {"image": ("a.png", b"\x89PNG" + bytes(6 * 2**20))}}, "body"),
        ({"files": {f"image{number}": good for number in range(40)}}, "body"),
        ({"content": b"{}", "headers": {"content-type": "application/json"}}, "body"),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=x"}}, "image"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, "body"),
    ]
    with web(mesh, mesh.new_key("free"), **{"accept-language": "fr"}) as client:
        for parts, field in wrong:
            fields = {} if "content" in parts else {"data": {"prompt": "a red apple"}}
            answer = client.post("/v1/images/edits", **parts, **fields)
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, field), (field, answer.text)
            assert "ne va pas" in answer.json()["error"]["message"]
        assert used(client) == (0, 0) and states(client) == []


NAMES = [
    "..%2f..%2fetc%2fpasswd", "%00", "a%0d%0ax-evil: 1", "%ff%fe", "a/b/c", "x" * 5_000, "%7b%7b7*7%7d%7d",
    "fournil-mini%20",
    "__proto__", "🦀",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_that_means_harm_is_a_model_that_is_not_there(mesh: SupervisedMesh, name: str) -> None:
    answer = httpx.get(f"{mesh.local.page}/v1/models/{name}", timeout=20)
    if "%0" in name:
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "url")
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "x-evil" not in answer.headers and len(answer.content) < 2_000
    with web(mesh, mesh.local.keys["free"]) as client:
        asked = client.post(PATH, json={"prompt": "a", "model": name})
        assert (asked.status_code, asked.json()["error"]["code"]) == (404, "model_not_found")


def test_a_model_is_retrieved_under_the_name_it_was_asked_by(mesh: SupervisedMesh) -> None:
    own, alias = (
        httpx.get(f"{mesh.local.page}/v1/models/{one}").json() for one in ("fournil-mini", "gpt-image-1")
    )
    assert (own["id"], alias["id"], alias["root"]) == ("fournil-mini", "gpt-image-1", "fournil-mini")
    assert httpx.get(f"{mesh.local.page}/v1/models/").status_code == 404
    for method in ("OPTIONS", "PUT", "GET"):
        refused = httpx.request(method, mesh.local.page + PATH)
        assert refused.status_code == 404 and refused.json()["error"]["type"] == "invalid_request_error"
