"""Orders in a real Chromium: line, previews, picture, every no, reloads, lost connections."""

import time

import pytest

from tests.e2e.page.browser import Browser
from tests.e2e.page.conftest import CRAB_EN, CRAB_FR, order, phase, the_job, with_key
from tests.e2e.page.mock_kitchen import Kitchen

pytestmark = pytest.mark.e2e


def test_an_order_walks_from_the_line_to_the_picture(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "queued"
    page = with_key(browser.open(url, language="fr-CA"))
    page.click(".examples .chip", "crabe")
    page.wait_text(
        "Coûte 1 image sur les 3 qui restent aujourd’hui. 3 commandes devant vous. Départ dans 9 à 18 s."
    )
    page.click("#bake")
    page.wait_text("3 commandes devant vous")
    page.wait_text("Vous pouvez fermer cette page")
    assert page.run("document.querySelectorAll('.place-line .ahead .loaf:not(.gone)').length") == 3
    assert page.run("document.title") == "(4) Fournil"
    page.wait_text("1 mise de côté pour le travail en cours")

    the_job(kitchen).hold = "step:10"
    page.wait_text("Étape 9 sur 20")
    page.wait(
        "document.querySelector('.preview').complete && document.querySelector('.preview').naturalWidth === 256"
    )
    assert page.run("document.querySelector('progress.steps').value") == 9
    assert page.run("document.querySelector('.preview').style.filter").startswith("blur(")

    the_job(kitchen).hold = ""
    page.wait("document.querySelector('.job[data-phase=done] .picture.here')")
    assert page.run("document.querySelector('.picture').alt") == CRAB_FR
    assert page.run("document.querySelector('figcaption a').download") == "un-crabe-a-cote-d-une-barque-4712.png"
    page.wait_text("1 image comptée")
    page.wait_text("Ce qui est terminé reste ici")
    page.wait_text("Il reste 2 images sur 3")
    page.click("figcaption button", "Graine 4712")
    assert page.run("document.getElementById('seed').value") == "4712"
    page.click(".job .actions button", "Ranger sur l’étagère")
    page.click(".shelf button")
    page.wait("document.getElementById('viewer').open")
    page.press("Escape", 27)
    page.wait("!document.getElementById('viewer').open")
    assert page.complaints == []


def test_a_place_that_moves_back_is_explained(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "queued"
    page = with_key(browser.open(url, language="fr-CA"))
    order(page, CRAB_FR)
    page.wait_text("3 commandes devant vous")
    kitchen.place(the_job(kitchen), 5, "fair_share")
    page.wait_text("5 commandes devant vous")
    page.wait_text("Votre place a reculé de 2. Quelqu’un qui a moins profité du four est passé avant.")
    kitchen.place(the_job(kitchen), 28, "returned_job")
    page.wait_text("Un four s’est arrêté")
    page.wait_text("+20")
    page.click("[data-language=en]")
    page.wait_text("28 orders ahead of you")
    page.wait_text("An oven stopped")
    assert page.complaints == []


def test_a_reload_finds_the_job_again(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "step:10"
    page = with_key(browser.open(url))
    order(page, CRAB_EN)
    page.wait_text("Step 9 of 20")
    page.reload()
    page.wait_text("Step 9 of 20")
    page.wait("document.querySelector('.preview').naturalWidth === 256")

    page.call("Page.navigate", url="about:blank")
    the_job(kitchen).hold = ""
    for _ in range(500):
        if the_job(kitchen).final:
            break
        time.sleep(0.02)
    page.goto(url)
    page.wait_text("Fresh out of the oven")
    page.wait("document.querySelector('.picture.here')")
    page.reload()
    page.wait("document.querySelector('.shelf img')?.complete")
    assert page.run("document.querySelector('.job')") is None, "seen once, it stands on the shelf"
    assert len(kitchen.jobs) == 1 and page.complaints == []


def test_a_cut_stream_goes_on_where_it_was(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "step:10"
    page = with_key(browser.open(url))
    order(page, CRAB_EN)
    page.wait_text("Step 9 of 20")
    kitchen.cut_streams += 1
    page.wait_text("The connection was lost")
    the_job(kitchen).hold = ""
    phase(page, "done")
    assert kitchen.resumed_after[-1] != "", "it asked for what came after the last event"
    assert page.complaints == []


def test_a_refusal_is_explained_and_free(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = with_key(browser.open(url, language="fr-CA"))
    order(page, "Un boulanger, REFUSER de partager")
    page.wait_text("Celle-ci, nous ne la cuirons pas")
    page.wait_text("y a vu : de la violence")
    assert page.run("[...document.querySelectorAll('mark')].map((node) => node.textContent)") == ["REFUSER"]
    page.wait_text("dec_01mock0000000000000000000")
    page.wait_text("Rien n’a été compté : votre allocation est comme avant.")
    page.wait_text("Requête mock-request-1")
    page.wait_text("Il reste 3 images")
    assert page.run("document.activeElement.id") == "notice"
    page.click("[data-language=en]")
    page.wait_text("saw in it: violence")
    page.click(".notice button", "Change the prompt")
    assert page.run("document.activeElement.id") == "prompt" and kitchen.jobs == {}
    assert page.complaints == []


def test_a_picture_refused_after_baking_is_explained(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "step:10"
    page = with_key(browser.open(url))
    order(page, CRAB_EN)
    page.wait_text("Step 9 of 20")
    facts = {"decision_id": "dec_01image", "stage": "image", "category": "sexual", "words": []}
    kitchen.end(the_job(kitchen), "MODERATION_BLOCKED", "Refused.", facts)
    page.wait_text("The moderator looked at the picture that came out and saw in it: sexual content.")
    page.wait_text("Nothing was charged")
    page.wait_text("3 pictures left")
    assert page.complaints == []


def test_a_spent_allowance_says_until_when(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.used["free-key"] = 3
    page = with_key(browser.open(url))
    page.wait_text("Nothing left of 3")
    order(page, CRAB_EN)
    page.wait_text("Today’s allowance is spent")
    page.wait_text("3 pictures a day; they start again")
    page.wait_text("Nothing was charged.")
    kitchen.used["free-key"] = 1
    page.fill("#count", "3")
    page.click("#bake")
    page.wait_text("This order needs more than what is left")
    page.wait_text("2 pictures are left. Order fewer, or come back then.")
    assert kitchen.jobs == {} and page.complaints == []


def test_an_overload_tells_when_to_come_back(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.fault = {"status": 503, "reason": "LINE_FULL", "detail": "full", "retry_after": 1.0}
    page = with_key(browser.open(url))
    order(page, CRAB_EN)
    page.wait_text("The line is full")
    page.wait_text("nothing was charged")
    page.wait("!document.querySelector('.notice .second').disabled")
    page.click(".notice .second", "Try again")
    phase(page, "done")
    assert len(kitchen.jobs) == 1 and page.complaints == []


def test_an_answer_that_was_lost_orders_once(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.lose_answer = True
    page = with_key(browser.open(url))
    order(page, CRAB_EN)
    page.wait_text("A part of the service does not answer right now.")
    page.click(".notice .second", "Try again")
    phase(page, "done")
    assert len(kitchen.jobs) == 1 and kitchen.used["free-key"] == 1


def test_an_order_can_be_cancelled(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "queued"
    page = with_key(browser.open(url))
    order(page, CRAB_EN)
    page.click(".job button", "Cancel the order")
    page.wait_text("Cancelled")
    page.wait_text("Nothing was charged.")
    page.wait_text("3 pictures left")
    page.click(".job button", "Draw again")
    assert page.run("document.getElementById('prompt').value") == CRAB_EN
    assert page.complaints == []


def test_more_orders_than_streams_all_arrive(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.hold_new = "queued"
    page = with_key(browser.open(url), "paid")
    for number in range(5):
        order(page, f"{CRAB_EN}, number {number}")
        page.wait(f"document.querySelectorAll('.job').length === {number + 1}")
    assert kitchen.streams == 3, "the others are read from the list, so that pictures and orders still get through"
    for job in kitchen.jobs.values():
        job.hold = ""
    page.wait("document.querySelectorAll('.job[data-phase=done] .picture.here').length === 5", 30)
    assert page.complaints == []


def test_a_key_that_is_not_known_is_said_at_the_field(browser: Browser, url: str) -> None:
    page = browser.open(url, language="fr-FR")
    order(page, CRAB_FR)
    page.wait_text("Donnez d’abord une clé, puis enfournez.")
    assert page.run("document.activeElement.id") == "key-field"
    page.fill("#key-field", "nobody")
    page.click("#key-use")
    page.wait_text("Cette clé est inconnue.")
    assert page.run("document.getElementById('key-field').getAttribute('aria-invalid')") == "true"
    assert page.run("document.getElementById('allowance').hidden"), "nobody's allowance"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en-CA", "The ovens are full: free allowances are cut. Work that waits: 84 s."),
        (
            "fr-CA",
            "Les fours sont pleins : les allocations gratuites sont coupées. Travail qui attend : 84 s.",
        ),
    ],
)
def test_the_level_of_demand_is_told(
    browser: Browser, url: str, kitchen: Kitchen, language: str, said: str
) -> None:
    kitchen.surge |= {"level": "surge", "backlog": 84.0}
    page = with_key(browser.open(url, language=language))
    page.wait_text(said)
    assert page.complaints == []


def test_a_line_that_cannot_be_read_is_told_as_it_was(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = with_key(browser.open(url))
    page.wait_text("2 ovens")
    kitchen.line_down = True
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_text("The line cannot be read right now. This is how it was at")
    page.wait_text("2 ovens")
    kitchen.line_down = False
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait("!document.querySelector('#line .stale')")
    assert page.complaints == []
