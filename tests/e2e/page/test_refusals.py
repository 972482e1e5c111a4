"""Refusals whose card is gone: listed by this browser, without prompts, with the way to appeal and its answer."""

import json
from typing import Any

import httpx
import pytest

from tests.e2e.page.browser import Browser, Page
from tests.e2e.page.conftest import CRAB_EN, order, phase, the_job, with_key
from tests.e2e.page.mock_kitchen import Kitchen
from tests.e2e.page.test_appeals import BAKER, LOOK_AGAIN, ask, refused

pytestmark = pytest.mark.e2e

LISTED = "#refused li[data-state=refused]"
TITLES = "[...document.querySelectorAll('#refused h3')].map((title) => title.textContent)"
FOCUSED = "document.activeElement.textContent"


def put_away(page: Page) -> Page:
    """Closes the refusal's card."""
    page.click(".notice .close")
    page.wait(f"document.querySelector('{LISTED}')")
    return page


def stored(page: Page) -> list[dict[str, Any]]:
    """What the browser keeps."""
    return list(json.loads(page.run("localStorage.getItem('fournil.refusals') ?? '[]'")))


def test_a_closed_refusal_is_found_again_appealed_and_answered(
    browser: Browser, url: str, kitchen: Kitchen
) -> None:
    page = refused(browser.open(url))
    assert page.run("document.getElementById('refused').hidden"), "what stands in a card is not listed as well"
    put_away(page)
    assert page.run("document.activeElement.id") == "prompt"
    page.wait("document.getElementById('announce').textContent === 'The refusal stands under “What was refused”.'")
    page.wait_text("Refused for violence")
    assert page.run(f"document.querySelector('{LISTED} .prompt').textContent") == BAKER

    page.reload()
    page.wait(f"document.querySelector('{LISTED} .appeal button')")
    assert page.run(f"document.querySelector('{LISTED} .prompt')") is None
    (kept,) = stored(page)
    assert set(kept) == {"decision_id", "stage", "category", "appealable", "time", "until", "account"}, (
        "no prompt is kept"
    )
    page.run(f"document.querySelector('{LISTED} .appeal button').focus()")
    page.press(" ", 32)
    page.wait("document.activeElement.matches('#refused .appeal textarea')")
    page.call("Input.insertText", text="It is about bread.")
    page.click("#refused .consent input")
    page.click("#refused .appeal button[type=submit]")
    page.wait(f"{FOCUSED} === 'Your appeal waits for an answer'")
    assert page.run("document.activeElement.matches('#refused li[data-state=open] h3')"), (
        "the keyboard stays there"
    )
    (appeal,) = kitchen.trust.appeals.values()
    assert (appeal["prompt"], appeal["note"]) == (BAKER, "It is about bread."), "the refused order's own prompt"

    kitchen.trust.decide("denied", "The oven is not to be shared.")
    page.run(LOOK_AGAIN)
    page.wait(f"{TITLES}.join() === 'Your appeal was denied'")
    page.wait_text("The oven is not to be shared.")
    page.click("[data-language=fr]")
    page.wait(f"{TITLES}.join() === 'Votre contestation est rejetée'")
    assert page.complaints == []


