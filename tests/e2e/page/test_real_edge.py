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
