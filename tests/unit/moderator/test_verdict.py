"""The policy decides, always the same way."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.moderator.policy import Policy, mentions_minor
from services.moderator.verdict import Stage, Verdict, decision_id, judge_image, judge_prompt

POLICY = Policy(
    version="test",
    prompt={"sexual": 0.8, "sexual_minors": 0.5, "violence": 0.4},
    minors_sexual=0.1,
    image={"sexual": 0.7, "suggestive": 0.95},
)
SCORES = st.fixed_dictionaries({c: st.floats(0, 1) for c in ("sexual", "sexual_minors", "violence", "ip")})


def prompt(scores: dict[str, float], *, minors: bool = False) -> Verdict:
    return judge_prompt(scores, speaks_of_minors=minors, policy=POLICY, decision_id="dec_x")


def test_below_every_threshold_is_allowed_with_the_highest_score() -> None:
    verdict = prompt({"sexual": 0.79, "violence": 0.39, "ip": 0.99})
    assert verdict.allowed
    assert (verdict.category, verdict.score) == ("", 0.99)


def test_the_category_furthest_beyond_its_threshold_is_named() -> None:
    verdict = prompt({"sexual": 0.85, "violence": 0.8})
    assert not verdict.allowed
    assert (verdict.category, verdict.score) == ("violence", 0.8)
    assert prompt({"sexual": 0.99, "violence": 0.6}).category == "sexual"


def test_sexual_with_minors_is_refused_far_below_the_adult_threshold() -> None:
    assert prompt({"sexual": 0.12}).allowed
    verdict = prompt({"sexual": 0.12, "violence": 0.9}, minors=True)
    assert (verdict.category, verdict.score) == ("sexual_minors", 0.12)


def test_minors_score_goes_before_a_stronger_category() -> None:
    assert prompt({"sexual_minors": 0.5, "violence": 1.0}, minors=True).category == "sexual_minors"


def test_minors_score_without_a_minor_is_called_sexual() -> None:
    verdict = prompt({"sexual_minors": 0.6, "sexual": 0.3, "violence": 1.0})
    assert (verdict.category, verdict.score) == ("sexual", 0.6)


def test_harmless_prompts_about_children_are_allowed() -> None:
    assert prompt({"sexual": 0.05}, minors=True).allowed


@given(SCORES, st.booleans())
def test_refused_exactly_when_a_rule_says_so(scores: dict[str, float], minors: bool) -> None:
    beyond = any(scores[name] >= limit for name, limit in POLICY.prompt.items())
    by_rule = minors and scores["sexual"] >= POLICY.minors_sexual
    verdict = prompt(scores, minors=minors)
    assert verdict.allowed == (not beyond and not by_rule)
    assert verdict.allowed == (verdict.category == "")
    assert verdict == prompt(scores, minors=minors)


@pytest.mark.parametrize(
    ("scores", "allowed"),
    [
        ({"sexual": 0.69, "suggestive": 0.94}, True),
        ({"sexual": 0.71, "suggestive": 0.0}, False),
        ({"sexual": 0.0, "suggestive": 0.96}, False),
    ],
)
def test_pictures(scores: dict[str, float], allowed: bool) -> None:
    verdict = judge_image(scores, policy=POLICY, decision_id="dec_x")
    assert verdict.allowed is allowed
    assert verdict.category == ("" if allowed else "sexual")
    assert verdict.score == max(scores.values())


def test_at_most_five_words() -> None:
    verdict = prompt({"violence": 0.9}).because_of(tuple("abcdefg"))
    assert verdict.words == tuple("abcde")


@given(st.binary(), st.text(), st.text())
def test_decision_ids_are_stable_and_well_formed(content: bytes, job: str, account: str) -> None:
    first = decision_id(Stage.PROMPT, job, account, "v", content)
    assert first == decision_id(Stage.PROMPT, job, account, "v", content)
    assert first.startswith("dec_")
    assert len(first) == 30
    others = {
        decision_id(Stage.IMAGE, job, account, "v", content),
        decision_id(Stage.PROMPT, job, account, "w", content),
        decision_id(Stage.PROMPT, job + "x", account, "v", content),
        decision_id(Stage.PROMPT, job, account + "x", "v", content),
        decision_id(Stage.PROMPT, job, account, "v", content + b"x"),
    }
    assert len(others) == 5
    assert first not in others


@pytest.mark.parametrize(
    "text",
    ["a child on a swing", "une fillette et son chat", "un garcon de 12 ans", "a 9-year old boy", "des ados"],
)
def test_speaks_of_minors(text: str) -> None:
    assert mentions_minor(text)


@pytest.mark.parametrize(
    "text", ["a crab beside a boat", "une femme de 30 ans", "a 45 year old man", "adobe house"]
)
def test_speaks_of_adults_or_nobody(text: str) -> None:
    assert not mentions_minor(text)


def test_a_policy_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    good = {"version": "1", "prompt": {"violence": 0.5}, "minors_sexual": 0.1, "image": {"sexual": 0.8}}
    path.write_text(json.dumps(good))
    assert Policy.load(path).prompt == {"violence": 0.5}
    path.write_text(json.dumps({**good, "minors_sexual": 0}))
    with pytest.raises(ValueError, match="minors_sexual"):
        Policy.load(path)
    del good["image"]
    path.write_text(json.dumps(good))
    with pytest.raises(ValueError, match="image"):
        Policy.load(path)
