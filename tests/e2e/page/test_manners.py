"""The page's manners: two equal languages, phone width, keyboard, names, contrast, nothing from elsewhere."""

import itertools
import json

import pytest

from tests.e2e.page.browser import Browser
from tests.e2e.page.conftest import CRAB_EN, order, phase, with_key
from tests.e2e.page.mock_kitchen import Kitchen

pytestmark = pytest.mark.e2e


def test_the_language_follows_the_browser_and_is_remembered(browser: Browser, url: str) -> None:
    page = browser.open(url, language="fr-CA")
    assert page.run("document.documentElement.lang") == "fr" and "Que dessine-t-on" in page.text()
    page.click("[data-language=en]")
    page.wait_text("What shall we draw?")
    page.reload()
    page.wait_text("What shall we draw?")
    assert page.run("document.documentElement.lang") == "en"
    assert page.run("document.querySelector('[data-language=en]').getAttribute('aria-pressed')") == "true"
    assert browser.open(url, language="de-DE").run("document.documentElement.lang") == "en"


def test_both_languages_say_the_same_things(browser: Browser, url: str) -> None:
    page = browser.open(url)
    script = """(async () => {
      const { fr } = await import("./fr.js");
      const { en } = await import("./en.js");
      const facts = (text) => [...JSON.stringify(text).matchAll(/\\{(\\w+)\\}/g)].map((found) => found[1]);
      const flat = (all) => Object.entries(all).map(([key, text]) => [key, [...new Set(facts(text))].sort()]);
      return [flat(fr), flat(en)].map(Object.fromEntries);
    })()"""
    french, english = page.run(script)
    assert french == english
    used = page.run("[...document.querySelectorAll('[data-t]')].map((node) => node.dataset.t)")
    assert set(used) <= set(english)


def test_what_people_write_stays_text(browser: Browser, url: str, kitchen: Kitchen) -> None:
    page = with_key(browser.open(url))
    nasty = "<img src=x onerror='document.title=1'><b>crab</b>"
    order(page, nasty)
    phase(page, "done")
    assert page.run("document.querySelector('.job .prompt').textContent") == nasty
    assert page.run("document.querySelectorAll('.prompt *').length") == 0
    assert page.complaints == []


@pytest.mark.parametrize("language", ["fr-CA", "en-CA"])
def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, url: str, kitchen: Kitchen, language: str
) -> None:
    kitchen.ahead, kitchen.hold_new = 40, "queued"
    page = with_key(browser.open(url, language=language, size=(320, 640), phone=True), "paid")
    page.run("document.getElementById('details').open = true")
    order(page, "crabe " * 60)
    phase(page, "queued")
    order(page, "refuse")
    page.wait("document.querySelector('.notice')")
    page.click(".notice .appeal button")
    page.click(".consent input")
    page.click("#checker summary")
    assert page.run("document.documentElement.scrollWidth") <= 320
    page.click(".notice .close")
    page.wait("document.querySelector('#refused .appeal textarea')")
    assert page.run("document.documentElement.scrollWidth") <= 320
    page.click(".appeal button[type=submit]")
    page.wait("document.querySelector('#refused .appeal-state.open')")
    kitchen.ahead, kitchen.hold_new = 0, ""
    order(page, "crabe" * 40)
    page.wait("document.querySelector('.job[data-phase=done] .picture.here')")
    page.click(".job[data-phase=done] .actions button:last-child")
    page.click(".shelf button")
    page.run("document.querySelectorAll('#viewer summary').forEach((one) => one.click())")
    page.wait("document.querySelector('#viewer .worth')")
    page.click("#delete-picture")
    assert page.run("document.documentElement.scrollWidth") <= 320
    for part, edge in (("#viewer", 305), ("#refused", 308)):
        beyond = f"(one) => one.getBoundingClientRect().right > {edge}"
        too_wide = f"[...document.querySelectorAll('{part} *')].filter({beyond})"
        assert page.run(f"{too_wide}.map((one) => one.outerHTML.slice(0, 80))") == []


def test_the_keyboard_is_enough(browser: Browser, url: str) -> None:
    page = browser.open(url)
    page.press("Tab", 9)
    assert page.run("document.activeElement.className") == "skip"
    with_key(page)
    page.run("document.getElementById('prompt').focus()")
    page.call("Input.insertText", text=CRAB_EN)
    page.press("Enter", 13, modifiers=2)
    phase(page, "done")
    page.wait("document.getElementById('announce').textContent === 'Fresh out of the oven'")


def test_every_control_has_a_name(browser: Browser, url: str) -> None:
    page = with_key(browser.open(url))
    page.run("document.getElementById('details').open = true")
    order(page, CRAB_EN)
    page.wait("document.querySelector('.picture.here')")
    page.click("#key-change")
    page.call("Accessibility.enable")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "textbox", "spinbutton", "combobox", "link", "img", "image", "progressbar", "dialog"}
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored") and node.get("role", {}).get("value") in controls
    ]
    assert len(found) > 15 and [one for one in found if not one[1].strip()] == []


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(browser: Browser, url: str, dark: bool) -> None:
    page = browser.open(url, dark=dark)
    names = ["flour", "dough", "shade", "crust", "crumb", "ember", "on-ember", "ember-soft", "leaf", "mark"]
    colours = page.run(
        f"Object.fromEntries({json.dumps(names)}.map((name) =>"
        " [name, getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()]))"
    )
    pairs = [*itertools.product(["crust", "crumb", "ember"], ["flour", "dough", "shade"])]
    pairs += [
        ("on-ember", "ember"),
        ("crust", "ember-soft"),
        ("crust", "mark"),
        ("leaf", "shade"),
        ("leaf", "dough"),
    ]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio of two #rrggbb colours."""
    low, high = sorted(luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of #rrggbb."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_nothing_comes_from_elsewhere(browser: Browser, url: str) -> None:
    page = with_key(browser.open(url))
    loaded = page.run("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(loaded) > 15 and [name for name in loaded if not name.startswith(url)] == []
