"""The public state of the bakery: no key, three facts, and honest about what it cannot read."""

import time

import pytest

from services.quota.surge import Level, SurgePolicy, SurgeState, pin, step
from tests.e2e.page.browser import Browser
from tests.e2e.page.mock_answers import stamp
from tests.e2e.page.mock_kitchen import Kitchen

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en-CA",
            [
                "The ovens are full",
                "for 3 s on end at least 90 s of work waited (it was 412 s).",
                "for 10 min",
                "3 ovens open",
                "5 pictures in the ovens",
                "3 wait",
                "in 9 to 21 s",
                "nobody waits",
            ],
        ),
        (
            "fr-CA",
            [
                "Les fours sont pleins",
                "pendant 3 s d’affilée, au moins 90 s de travail ont attendu (412 s à la fin).",
                "il y a 10 min",
                "5 images au four",
                "3 attendent",
                "dans 9 à 21 s",
                "personne n’attend",
            ],
        ),
    ],
)
def test_it_tells_level_reason_ovens_and_waits(
    browser: Browser, url: str, kitchen: Kitchen, language: str, said: list[str]
) -> None:
    kitchen.ovens = 3
    kitchen.surge = {
        "level": "surge",
        "since": stamp(time.time() - 600),
        "cause": "backlog 412 s at or above 90 s for 3 s",
        "pinned": False,
        "backlog": 398.0,
    }
    page = browser.open(f"{url}/status.html", language=language)
    for sentence in said:
        page.wait_text(sentence)
    assert page.run("document.querySelectorAll('tbody tr').length") == 2
    assert page.complaints == []


def test_every_cause_that_the_desk_gives_is_told_in_french(browser: Browser, url: str, kitchen: Kitchen) -> None:
    policy = SurgePolicy(marks=(20.0, 90.0, 1800.0), rise=3.0, fall=30.0)
    risen = step(step(SurgeState(), 25.0, 100.0, policy), 25.0, 103.0, policy)
    fallen = step(step(risen, 4.0, 200.0, policy), 4.0, 230.0, policy)
    page = browser.open(f"{url}/status.html", language="fr-CA")
    for state, said in (
        (risen, "pendant 3 s d’affilée, au moins 20 s de travail ont attendu (25 s à la fin)."),
        (fallen, "pendant 30 s d’affilée, moins de 10 s de travail ont attendu (4 s à la fin)."),
        (pin(risen, Level.SHED, 240.0, "essai"), "fixé à la main par les responsables du fournil : essai"),
        (pin(risen, None, 250.0, "fini"), "rendu libre par les responsables du fournil : fini"),
    ):
        kitchen.surge |= {"level": state.level, "cause": state.cause}
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_text(said)


def test_an_operators_word_stays_as_it_was_written(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.surge |= {"level": "busy", "cause": "pinned: <b>drill</b> until noon", "pinned": True}
    page = browser.open(f"{url}/status.html", language="fr-CA")
    page.wait_text("fixé à la main par les responsables du fournil : <b>drill</b> until noon")
    kitchen.surge |= {"cause": "something new"}
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_text("something new")


def test_it_keeps_reading_rests_when_hidden_and_says_when_it_cannot(
    browser: Browser, url: str, kitchen: Kitchen
) -> None:
    page = browser.open(f"{url}/status.html", hurry=10)
    page.wait_text("The ovens keep up")
    kitchen.ahead = 17
    page.wait_text("17 wait")

    page.run("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    time.sleep(0.5)
    before = kitchen.line_reads
    time.sleep(1.5)  # three times as long as it rests between two looks
    assert kitchen.line_reads == before, "nobody looks"

    kitchen.line_down = True
    page.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_text("The state of the bakery cannot be read. Below is how it was at")
    page.wait_text("17 wait")
    kitchen.line_down = False
    page.wait("document.getElementById('trouble').hidden")
    page.call("Page.navigate", url="about:blank")
    kitchen.line_down = True
    page.goto(f"{url}/status.html")
    page.wait_text("The state of the bakery cannot be read right now; trying again.")
    assert page.run("document.getElementById('state').hidden") and page.complaints == []


def test_the_page_leads_there_and_back(browser: Browser, url: str) -> None:
    page = browser.open(url)
    page.wait_text("The line now")
    page.click("#line a", "More about the line")
    page.wait("location.pathname === '/status.html' && document.documentElement?.dataset.ready !== undefined")
    page.click("footer a", "Back to the counter")
    page.wait("location.pathname === '/' && document.querySelector('#order')")


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, url: str, kitchen: Kitchen) -> None:
    kitchen.surge |= {"level": "shed", "cause": "pinned: " + "x" * 300}
    page = browser.open(f"{url}/status.html", language="fr-CA", size=(320, 640), phone=True)
    page.wait_text("Bien plus de commandes que de fours")
    assert page.run("document.documentElement.scrollWidth") <= 320
