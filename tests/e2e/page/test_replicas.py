"""The page across two edges of one mesh: a reload in mid-job, the other replica's page, a replica that is lost."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import SupervisedMesh
from tests.e2e.page.browser import Browser, Page
from tests.e2e.page.conftest import CRAB_EN
from tests.e2e.page.switchboard import Switchboard

pytestmark = pytest.mark.e2e

PREVIEW = "document.querySelector('.job[data-phase=running] .preview:not([hidden])')?.naturalWidth > 0"
PICTURE = "document.querySelector('.job[data-phase=done] .picture.here')?.naturalWidth > 0"
NOTE_STEPS = """
    window.steps = [];
    new MutationObserver(() => window.steps.push(Number(document.querySelector("progress.steps")?.value ?? 0)))
      .observe(document.getElementById("jobs"), { subtree: true, childList: true, attributes: true });
"""
STEP = "Number(document.querySelector('progress.steps')?.value ?? 0)"


@pytest.fixture(scope="module")
def second_port(mesh: SupervisedMesh) -> Iterator[int]:
    """Where a second edge of the same mesh serves the page."""
    with mesh.second_edge() as page:
        yield int(page.rpartition(":")[2])


def entered(page: Page, key: str) -> Page:
    """The page with a key."""
    page.fill("#key-field", key)
    page.click("#key-use")
    page.wait("document.querySelector('#allowance strong')")
    return page


def order_long(page: Page) -> None:
    """An order that takes a while: two pictures of a hundred steps."""
    page.run("document.getElementById('details').open = true")
    page.fill("#steps", "100")
    page.fill("#count", "2")
    page.fill("#prompt", CRAB_EN)
    page.click("#bake")


def test_a_job_is_followed_through_a_reload_and_on_the_other_replica(
    browser: Browser, mesh: SupervisedMesh, second_port: int
) -> None:
    key = mesh.new_key("paid")
    page = entered(browser.open(mesh.local.page), key)
    order_long(page)
    page.wait(PREVIEW, 60)
    page.reload()
    page.wait(PREVIEW, 60)

    other = entered(browser.open(f"http://127.0.0.1:{second_port}"), key)
    other.wait(PREVIEW, 60)
    seen = other.run(STEP)
    other.wait(f"{STEP} > {seen}", 60)
    for one in (other, page):
        one.wait("document.querySelectorAll('.job[data-phase=done] .picture.here').length === 2", 120)
        one.wait_text("2 pictures charged")
        assert one.run("document.querySelectorAll('.job').length") == 1 and one.complaints == []
    assert other.run("document.querySelector('.picture').src").startswith(
        f"http://127.0.0.1:{second_port}/v1/jobs/"
    )


def test_when_a_replica_is_lost_the_other_goes_on_where_it_was(
    browser: Browser, mesh: SupervisedMesh, second_port: int
) -> None:
    board = Switchboard(mesh.local.ports.edge_http)
    try:
        page = entered(browser.open(board.address), mesh.new_key("paid"))
        page.run(NOTE_STEPS)
        order_long(page)
        page.wait(PREVIEW, 60)
        board.switch(second_port)
        page.wait("document.querySelectorAll('.job[data-phase=done] .picture.here').length === 2", 120)
        (after, *_) = board.resumed_after(second_port)
        assert after.partition("-")[0].isdecimal(), "it went on after the last event that it had seen"
        steps = page.run("window.steps")
        assert steps == sorted(steps) and steps[-1] == 200, "no step was told twice"
        assert page.complaints == []
    finally:
        board.close()
