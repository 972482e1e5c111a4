"""Questioning a refusal: the button, the form, what was sent, the answer, in the card and in the list."""

import json

import pytest

from tests.e2e.page.browser import Browser, Page
from tests.e2e.page.conftest import CRAB_EN, order, the_job, with_key
from tests.e2e.page.mock_kitchen import Kitchen

pytestmark = pytest.mark.e2e

LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"
BAKER = "a baker may REFUSE to share"


def refused(page: Page, prompt: str = BAKER) -> Page:
    """An order that the moderator refuses at once."""
    order(with_key(page), prompt)
    page.wait("document.querySelector('.notice.refusal')")
    return page


def ask(page: Page, reason: str) -> None:
    """Fills the form and sends it."""
    page.click(".appeal button", "")
    page.wait("document.activeElement.matches('.appeal textarea')")
    page.call("Input.insertText", text=reason)
    page.click(".appeal .consent input")
    page.click(".appeal button[type=submit]")


def test_a_refusal_at_the_counter_is_appealed_and_answered(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = refused(browser.open(url), BAKER)
    page.wait_text("Is that a mistake?")
    page.press("Tab", 9)
    ask(page, "Nobody is hurt: it is about bread.")
    page.wait_text("Your appeal waits for an answer")
    assert page.run("document.activeElement.matches('.notice .appeal-state')"), (
        "the keyboard is where the answer will be"
    )
    page.wait("document.getElementById('announce').textContent === 'Your appeal waits for an answer'")
    (appeal,) = kitchen.trust.appeals.values()
    assert (appeal["prompt"], appeal["note"]) == (BAKER, "Nobody is hurt: it is about bread.")

    page.click(".notice summary", "What was sent")
    page.wait_text("Nobody is hurt")
    assert page.run("document.querySelectorAll('#refused li').length") == 1
    kitchen.trust.decide("granted", "You are right, and the bread looks good.")
    page.run(LOOK_AGAIN)
    page.wait("document.querySelectorAll('.appeal-state.granted').length === 2")
    text = page.text()
    assert text.count("You are right, and the bread looks good.") == 2 and "you may order it again" in text
    page.click("[data-language=fr]")
    page.wait_text("Votre contestation est acceptée")
    page.wait_text("Une image vous a été offerte pour la peine.")
    page.reload()
    page.wait_text("Ce qui a été refusé")
    page.wait_text("Votre contestation est acceptée")
    page.click("#refused button", "La commander de nouveau")
    assert page.run("document.activeElement.id") == "prompt"
    assert page.run("document.getElementById('prompt').value") == BAKER
    assert page.complaints == []


def test_a_refusal_after_baking_is_appealed_and_denied(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "step:10"
    page = with_key(browser.open(url, language="fr-CA"))
    order(page, CRAB_EN)
    page.wait_text("Étape 9 sur 20")
    facts = kitchen.trust.refusal("sexual", [], stage="image")
    kitchen.end(the_job(kitchen), "MODERATION_BLOCKED", "Refused.", facts)
    page.wait_text("La modération a regardé l’image obtenue")
    page.wait_text("Est-ce une erreur")
    ask(page, "C’est un crabe.")
    page.wait("document.querySelector('.job .appeal-state.open')")
    assert kitchen.trust.appeals[facts["decision_id"]]["prompt"] == "", "a picture is judged, not its prompt"
    kitchen.trust.decide("denied", "")
    page.run(LOOK_AGAIN)
    page.wait_text("Votre contestation est rejetée")
    page.wait_text("À propos d’une image qui a été jetée")
    assert page.complaints == []


def test_without_consent_nothing_is_sent(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = refused(browser.open(url))
    page.click(".appeal button", "Appeal this refusal")
    page.click(".appeal button[type=submit]")
    page.wait_text("Without your agreement the appeal cannot be sent.")
    assert page.run("document.activeElement.type") == "checkbox"
    assert page.run("document.activeElement.getAttribute('aria-invalid')") == "true"
    told = page.run("document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent")
    assert "agreement" in told and kitchen.trust.appeals == {}
    page.click(".appeal button", "Not now")
    page.wait("document.activeElement.textContent === 'Appeal this refusal'")


def test_what_was_typed_survives_a_change_of_language_and_a_lost_answer(
    browser: Browser, url: str, kitchen: Kitchen
) -> None:
    page = refused(browser.open(url))
    page.click(".appeal button", "Appeal this refusal")
    page.fill(".appeal textarea", "about bread")
    page.click("[data-language=fr]")
    page.wait("document.querySelector('.appeal textarea').value === 'about bread'")
    page.click("[data-language=en]")
    kitchen.trust.lost = True
    page.click(".appeal .consent input")
    page.click(".appeal button[type=submit]")
    page.wait_text("A part of the service does not answer right now.")
    assert page.run("document.querySelector('.appeal textarea').value") == "about bread"
    page.click(".appeal button[type=submit]")
    page.wait_text("Your appeal waits for an answer")
    assert len(kitchen.trust.appeals) == 1 and page.complaints == []


def test_what_cannot_be_appealed_shows_no_button(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = with_key(browser.open(url))
    facts = json.dumps(kitchen.trust.refusal("sexual_minors", ["child"]))
    kitchen.fault = {"status": 400, "reason": "MODERATION_BLOCKED", "detail": "no", "refusal": json.loads(facts)}
    order(page, "a child")
    page.wait("document.querySelector('.notice.refusal')")
    assert page.run("document.querySelector('.notice .appeal').hidden")


def test_a_mesh_without_appeals_is_silent_about_them(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.trust.here = False
    page = refused(browser.open(url))
    assert page.run(
        "document.querySelector('.notice .appeal').hidden && document.getElementById('refused').hidden"
    )
    told_otherwise = {**kitchen.trust.refusal("violence", ["refuse"]), "appealable": True}
    kitchen.fault = {"status": 400, "reason": "MODERATION_BLOCKED", "detail": "no", "refusal": told_otherwise}
    page.click("#bake")
    page.wait(f"document.querySelector('.notice code').textContent === '{told_otherwise['decision_id']}'")
    assert page.run("document.querySelector('.notice .appeal').hidden"), "404 counts more than the refusal's word"
    assert page.complaints == []
