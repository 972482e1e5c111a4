"""The page through the real edge, and the mock held against it."""

import json
import time
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import SupervisedMesh
from tests.e2e.page.browser import Browser
from tests.e2e.page.conftest import CRAB_FR, order

pytestmark = pytest.mark.e2e

APPEALS = "/v1/moderation/appeals"
UNFIT = "a man stabbing another man to death, blood everywhere, gore, mutilated corpse"
CHECKS = "/v1/content_provenance_checks"


def shape(value: object) -> object:
    """The keys of a JSON value, down to its leaves; a list is its first entry."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return "leaf"


def test_the_mock_speaks_like_the_edge(url: str, mesh: SupervisedMesh) -> None:
    told = []
    for address, key in ((url, "paid-key"), (mesh.local.page, mesh.new_key("paid"))):
        headers = {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as web:
            wait_for_models(web)
            made = web.post("/v1/jobs", json={"prompt": "a boat", "steps": 4})
            assert made.status_code == 202, made.text
            job = made.json()
            events: dict[str, object] = {}
            name = ""
            with web.stream("GET", f"/v1/jobs/{job['id']}/events") as answer:
                for line in answer.iter_lines():
                    name = line.removeprefix("event: ") if line.startswith("event: ") else name
                    if line.startswith("data: "):
                        events[name] = shape(json.loads(line.removeprefix("data: ")))
            spent = web.post("/v1/jobs", json={"prompt": "a boat", "count": 10, "validate_only": True})
            job.pop("place", None)
            told.append(
                {
                    "made": (made.status_code, shape(job)),
                    "events": {
                        kind: events[kind] for kind in ("queued", "started", "step", "preview", "completed")
                    },
                    "allowance": shape(web.get("/v1/me/allowance").json()),
                    "models": shape(web.get("/v1/models").json()),
                    "queue": shape(web.get("/v1/queue").json()),
                    "dry run": (spent.status_code, "place" in spent.json()),
                    "provenance": shape(web.post(CHECKS, content=web.get(job_picture(web, job)).content).json()),
                    "no picture": shape(web.post(CHECKS, content=b"text").json()),
                    "deleted": web.delete(f"/v1/jobs/{job['id']}").status_code,
                    "gone": web.delete(f"/v1/jobs/{job['id']}").status_code,
                    "unknown": shape(web.get("/v1/jobs/" + "0" * 26).json()),
                    "demo": shape(web.get("/v1/demo-key").json()),
                }
            )
    for part, mocked in told[0].items():
        assert mocked == told[1][part], part


@pytest.fixture
def appeals_mesh(mesh: SupervisedMesh) -> SupervisedMesh:
    """A mesh that takes appeals."""
    headers = {"authorization": f"Bearer {mesh.new_key('free')}"}
    if httpx.get(f"{mesh.local.page}{APPEALS}", headers=headers).status_code == 404:
        pytest.skip("this edge takes no appeals")
    return mesh


def test_the_mock_takes_appeals_like_the_edge(url: str, appeals_mesh: SupervisedMesh) -> None:
    told = []
    for address, key, prompt in (
        (url, "paid-key", "refuse"),
        (appeals_mesh.local.page, appeals_mesh.new_key("paid"), UNFIT),
    ):
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=60) as web:
            no = web.post("/v1/jobs", json={"prompt": prompt}).json()
            body = {"decision_id": no["refusal"]["decision_id"], "prompt": prompt, "note": "It is a drawing."}
            filed, again = web.post(APPEALS, json=body), web.post(APPEALS, json=body)
            told.append(
                {
                    "refusal": shape(no["refusal"]),
                    "appealable": no["refusal"]["appealable"],
                    "filed": (filed.status_code, shape(filed.json())),
                    "stands": {name: filed.json()[name] for name in ("state", "stage", "note", "credited")},
                    "again": again.json()["id"] == filed.json()["id"],
                    "listed": shape(web.get(APPEALS, params={"page_size": 20, "page_token": ""}).json()),
                }
            )
    for part, mocked in told[0].items():
        assert mocked == told[1][part], part


def test_a_refusal_is_appealed_through_the_real_edge(browser: Browser, appeals_mesh: SupervisedMesh) -> None:
    page = browser.open(appeals_mesh.local.page, language="fr-CA")
    page.fill("#key-field", appeals_mesh.new_key("free"))
    page.click("#key-use")
    page.wait_text("Il reste 3 images")
    order(page, f"  {UNFIT} ")
    page.click(".notice .appeal button", "Contester ce refus")
    page.fill(".appeal textarea", "C’est un dessin.")
    page.click(".appeal .consent input")
    page.click(".appeal button[type=submit]")
    page.wait_text("Votre contestation attend une réponse")
    page.reload()
    page.wait_text("Ce qui a été refusé")
    page.wait("document.querySelector('#refused .prompt').textContent.startsWith('a man stabbing')")
    assert page.complaints == []


def job_picture(web: httpx.Client, job: dict[str, Any]) -> str:
    """The link of a finished job's first picture."""
    return str(web.get(f"/v1/jobs/{job['id']}").json()["images"][0]["url"])


def wait_for_models(web: httpx.Client) -> None:
    """A fresh edge has heard of no model until a generator has told it."""
    for _ in range(100):
        if web.get("/v1/models").json()["data"]:
            return
        time.sleep(0.1)
    raise AssertionError("no model was ever listed")


def test_the_page_draws_through_the_real_edge(browser: Browser, mesh: SupervisedMesh) -> None:
    page = browser.open(mesh.local.page, language="fr-CA")
    page.fill("#key-field", mesh.new_key("free"))
    page.click("#key-use")
    page.wait_text("Il reste 3 images sur 3")
    page.run("document.getElementById('details').open = true")
    page.fill("#steps", "6")
    order(page, CRAB_FR)
    page.wait("document.querySelector('.job[data-phase=done] .picture.here')", 60)
    page.wait_text("Il reste 2 images sur 3")
    page.fill("#count", "3")
    page.click("#bake")
    page.wait_text("Cette commande dépasse ce qui reste")
    page.reload()
    page.wait("document.querySelector('.shelf img')?.naturalWidth > 0")
    assert page.complaints == []
