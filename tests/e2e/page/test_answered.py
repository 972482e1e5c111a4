"""Appeals through a real mesh: refused in the page, appealed in the page, answered by an operator's command; the
page shows the answer without a reload, and what was granted draws."""

from collections.abc import Iterator

import pytest

from fournil.cli import main
from tests.e2e.conftest import SupervisedMesh
from tests.e2e.page.browser import Browser, Page
from tests.e2e.page.conftest import order

pytestmark = pytest.mark.e2e

PAINTING = "a painting of a woman beheading a general with a sword, blood pouring from his neck"
GRENADE = "a soldier torn apart by a grenade, guts and blood, dead bodies"
HURRY = 10
ANSWER_SECONDS = 60.0
"""The page asks every 30 seconds while an appeal waits; here every three."""


class Operator:
    """`fournil admin` on a mesh."""

    def __init__(self, mesh: SupervisedMesh) -> None:
        self.address = ("admin", "--moderator", mesh.local.taster, "--token", mesh.local.admin_token)
        self.granted: list[str] = []

    def grant(self, appeal: str, notice: str) -> None:
        self.granted.append(appeal)
        assert main([*self.address, "appeals", "grant", appeal, "--reason", "art", "--notice", notice]) == 0

    def deny(self, appeal: str, notice: str) -> None:
        assert main([*self.address, "appeals", "deny", appeal, "--reason", "gore", "--notice", notice]) == 0

    def take_back(self) -> None:
        """Nothing that was granted is let through any more."""
        for appeal in self.granted:
            exemplar = appeal.replace("apl_", "exm_")
            assert main([*self.address, "exemplars", "remove", exemplar, "--reason", "the test is over"]) == 0


@pytest.fixture
def operator(mesh: SupervisedMesh) -> Iterator[Operator]:
    """Leaves the mesh as it was."""
    one = Operator(mesh)
    yield one
    one.take_back()


def appeal(page: Page, card: str, reason: str) -> None:
    """Questions the refusal in a card."""
    page.click(f"{card} .appeal button", "Contester ce refus")
    page.fill(f"{card} .appeal textarea", reason)
    page.click(f"{card} .consent input")
    page.click(f"{card} .appeal button[type=submit]")


def test_the_page_shows_what_an_operator_answers(
    browser: Browser, mesh: SupervisedMesh, operator: Operator
) -> None:
    page = browser.open(mesh.local.page, language="fr-CA", hurry=HURRY)
    key = mesh.new_key("free")
    page.fill("#key-field", key)
    page.click("#key-use")
    page.wait_text("Il reste 3 images sur 3")
    order(page, PAINTING)
    page.click(".notice .close")
    page.wait_text("Refusée pour de la violence")
    page.reload()
    page.wait("document.querySelector('#refused li[data-state=refused] .prompt')")
    assert page.run("document.querySelector('#refused .prompt').textContent") == PAINTING, (
        "the mesh still knows it"
    )
    page.run("window.notReloaded = true")
    appeal(page, "#refused", "C’est un tableau du Caravage.")
    page.wait("document.querySelector('#refused li[data-state=open]')")
    order(page, GRENADE)
    page.wait("document.querySelector('.notice.refusal')")
    appeal(page, ".notice", "")
    page.wait("document.querySelector('.notice .appeal-state.open')")

    with mesh.client(key) as client:
        filed = {one.prompt: one.id for one in client.appeals()}
    operator.grant(filed[PAINTING], "C’est bien un tableau.")
    operator.deny(filed[GRENADE], "Trop de sang.")
    page.wait("document.querySelector('.notice .appeal-state.denied')", ANSWER_SECONDS)
    page.wait("document.querySelector('#refused li[data-state=granted]')", ANSWER_SECONDS)
    for said in ("Trop de sang.", "C’est bien un tableau.", "Une image vous a été offerte pour la peine."):
        page.wait_text(said)

    page.click("#bake")
    page.wait("document.querySelector('.notice.refusal .appeal button')")
    page.click("#refused .actions button", "La commander de nouveau")
    assert page.run("document.getElementById('prompt').value") == PAINTING
    page.run("document.getElementById('details').open = true")
    page.fill("#steps", "6")
    page.click("#bake")
    page.wait("document.querySelector('.job[data-phase=done] .picture.here')", 60)
    page.wait_text("Il reste 3 images sur 4")
    assert page.run("window.notReloaded") and page.complaints == []
