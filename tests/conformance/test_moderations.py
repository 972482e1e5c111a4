"""What real clients see of `/v1/moderations`, in every form of asking that they have: a text, a list, parts."""

from collections.abc import Callable
from typing import Any

import pytest
from openai.types.moderation import Categories

from tests.conformance.conftest import TEXTS, Seen, told

pytestmark = pytest.mark.e2e
NAMES = {field.alias or name for name, field in Categories.model_fields.items()}
"""OpenAI's categories, as its own package names them."""


@pytest.fixture
def asked(seen: dict[str, Seen]) -> Seen:
    """The scene, which no client failed."""
    one = told(seen, "moderations")
    assert "error" not in one.told, one.told["error"]
    return one


@pytest.fixture
def answers(asked: Seen) -> Callable[[str], list[dict[str, Any]]]:
    """The answers to one form of asking; skips where the client has none."""

    def of(form: str) -> list[dict[str, Any]]:
        if form not in asked.told["moderations"]:
            pytest.skip(f"it cannot ask for {form}")
        found: list[dict[str, Any]] = asked.told["moderations"][form]
        return found

    return of


def whole(asked: Seen) -> list[dict[str, Any]]:
    """All answers; skips for a client that gives out no more than whether a text is flagged."""
    found = [answer for form in asked.told["moderations"].values() for answer in form]
    if not any("id" in answer for answer in found):
        pytest.skip("it gives out no answer, only whether a text was flagged")
    return found


def test_each_text_is_judged_in_french_as_in_english(answers: Callable[[str], list[dict[str, Any]]]) -> None:
    flagged = [[one["flagged"] for one in answer["results"]] for answer in answers("text")]
    assert flagged == [[expected] for expected in TEXTS.values()]


def test_a_list_has_a_result_for_each_text(answers: Callable[[str], list[dict[str, Any]]]) -> None:
    (answer,) = answers("list")
    assert [one["flagged"] for one in answer["results"]] == list(TEXTS.values())
    assert answer["model"] == "omni-moderation-latest"


def test_parts_are_one_input_and_say_what_was_looked_at(answers: Callable[[str], list[dict[str, Any]]]) -> None:
    results = [one for answer in answers("parts") for one in answer["results"]]
    assert [one["flagged"] for one in results] == [False, True], "a harmless picture; with a harmful text"
    looked = [one["category_applied_input_types"] for one in results]
    assert [one["sexual"] for one in looked] == [["image"], ["text", "image"]]
    assert [one["harassment"] for one in looked] == [[], ["text"]]


def test_categories_have_openais_names_and_say_why(asked: Seen) -> None:
    for result in (one for answer in whole(asked) for one in answer["results"]):
        categories = result["categories"]
        # LiteLLM makes Python's names of them.
        names = NAMES if "violence/graphic" in categories else {python_name(one) for one in NAMES}
        assert names <= set(categories) and {type(flag) for flag in categories.values()} == {bool}
        assert set(categories) == set(result["category_scores"]) == set(result["category_applied_input_types"])
        assert any(categories.values()) == categories["violence"] == result["flagged"]
        assert result["verdict"]["category"] == "violence" or not result["flagged"], "what is ours survives"


def test_scores_are_probabilities_and_higher_for_harm(asked: Seen) -> None:
    results = [one for answer in whole(asked) for one in answer["results"]]
    assert all(0 <= score <= 1 for one in results for score in one["category_scores"].values())
    harmful = [one["category_scores"]["violence"] for one in results if one["flagged"]]
    harmless = [one["category_scores"]["violence"] for one in results if not one["flagged"]]
    assert min(harmful) > 0.5 > max(harmless)


def test_an_id_is_one_answers_own_and_finds_its_request(asked: Seen) -> None:
    found = whole(asked)
    assert len({answer["id"] for answer in found}) == len(found)
    for answer in found:
        assert answer["id"].startswith("modr-")
        assert answer.get("request_id", answer["id"][5:]) == answer["id"][5:]


def test_asking_is_answered_at_once_and_costs_nothing(asked: Seen) -> None:
    calls = sum(len(form) for form in asked.told["moderations"].values())
    assert asked.attempts == ["/v1/moderations"] * calls
    assert asked.used == asked.held == 0


def python_name(category: str) -> str:
    return category.replace("/", "_").replace("-", "_")
