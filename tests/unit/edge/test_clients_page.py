"""The table of clients says what was seen, refusals and attempts included."""

import pytest

from tests.conformance.report import MARK, PAGE, SCENES, cell

TWICE = ["/v1/images/generations"] * 2


@pytest.mark.parametrize(
    ("told", "attempts", "used", "says"),
    [
        ({"lacks": "streaming"}, [], 0, "–"),
        ({"pictures": ["x"]}, TWICE[:1], 1, "1 attempt, 1 charged"),
        ({"pictures": ["x"]}, TWICE, 1, "2 attempts, 1 charged"),
        ({"events": ["a", "b"], "pictures": ["x"]}, TWICE[:1], 1, "2 events, 1 attempt, 1 charged"),
        ({"error": {"class": "Bad", "code": "blocked"}}, TWICE[:1], 0, "Bad `blocked`, 1 attempt"),
        ({"error": {"class": "Bad", "code": None}}, TWICE[:1], 0, "Bad, 1 attempt"),
        ({"models": ["a"], "retrieved": "a"}, ["/v1/models"], 0, "1 listed, retrieved"),
    ],
)
def test_a_cell(told: dict[str, object], attempts: list[str], used: int, says: str) -> None:
    assert cell({"told": told, "attempts": attempts, "used": used}) == says


def test_the_page_has_its_place_for_the_table_and_every_scene_in_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(MARK) == 1
    assert all(name in page.split(MARK)[1] for name in SCENES.values())
