"""axe-core finds nothing serious in any state of the page: light and dark, on a desk and on a phone."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.e2e.page.axe import grave
from tests.e2e.page.browser import Browser, Page
from tests.e2e.page.conftest import CRAB_EN, order, phase, the_job, with_key
from tests.e2e.page.mock_answers import stamp
from tests.e2e.page.mock_kitchen import Kitchen
from tests.e2e.page.test_appeals import LOOK_AGAIN
from tests.e2e.page.test_viewer import dropping

pytestmark = pytest.mark.e2e


def orders(page: Page, kitchen: Kitchen) -> Iterator[str]:
    """From the door to the picture; every state is named."""
    yield "welcome"
    with_key(page)
    page.run("document.getElementById('details').open = true")
    yield "order with details"
    kitchen.hold_new = "queued"
    order(page, CRAB_EN)
    phase(page, "queued")
    kitchen.place(the_job(kitchen), 9, "fair_share")
    page.wait_text("moved back")
    yield "line"
    the_job(kitchen).hold = "step:10"
    page.wait_text("Step 9 of 20")
    yield "baking"
    kitchen.cut_streams += 1
    page.wait_text("The connection was lost")
    yield "connection lost"
    the_job(kitchen).hold = ""
    page.wait("document.querySelector('.picture.here')")
    yield "done"


def refusals(page: Page, kitchen: Kitchen) -> Iterator[str]:
    """A no, and what may become of it."""
    order(page, "refuse")
    page.wait("document.querySelector('.notice.refusal')")
    yield "refusal"
    page.click(".appeal button", "Appeal this refusal")
    page.click(".appeal button[type=submit]")
    page.wait_text("Without your agreement")
    yield "appeal, without consent"
    page.click(".appeal .consent input")
    page.fill(".appeal textarea", "It is about bread.")
    page.click(".appeal button[type=submit]")
    page.wait("document.querySelector('.notice .appeal-state.open')")
    page.click(".notice summary")
    yield "appeal sent"
    kitchen.trust.decide("granted", "You are right.")
    page.run(LOOK_AGAIN)
    page.wait("document.querySelector('.notice .appeal-state.granted')")
    yield "appeal granted"
    order(page, "refuse logo")
    page.click(".notice .appeal button", "Appeal this refusal")
    page.click(".appeal .consent input")
    page.click(".appeal button[type=submit]")
    page.wait("document.querySelector('.notice .appeal-state.open')")
    kitchen.trust.decide("denied", "It is not.")
    page.run(LOOK_AGAIN)
    page.wait("document.querySelector('.notice .appeal-state.denied')")
    yield "appeal denied"
    page.click(".notice .close")
    order(page, "refuse again")
    page.wait("document.querySelector('.notice.refusal .appeal button')")
    page.click(".notice .close")
    page.wait("document.querySelector('#refused li[data-state=refused]')")
    yield "refusal closed"
    page.click("#refused .appeal button", "Appeal this refusal")
    yield "refusal closed, appeal"
    page.click("#refused .close")
    kitchen.hold_new = "step:10"
    order(page, "another boat")
    page.wait("document.querySelectorAll('.job[data-phase=running]').length === 1")
    *_, baking = kitchen.jobs.values()
    kitchen.end(baking, "MODERATION_BLOCKED", "Refused.", kitchen.trust.refusal("sexual", [], stage="image"))
    page.click(".job .appeal button", "Appeal this refusal")
    yield "refused after baking, appeal"
    page.click(".job .close")
    page.wait("!document.querySelector('.job[data-phase=failed]')")


def pictures(page: Page, kitchen: Kitchen) -> Iterator[str]:
    """A picture in large, and one from elsewhere."""
    page.click(".job .actions button", "Put it on the shelf")
    page.click(".shelf button")
    page.wait("document.getElementById('viewer').open")
    yield "viewer"
    page.click("#viewer summary", "Where this picture comes from")
    page.click("#viewer summary", "What it took")
    page.wait_text("Made by this bakery")
    yield "viewer, provenance"
    page.click("#viewer button", "Delete…")
    yield "viewer, about to delete"
    page.run("document.getElementById('viewer').close()")
    kitchen.trust.credential = {
        "state": "invalid",
        "made_here": False,
        "problems": ["assertion.dataHash.mismatch"],
    }
    page.run(dropping("Uint8Array.of(137, 80, 78, 71)", "x.png", "image/png", raw=True))
    page.wait_text("The credentials do not hold.")
    yield "checker"


def limits(page: Page, kitchen: Kitchen) -> Iterator[str]:
    """What else may be said no to."""
    kitchen.used["free-key"] = 3
    kitchen.surge |= {"level": "surge", "backlog": 84.0}
    order(page, CRAB_EN)
    page.wait_text("Today’s allowance is spent")
    yield "allowance spent"
    kitchen.fault = {"status": 503, "reason": "LINE_FULL", "detail": "full", "retry_after": 9.0}
    kitchen.used["free-key"] = 0
    page.click("#bake")
    page.wait_text("The line is full")
    yield "line full"
    page.click("#key-change")
    page.fill("#key-field", "nobody")
    page.click("#key-use")
    page.wait_text("This key is not known.")
    yield "wrong key"


def status(page: Page, url: str, kitchen: Kitchen) -> Iterator[str]:
    """The public page at every level."""
    for level in ("normal", "busy", "surge", "shed"):
        cause = "backlog 412 s at or above 90 s for 3 s"
        kitchen.surge = {"level": level, "since": stamp(0), "cause": cause, "pinned": False, "backlog": 412.0}
        page.goto(f"{url}/status.html")
        page.wait("!document.getElementById('state').hidden")
        yield f"status, {level}"
    kitchen.line_down = True
    page.run(LOOK_AGAIN)
    page.wait("!document.getElementById('trouble').hidden")
    yield "status, stale"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_serious(browser: Browser, url: str, kitchen: Kitchen, dark: bool, phone: bool) -> None:
    page = browser.open(url, size=(390, 844) if phone else (1280, 900), dark=dark, phone=phone)
    page.wait("document.querySelectorAll('.demos .chip').length === 2")
    counter = (orders, refusals, pictures, limits)
    states = chain(*(part(page, kitchen) for part in counter), status(page, url, kitchen))
    found = {state: grave(page) for state in states}
    assert {state: told for state, told in found.items() if told} == {} and len(found) == 26
    assert page.complaints == []


def test_axe_would_have_said_so(browser: Browser, url: str) -> None:
    page = with_key(browser.open(url))
    page.run("document.getElementById('order-title').style.color = '#eee'")
    page.run("document.getElementById('bake').replaceChildren()")
    assert {told.split(":")[0] for told in grave(page)} == {"button-name", "color-contrast"}