def test_a_refusal_after_baking_is_found_again(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "step:10"
    page = with_key(browser.open(url, language="fr-CA"))
    order(page, CRAB_EN)
    page.wait_text("Étape 9 sur 20")
    kitchen.end(
        the_job(kitchen), "MODERATION_BLOCKED", "Refused.", kitchen.trust.refusal("sexual", [], stage="image")
    )
    phase(page, "failed")
    assert page.run("document.getElementById('refused').hidden")
    page.click(".job .close")
    page.wait_text("Refusée pour du contenu sexuel")
    page.reload()
    page.wait_text("Image refusée :")
    assert page.run(f"document.querySelector('{LISTED} .prompt').textContent") == CRAB_EN, "the server lists it"
    ask(page, "C’est un crabe.")
    page.wait("document.querySelector('#refused .appeal-state.open')")
    assert page.complaints == []


def test_what_was_typed_goes_with_the_refusal(browser: Browser, url: str) -> None:
    page = refused(browser.open(url))
    page.click(".notice .appeal button")
    page.fill(".appeal textarea", "about bread")
    put_away(page)
    assert page.run(f"document.querySelector('{LISTED} textarea').value") == "about bread"
    page.click("#bake")
    page.wait("document.querySelector('.notice.refusal')")
    assert page.run("document.querySelectorAll('.appeal textarea').length") == 1, (
        "another decision, another appeal"
    )


def test_what_cannot_be_appealed_says_so(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = with_key(browser.open(url))
    facts = kitchen.trust.refusal("sexual_minors", ["child"])
    kitchen.fault = {"status": 400, "reason": "MODERATION_BLOCKED", "detail": "no", "refusal": facts}
    order(page, "a child")
    put_away(page)
    page.wait_text("Refused for sexual content with minors")
    page.wait_text("This refusal cannot be appealed.")
    assert page.run(f"document.querySelector('{LISTED} .appeal')") is None

    order(page, BAKER)
    page.wait("document.querySelector('.notice.refusal')")
    page.click(".notice .close")
    kitchen.trust.refusals.clear()
    ask(page, "")
    page.wait(f"{FOCUSED} === 'Refused for violence'")
    page.reload()
    page.wait(f"document.querySelectorAll('{LISTED}').length === 2")
    assert page.run("document.querySelector('#refused .appeal')") is None, "the server's no is remembered"
    assert page.complaints == []


def test_a_prompt_that_nobody_has_any_more_is_asked_for(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = put_away(refused(browser.open(url, language="fr-CA")))
    page.reload()
    page.wait(f"document.querySelector('{LISTED}')")
    kitchen.trust.forgetful = True
    ask(page, "du pain")
    page.wait_text("Le fournil n’a plus la description.")
    page.wait("document.activeElement.matches('.appeal textarea')")
    label = "document.querySelector(`label[for='${document.activeElement.id}']`).textContent"
    assert page.run(label) == "La description refusée, mot pour mot"
    page.call("Input.insertText", text="a baker")
    page.click(".appeal button[type=submit]")
    page.wait_text("must be the prompt that was refused")
    page.fill(".appeal textarea", BAKER)
    page.click(".appeal button[type=submit]")
    page.wait("document.querySelector('#refused .appeal-state.open')")
    assert [one["note"] for one in kitchen.trust.appeals.values()] == ["du pain"]
    assert page.complaints == []


def test_the_list_belongs_to_an_account_and_can_be_emptied(browser: Browser, url: str) -> None:
    page = put_away(refused(browser.open(url)))
    order(page, "refuse the logo")
    page.wait("document.querySelector('.notice.refusal')")
    page.click(".notice .close")
    page.wait(f"document.querySelectorAll('{LISTED}').length === 2")
    page.click("#refused li .close")
    page.wait("document.getElementById('announce').textContent === 'Removed from the list.'")
    assert page.run("document.activeElement.matches('#refused li h3')") and len(stored(page)) == 1

    page.click("#key-change")
    page.fill("#key-field", "paid-key")
    page.click("#key-use")
    page.wait_text("500 pictures left")
    assert page.run("document.getElementById('refused').hidden"), "another account"
    page.click("#key-change")
    page.fill("#key-field", "free-key")
    page.click("#key-use")
    page.wait(f"document.querySelectorAll('{LISTED}').length === 1")
    page.click("#key-change")
    page.click("#key button", "Forget the key")
    page.wait("document.getElementById('refused').hidden")
    assert stored(page) == [] and page.complaints == [], "who forgets the key leaves nothing behind"


def test_the_list_is_short_and_what_is_broken_or_old_is_let_go(browser: Browser, url: str) -> None:
    page = with_key(browser.open(url))
    page.run(
        "localStorage.setItem('fournil.refusals', JSON.stringify(Array.from({ length: 20 }, (_, n) => ({"
        " decision_id: `dec_${n}`, stage: 'prompt', category: 'hate', appealable: true, account: 'demo-free',"
        " time: Date.now() - n * 1000, until: Date.now() + (18.5 - n) * 86400000 }))))"
    )
    page.reload()
    page.wait(f"document.querySelectorAll('{LISTED}').length === 19")
    for _ in range(2):
        order(page, BAKER)
        page.wait("document.querySelector('.notice.refusal')")
        page.click(".notice .close")
    page.wait(f"document.querySelectorAll('{LISTED}').length === 20")
    assert len(stored(page)) == 20
    for broken in ("{", "{}", "[null]"):
        page.run(f"localStorage.setItem('fournil.refusals', '{broken}')")
        page.reload()
        page.wait("document.querySelector('#allowance strong')")
        assert page.run("document.getElementById('refused').hidden") and page.complaints == []


def test_a_refusal_is_listed_for_as_long_as_the_server_keeps_it(
    browser: Browser, url: str, kitchen: Kitchen
) -> None:
    kitchen.trust.keep_seconds = 90 * 86_400
    page = put_away(refused(browser.open(url)))
    (kept,) = stored(page)
    assert 89.9 < (kept["until"] - kept["time"]) / 86_400_000 < 90.1
    kitchen.trust.keep_seconds = 3_600
    order(page, BAKER)
    page.wait("document.querySelector('.notice.refusal')")
    page.click(".notice .close")
    page.wait(f"document.querySelectorAll('{LISTED}').length === 2")
    assert 0.9 < (stored(page)[0]["until"] - stored(page)[0]["time"]) / 3_600_000 < 1.1

    kitchen.trust.keep_seconds = None
    order(page, BAKER)
    page.wait("document.querySelector('.notice.refusal')")
    page.run("document.getElementById('announce').textContent = ''")
    page.click(".notice .close")
    page.wait("!document.querySelector('.notice.refusal')")
    assert len(stored(page)) == 2 and stored(page)[1] == kept
    assert page.run("document.getElementById('announce').textContent") == ""
    assert page.complaints == []


def test_what_became_of_appeals_elsewhere_is_shown_to_who_looks_again(
    browser: Browser, url: str, kitchen: Kitchen
) -> None:
    page = put_away(refused(browser.open(url)))
    (kept,) = stored(page)
    body = {"decision_id": kept["decision_id"], "prompt": BAKER, "note": "from another browser"}
    filed = httpx.post(f"{url}/v1/moderation/appeals", json=body, headers={"authorization": "Bearer free-key"})
    assert filed.status_code == 201
    page.run(LOOK_AGAIN)
    page.wait("document.querySelector('#refused li[data-state=open]')")
    kitchen.trust.decide("granted", "")
    (appeal,) = kitchen.trust.appeals.values()
    appeal["credited"] = False
    page.run(LOOK_AGAIN)
    page.wait("document.querySelector('#refused li[data-state=granted]')")
    assert "You were given a picture" not in page.text()
    appeal["credited"] = True
    page.run(LOOK_AGAIN)
    page.wait_text("You were given a picture for the trouble.")
    assert page.complaints == []
