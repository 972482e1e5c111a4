"""Remakes the pictures of docs/page from a running mesh with demo keys: `python -m tests.e2e.page.screenshots`.

Refusals, appeals, a spent allowance and a surge are shown from the mock edge.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

import httpx
from PIL import Image

from tests.e2e.page.browser import Browser, Page
from tests.e2e.page.conftest import CRAB_EN, CRAB_FR, order, with_key
from tests.e2e.page.mock_answers import stamp
from tests.e2e.page.mock_edge import served
from tests.e2e.page.mock_kitchen import Kitchen

PATIENCE = 480.0
MOST_BYTES = 300_000
DONE = "document.querySelectorAll('.job[data-phase=done] .picture.here').length === "


class Album:
    """Takes pictures of pages into a folder."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser = browser
        self.folder = folder

    def take(self, page: Page, name: str, *, whole: bool = True) -> None:
        """One picture, once what moves has come to rest; in 256 colours when it would be too large otherwise. The
        whole page is shown from its top."""
        if whole:
            page.run("scrollTo(0, 0)")
        time.sleep(1.2)
        target = self.folder / f"{name}.png"
        page.screenshot(target, whole=whole)
        if target.stat().st_size > MOST_BYTES:
            with Image.open(io.BytesIO(target.read_bytes())) as picture:
                picture.convert("RGB").quantize(256).save(target, optimize=True)

    def real(self, mesh: str) -> None:
        """The walk of an order on a real mesh."""
        page = self.browser.open(mesh, language="fr-CA", size=(1280, 860))
        page.wait("document.querySelectorAll('.demos .chip').length === 2")
        self.take(page, "welcome-fr", whole=False)
        with_key(page, "paid")
        crowd(mesh)
        page.run("document.getElementById('steps').value = 100")
        order(page, f"{CRAB_FR}, sur la plage")
        page.wait("document.querySelector('.job[data-phase=queued]')")
        self.take(page, "line-fr")
        status = self.browser.open(f"{mesh}/status.html", language="fr-CA", size=(1280, 860))
        status.wait("!document.getElementById('state').hidden")
        self.take(status, "status-fr")
        status.call("Page.navigate", url="about:blank")
        page.wait("document.querySelector('.job[data-phase=running] .preview:not([hidden])')", PATIENCE)
        self.take(page, "baking-fr")
        page.wait(f"{DONE} 1", PATIENCE)
        self.take(page, "done-fr")
        page.click(".job .close")
        page.click(".shelf button")
        page.click("#viewer summary", "D’où vient cette image")
        page.click("#viewer summary", "Ce qu’il a fallu")
        page.wait("document.querySelector('#viewer .worth')")
        self.take(page, "viewer-fr", whole=False)

        page = with_key(self.browser.open(mesh, size=(1280, 940), dark=True), "paid")
        page.fill("#count", "2")
        order(page, CRAB_EN)
        page.wait(f"{DONE} 2", PATIENCE)
        self.take(page, "done-en-dark", whole=False)

        page = with_key(self.browser.open(mesh, language="fr-CA", size=(390, 844), phone=True), "free")
        order(page, "une pomme rouge sur fond bleu")
        page.wait(f"{DONE} 1", PATIENCE)
        self.take(page, "phone-fr", whole=False)

    def mocked(self, mock: str, kitchen: Kitchen) -> None:
        """What a mesh says rarely: no, and what may become of it; nothing left; far too much to do."""
        page = with_key(self.browser.open(mock, language="fr-CA", size=(1280, 860)))
        order(page, "Le logo d’une marque célèbre sur un croissant")
        page.wait("document.querySelector('.notice')")
        self.take(page, "refusal-fr")
        page.click(".appeal button", "Contester")
        page.fill(".appeal textarea", "C’est notre propre boulangerie, et son propre logo.")
        page.click(".consent input")
        self.take(page, "appeal-fr")

        page = with_key(self.browser.open(mock, size=(1280, 1100), dark=True), "paid")
        order(page, "the logo of our own bakery on a croissant")
        page.click(".appeal button", "Appeal")
        page.fill(".appeal textarea", "It is our own bakery, and our own logo.")
        appealed(page, kitchen, "granted", "So it is. It is let through from now on; sorry for the detour.")
        self.take(page, "appeal-granted-en-dark")

        page = with_key(self.browser.open(mock, language="fr-CA", size=(1280, 860)))
        for prompt in ("un boulanger qui peut refuser de partager", "le logo d’une marque sur une baguette"):
            order(page, prompt)
            page.click(".notice.refusal .close")
        page.click("#refused .appeal button")
        appealed(page, kitchen, "denied", "La marque est à quelqu’un d’autre.", "#refused")
        self.take(page, "refused-list-fr")

        page = with_key(self.browser.open(mock, size=(1280, 860)))
        page.fill("#count", "4")
        order(page, CRAB_EN)
        page.wait("document.querySelector('.notice')")
        self.take(page, "allowance-en", whole=False)

        kitchen.surge = {
            "level": "surge",
            "since": stamp(time.time() - 1500),
            "cause": "backlog 412 s at or above 90 s for 3 s",
            "pinned": False,
            "backlog": 398.0,
        }
        kitchen.ahead = 113
        page = self.browser.open(f"{mock}/status.html", size=(390, 844), dark=True, phone=True)
        page.wait("!document.getElementById('state').hidden")
        self.take(page, "status-phone-en-dark")


def appealed(page: Page, kitchen: Kitchen, answer: str, notice: str, card: str = "") -> None:
    """Files the appeal that stands open in the card, and waits for its answer to be seen."""
    page.click(f"{card} .consent input")
    page.click(f"{card} .appeal button[type=submit]")
    page.wait(f"document.querySelector('{card} .appeal-state.open')")
    kitchen.trust.decide(answer, notice)
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait(f"document.querySelector('{card} .appeal-state.{answer}')")


def crowd(mesh: str) -> None:
    """Eleven orders, so that there is a line to stand in."""
    with httpx.Client(base_url=mesh, timeout=30) as web:
        key = web.get("/v1/demo-key").json()["paid"]
        for number in range(11):
            body = {"prompt": f"une pomme rouge, numéro {number}", "count": 1, "steps": 100}
            web.post("/v1/jobs", json=body, headers={"authorization": f"Bearer {key}"}).raise_for_status()


def main() -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description="Remakes the pictures of docs/page.")
    parser.add_argument("--mesh", default="http://127.0.0.1:8080")
    parser.add_argument("--out", type=Path, default=Path("docs/page"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(Path(folder))
        try:
            album = Album(browser, arguments.out)
            album.real(arguments.mesh)
            kitchen = Kitchen()
            with served(kitchen) as mock:
                album.mocked(mock, kitchen)
                browser.close_pages()
        finally:
            browser.close()


if __name__ == "__main__":
    main()
