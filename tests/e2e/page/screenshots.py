"""Remakes the pictures of docs/page from a running mesh with demo keys: `python -m tests.e2e.page.screenshots`.

A refusal and a spent allowance are shown from the mock edge (`python -m tests.e2e.page.mock_edge 8090`).
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

PATIENCE = 240.0
MOST_BYTES = 300_000
DONE = "document.querySelectorAll('.job[data-phase=done] .picture.here').length === "


class Album:
    """Takes pictures of pages into a folder."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser = browser
        self.folder = folder

    def take(self, page: Page, name: str, *, whole: bool = True) -> None:
        """One picture, once what moves has come to rest; in 256 colours when it would be too large otherwise."""
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
        order(page, CRAB_FR)
        page.wait("document.querySelector('.job[data-phase=queued]')")
        self.take(page, "line-fr")
        page.wait("document.querySelector('.job[data-phase=running] .preview:not([hidden])')", PATIENCE)
        self.take(page, "baking-fr")
        page.wait(f"{DONE} 1", PATIENCE)
        self.take(page, "done-fr")

        page = with_key(self.browser.open(mesh, size=(1280, 940), dark=True), "paid")
        page.fill("#count", "2")
        order(page, CRAB_EN)
        page.wait(f"{DONE} 2", PATIENCE)
        self.take(page, "done-en-dark", whole=False)

        page = with_key(self.browser.open(mesh, language="fr-CA", size=(390, 844), phone=True), "free")
        order(page, "une pomme rouge sur fond bleu")
        page.wait(f"{DONE} 1", PATIENCE)
        self.take(page, "phone-fr", whole=False)

    def mocked(self, mock: str) -> None:
        """Two ways to hear no."""
        page = with_key(self.browser.open(mock, language="fr-CA", size=(1280, 860)))
        order(page, "Le logo d’une marque célèbre sur un croissant")
        page.wait("document.querySelector('.notice')")
        self.take(page, "refusal-fr")
        page = with_key(self.browser.open(mock, size=(1280, 860)))
        page.fill("#count", "4")
        order(page, CRAB_EN)
        page.wait("document.querySelector('.notice')")
        self.take(page, "allowance-en", whole=False)


def crowd(mesh: str) -> None:
    """Eleven orders, so that there is a line to stand in."""
    with httpx.Client(base_url=mesh, timeout=30) as web:
        key = web.get("/v1/demo-key").json()["paid"]
        for number in range(11):
            body = {"prompt": f"une pomme rouge, numéro {number}", "count": 4, "steps": 100}
            web.post("/v1/jobs", json=body, headers={"authorization": f"Bearer {key}"}).raise_for_status()


def main() -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description="Remakes the pictures of docs/page.")
    parser.add_argument("--mesh", default="http://127.0.0.1:8080")
    parser.add_argument("--mock", default="http://127.0.0.1:8090")
    parser.add_argument("--out", type=Path, default=Path("docs/page"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(Path(folder))
        try:
            album = Album(browser, arguments.out)
            album.real(arguments.mesh)
            album.mocked(arguments.mock)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
