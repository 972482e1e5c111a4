"""A Chromium, a mock edge to drive it against, and the few moves that every test of the page makes."""

from collections.abc import Iterator

import pytest

from tests.e2e.page.browser import CHROMIUM, Browser, Page
from tests.e2e.page.mock_edge import served
from tests.e2e.page.mock_kitchen import Kitchen, MockJob


@pytest.fixture(scope="session")
def browser_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for the whole run."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    started = Browser(tmp_path_factory.mktemp("chromium"))
    yield started
    started.close()


@pytest.fixture
def browser(browser_process: Browser) -> Iterator[Browser]:
    """The browser; its tabs are closed after the test."""
    yield browser_process
    browser_process.close_pages()


@pytest.fixture
def kitchen() -> Kitchen:
    """The state of the mock edge."""
    return Kitchen(pace=0.02)


@pytest.fixture
def url(kitchen: Kitchen, browser_process: Browser) -> Iterator[str]:
    """Where the mock edge serves the page."""
    with served(kitchen) as address:
        yield address
        browser_process.close_pages()


CRAB_FR, CRAB_EN = "un crabe à côté d’une barque", "a crab next to a boat on a beach"


def with_key(page: Page, tier: str = "free") -> Page:
    """Takes a demo key and waits until the page knows what it is worth."""
    page.wait("document.querySelectorAll('.demos .chip').length === 2")
    page.run(f"document.querySelectorAll('.demos .chip')[{0 if tier == 'free' else 1}].click()")
    page.wait("document.querySelector('#allowance strong')")
    return page


def order(page: Page, prompt: str) -> None:
    """Types a prompt and sends it."""
    page.fill("#prompt", prompt)
    page.click("#bake")


def the_job(kitchen: Kitchen) -> MockJob:
    """The only job."""
    (job,) = kitchen.jobs.values()
    return job


def phase(page: Page, wanted: str) -> None:
    """Waits until a card is in a phase."""
    page.wait(f"document.querySelector('.job[data-phase={wanted}]')")
