"""One screening under policies, a candidate and a negative prompt: with a model that is told what to score."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from services.moderator.policies import Policies, PolicyState, in_share
from services.moderator.policy import Policy
from services.moderator.rules import Level, RuleBook
from services.moderator.rules_file import parse_rules
from services.moderator.screening import MAX_PROMPT, Caller, Screener
from services.moderator.text import PromptModel, Reading
from services.moderator.wording import sentence
from services.runtime.errors import Fault, Reason

CALIBRATED = Policy("m", {"violence": 0.5, "sexual": 0.9, "sexual_minors": 0.3}, 0.4, {"sexual": 0.8})
RULES = 'name = "live"\n[level.low]\nshift = {violence = 2.0}\n[tier.strict]\nlimit = {violence = 0.2}\n'
CANDIDATE = 'name = "next"\n[prompt]\nlimit = {violence = 0.3}\n'


class Told:
    """Scores what it is told, and blames the first word."""

    def __init__(self, **scores: float) -> None:
        self.scores: Mapping[str, float] = {"violence": 0.0, "sexual": 0.0, "sexual_minors": 0.0, **scores}

    def read(self, prompt: str) -> Reading:
        return Reading(self.scores, (prompt,), dict.fromkeys(self.scores, 0))

    def driving_words(self, reading: Reading, category: str, limit: int = 5) -> tuple[str, ...]:
        return tuple(reading.windows[0].split()[:1])


class Counted(list[tuple[tuple[str, str], str, str]]):
    def note(self, pair: tuple[str, str], live: str, candidate: str) -> None:
        self.append(((pair[0].split("-")[0], pair[1].split("-")[0]), live, candidate))


class Pictures:
    def scores(self, image: bytes) -> Mapping[str, float]:
        return {"sexual": 0.1}


def read(text: str) -> RuleBook:
    return RuleBook(parse_rules(text, CALIBRATED.prompt, ()), CALIBRATED, text)


def screener(counted: Counted | None = None, share: int | None = None, **scores: float) -> Screener:
    policies = Policies(read(RULES), read)
    if share is not None:
        policies.use(PolicyState().tried(CANDIDATE, share))
    model = cast(PromptModel, Told(**scores))
    return Screener(model, Pictures(), policies, None, counted, b"key")


def test_level_and_tier_decide_by_what_is_refused() -> None:
    at = screener(violence=0.6).prompt
    refused = at("knife", "job", Caller("ada"))
    assert (refused.allowed, refused.category, refused.words, refused.appealable) == (
        False,
        "violence",
        ("knife",),
        True,
    )
    assert at("knife", "job", Caller("ada", level=Level.LOW)).allowed
    assert not screener(violence=0.3).prompt("knife", "job", Caller("ada", "strict")).allowed
    assert screener(violence=0.3).prompt("knife", "job", "ada").allowed


def test_an_id_is_the_same_for_the_same_and_nobody_makes_it_without_the_key() -> None:
    one, other = screener(violence=0.6), screener(violence=0.6)
    assert one.prompt("knife", "job", "ada") == other.prompt("knife", "job", "ada")
    keyless = Screener(one.prompts, Pictures(), one.policies)
    assert keyless.prompt("knife", "job", "ada").decision_id != one.prompt("knife", "job", "ada").decision_id


def test_a_candidate_is_counted_live_first_whoever_decides() -> None:
    counted = Counted()
    shadow = screener(counted, 0, violence=0.4)
    assert shadow.prompt("knife", "job", "ada").allowed
    assert shadow.prompt("knife", "job", "ada", probe=True).allowed, "a question alone is not counted"
    canary = screener(counted, 100, violence=0.4)
    verdict = canary.prompt("knife", "job", "ada")
    assert not verdict.allowed and verdict.policy_version.startswith("next-")
    assert counted == [(("live", "next"), "", "violence")] * 2
    half = screener(counted, 50, violence=0.4)
    version = half.policies.candidate.version if half.policies.candidate else ""
    for n in range(50):
        refused = not half.prompt("knife", "job", f"account-{n}").allowed
        assert refused is in_share(f"account-{n}", version, 50)


@pytest.mark.parametrize(
    ("negative", "scores", "category"),
    [
        ("nude, gore", {"sexual": 0.5}, ""),
        ("clothes", {"sexual": 0.2}, ""),
        ("clothes", {"sexual": 0.35}, "sexual"),
        ("adults", {"sexual": 0.35}, ""),
        ("adults", {"sexual": 0.45}, "sexual_minors"),
        ("adults, clothes", {"sexual": 0.45}, "sexual_minors"),
    ],
)
def test_what_a_negative_prompt_orders(negative: str, scores: dict[str, float], category: str) -> None:
    verdict = screener(**scores).prompt("a woman", "job", "ada", negative)
    assert verdict.category == category and verdict.appealable is (category == "sexual")


def test_longer_texts_than_allowed_are_named() -> None:
    for fields, name in (
        (("x" * (MAX_PROMPT + 1), ""), "prompt"),
        (("x", "y" * (MAX_PROMPT + 1)), "negative_prompt"),
    ):
        with pytest.raises(Fault) as caught:
            screener().prompt(fields[0], "job", "ada", fields[1])
        assert (caught.value.reason, caught.value.metadata["field"]) == (Reason.INVALID_ARGUMENT, name)


def test_other_eyes_scores_count_for_pictures() -> None:
    here = screener()
    assert here.picture(b"p", "job", "ada").allowed
    flagged = here.picture(b"p", "job", "ada", {"violence:remote": 0.2})
    assert (flagged.allowed, flagged.category, flagged.score) == (False, "violence", 0.2)


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "en",
            (
                "This prompt was refused: violence.",
                "What decided: “knife”.",
                "file an appeal against decision dec_",
            ),
        ),
        (
            "fr",
            (
                "Cette invite a été refusée : violence.",
                "Ce qui a décidé : « knife ».",
                "contestez la décision dec_",
            ),
        ),
    ],
)
def test_a_verdict_is_a_sentence_in_both_languages(language: str, parts: tuple[str, ...]) -> None:
    verdict: Any = screener(violence=0.6).prompt("knife", "job", "ada")
    text = sentence(verdict, language)
    assert all(part in text for part in parts)
    assert parts[2] not in sentence(verdict, language, probe=True)
    final = screener(sexual_minors=0.9, sexual=0.9).prompt("a child", "job", "ada")
    assert ("cannot be appealed" if language == "en" else "ne peut pas être contesté") in sentence(final, language)
    assert sentence(screener().prompt("a crab", "job", "ada"), language)
