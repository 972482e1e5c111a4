"""One picture in large: where it comes from, what it took, deleting it; and any other picture, checked."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.page.browser import Browser, Page
from tests.e2e.page.conftest import CRAB_EN, order, with_key
from tests.e2e.page.mock_kitchen import Kitchen
from tests.e2e.page.scene import scene

pytestmark = pytest.mark.e2e


def on_the_shelf(page: Page, *prompts: str) -> Page:
    """Orders that stand on the shelf, of a paid key."""
    with_key(page, "paid")
    for number, prompt in enumerate(prompts or (CRAB_EN,), 1):
        order(page, prompt)
        page.wait("document.querySelector('.job[data-phase=done] .picture.here')")
        page.click(".job .close")
        page.wait(f"document.querySelectorAll('.shelf li').length === {number}")
    return page


def opened(page: Page) -> Page:
    """The newest picture, in large."""
    page.click(".shelf button")
    page.wait("document.getElementById('viewer').open")
    return page


def test_a_picture_tells_where_it_comes_from(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = opened(on_the_shelf(browser.open(url)))
    page.click("#viewer summary", "Where this picture comes from")
    page.wait_text("Made by this bakery, and unchanged since.")
    page.wait_text("fournil-mini")
    page.wait_text("March 14, 2026")
    page.wait_text("Fournil development signer, Fournil (development)")
    assert kitchen.trust.checked[0].startswith(b"\x89PNG"), "the bytes of the picture itself were asked about"
    page.click("#viewer summary", "What it took")
    page.wait_text("1.84 s")
    page.wait_text("unknown: this oven cannot measure it")
    page.click("[data-language=fr]")
    page.wait_text("Faite par ce fournil, et intacte depuis.")
    page.wait_text("inconnue : ce four ne sait pas la mesurer")
    assert len(kitchen.trust.checked) == 1, "read once"
    assert page.complaints == []


@pytest.mark.parametrize(
    "case",
    [
        ({"state": "absent", "made_here": False}, "Cette image ne porte aucune attestation."),
        ({"state": "valid", "made_here": False, "signer": "Somebody"}, "Ce fournil ne connaît pas le signataire"),
        (
            {"state": "invalid", "made_here": False, "problems": ["assertion.dataHash.mismatch"]},
            "Ce qui ne tient pas : assertion.dataHash.mismatch",
        ),
    ],
)
def test_any_picture_can_be_checked(
    browser: Browser, url: str, kitchen: Kitchen, tmp_path: Path, case: tuple[dict[str, Any], str]
) -> None:
    kitchen.trust.credential, said = case
    page = with_key(browser.open(url, language="fr-CA"))
    page.click("#checker summary", "Vérifier d’où vient une image")
    picture = tmp_path / "plage.png"
    picture.write_bytes(scene(3, 1.0))
    choose(page, picture)
    page.wait_text(said)
    page.wait("document.querySelector('#checked img').naturalWidth === 256")
    assert kitchen.trust.checked == [picture.read_bytes()]
    assert page.complaints == []


def choose(page: Page, picture: Path) -> None:
    """Puts a file into the field, as the dialog of the system does."""
    root = page.call("DOM.getDocument")["root"]["nodeId"]
    field = page.call("DOM.querySelector", nodeId=root, selector="#checked-file")["nodeId"]
    page.call("DOM.setFileInputFiles", files=[str(picture)], nodeId=field)


def test_a_picture_dropped_on_the_page_is_checked(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = with_key(browser.open(url))
    page.run(dropping("nothing to see", "notes.txt", "text/plain"))
    page.wait_text("This file is not a PNG, JPEG or WebP picture that can be read.")
    png = base64.b64encode(scene(3, 1.0)).decode()
    page.run(
        dropping(f"Uint8Array.from(atob('{png}'), (c) => c.charCodeAt(0))", "beach.png", "image/png", raw=True)
    )
    page.wait_text("Made by this bakery")
    assert page.run("location.pathname") == "/" and page.run("document.getElementById('checker').open")
    assert page.complaints == []


def dropping(content: str, name: str, kind: str, *, raw: bool = False) -> str:
    """A script that lets a file go over the page."""
    made = f"new File([{content if raw else repr(content)}], '{name}', {{ type: '{kind}' }})"
    return (
        f"(() => {{ const dataTransfer = new DataTransfer(); dataTransfer.items.add({made});"
        "const how = { dataTransfer, bubbles: true, cancelable: true };"
        "document.body.dispatchEvent(new DragEvent('dragover', how));"
        "return document.body.dispatchEvent(new DragEvent('drop', how)); })()"
    )


def test_checking_needs_a_key(browser: Browser, url: str) -> None:
    page = browser.open(url)
    page.wait("document.querySelector('#key-field')")
    page.run(dropping("x", "x.png", "image/png"))
    page.wait_text("Give a key first, then check a picture.")
    assert page.run("document.activeElement.id") == "key-field"


def test_a_picture_is_deleted_in_two_presses(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = opened(on_the_shelf(browser.open(url), CRAB_EN, "a red apple"))
    page.click("#viewer button", "Delete…")
    page.wait_text("This deletes the picture and all that is known of its order, for good.")
    assert page.run("document.activeElement.textContent") == "Keep", "the harmless answer comes first"
    page.click("#viewer button", "Keep")
    assert page.run("document.activeElement.textContent") == "Delete…" and len(kitchen.jobs) == 2
    page.click("#viewer button", "Delete…")
    page.click("#viewer button", "Delete for good")
    page.wait("!document.getElementById('viewer').open")
    assert [job.record["prompt"] for job in kitchen.jobs.values()] == [CRAB_EN]
    assert page.run("document.querySelectorAll('.shelf li').length") == 1
    assert page.run("document.activeElement.closest('.shelf li') !== null")
    page.wait("document.getElementById('announce').textContent === 'Deleted.'")

    opened(page).click("#viewer button", "Delete…")
    kitchen.jobs.clear()
    page.click("#viewer button", "Delete for good")
    page.wait("document.getElementById('gallery').hidden")
    assert page.run("document.activeElement.id") == "prompt", "gone already is gone"
    assert page.complaints == []
