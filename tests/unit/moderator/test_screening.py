"""One screening under policies, a candidate and a negative prompt: with a model that is told what to score."""

import time
from collections.abc import Mapping
from typing import Any, cast

import pytest

from services.moderator.policies import Policies, PolicyState, in_share
from services.moderator.policy import Policy
from services.moderator.rules import Level, RuleBook
from services.moderator.rules_file import parse_rules
from services.moderator.screening import MAX_PROMPT, Caller, Screener
from services.moderator.text import PromptModel, Reading
from services.moderator.verdict import Stage
from services.moderator.wording import sentence
from services.runtime.errors import Fault, Reason, invalid

CALIBRATED = Policy("m", {"violence": 0.5, "sexual": 0.9, "sexual_minors": 0.3}, 0.4, {"sexual": 0.8})
RULES = 'name = "live"\n[level.low]\nshift = {violence = 2.0}\n[tier.strict]\nlimit = {violence = 0.2}\n'
CANDIDATE = 'name = "next"\n[prompt]\nlimit = {violence = 0.3}\n[image]\nlimit = {sexual = 0.5}\n'


class Told:
    """Scores what it is told, and blames the first word."""

    def __init__(self, **scores: float) -> None:
        self.scores: Mapping[str, float] = {"violence": 0.0, "sexual": 0.0, "sexual_minors": 0.0, **scores}

    def read(self, prompt: str) -> Reading:
        return Reading(self.scores, (prompt,), dict.fromkeys(self.scores, 0))

    def driving_words(self, reading: Reading, category: str, limit: int = 5) -> tuple[str, ...]:
        return tuple(reading.windows[0].split()[:1])


class Counted(list[tuple[str, tuple[str, str], str, str]]):
    def note(self, stage: Stage, pair: tuple[str, str], live: str, candidate: str) -> None:
        self.append((stage.value, (pair[0].split("-")[0], pair[1].split("-")[0]), live, candidate))


class Pictures:
    """Scores as it is told, and counts how often it looks."""

    def __init__(self, sexual: float = 0.1) -> None:
        self.sexual, self.looked = sexual, 0

    def scores(self, image: bytes) -> Mapping[str, float]:
        if not image:
            raise invalid("image", "is none")
        self.looked += 1
        return {"sexual": self.sexual}


def read(text: str) -> RuleBook:
    return RuleBook(parse_rules(text, CALIBRATED.prompt, CALIBRATED.image), CALIBRATED, text)


def screener(
    counted: Counted | None = None, share: int | None = None, picture: float = 0.1, **scores: float
) -> Screener:
    policies = Policies(read(RULES), read)
    if share is not None:
        policies.use(PolicyState().tried(CANDIDATE, share))
    model = cast(PromptModel, Told(**scores))
    return Screener(model, Pictures(picture), policies, None, counted, b"key")


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
    assert counted == [("prompt", ("live", "next"), "", "violence")] * 2
    half = screener(counted, 50, violence=0.4)
    version = half.policies.candidate.version if half.policies.candidate else ""
    for n in range(50):
        refused = not half.prompt("knife", "job", f"account-{n}").allowed
        assert refused is in_share(f"account-{n}", version, 50)


def test_pictures_are_counted_apart_and_the_candidate_decides_for_its_share() -> None:
    counted = Counted()
    shadow = screener(counted, 0, picture=0.6)
    verdict = shadow.picture(b"p", "job", "ada")
    assert verdict == screener(None, None, picture=0.6).picture(b"p", "job", "ada"), "a shadow changes nothing"
    assert verdict.allowed and counted == [("image", ("live", "next"), "", "sexual")]
    assert cast(Pictures, shadow.pictures).looked == 1, "both judge one look"
    assert shadow.picture(b"p", "job", "ada", probe=True).allowed and len(counted) == 1
    with pytest.raises(Fault):
        shadow.picture(b"", "job", "ada")
    assert len(counted) == 1, "what cannot be read is not judged"
    half = screener(counted, 50, picture=0.6)
    version = half.policies.candidate.version if half.policies.candidate else ""
    for n in range(50):
        name = f"account-{n}"
        verdict, chosen = half.picture(b"p", "job", name), in_share(name, version, 50)
        assert verdict.allowed is not chosen and verdict.policy_version.startswith("next-" if chosen else "live-")
        assert half.prompt("knife", "job", name).policy_version == verdict.policy_version, "one policy an account"
    assert {one for one in counted if one[0] == "image"} == {("image", ("live", "next"), "", "sexual")}


def test_pictures_follow_what_is_promoted_and_rolled_back() -> None:
    here = screener(Counted(), 0, picture=0.6)
    for move, allowed in (
        (PolicyState.promoted, False),
        (PolicyState.rolled_back, True),
        (lambda state: state.tried(CANDIDATE, 100), False),
        (PolicyState.rolled_back, True),
    ):
        here.policies.use(move(here.policies.state))
        assert here.picture(b"p", "job", "ada").allowed is allowed
    counted = cast(Counted, here.compared)
    assert len(counted) == 1, "there is nothing to compare without a candidate"


def test_other_eyes_are_judged_by_both() -> None:
    counted = Counted()
    flagged = screener(counted, 0, picture=0.6).picture(b"p", "job", "ada", {"violence:remote": 0.2})
    assert flagged.category == "violence", "what an endpoint flags is refused under either"
    assert counted == [("image", ("live", "next"), "violence", "violence")]


def test_a_candidate_costs_a_picture_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second look, no second hash over the picture, and no wait."""
    hashed = []

    def one_hash(*parts: Any, key: bytes) -> str:
        hashed.append(parts)
        return "dec_1"

    monkeypatch.setattr("services.moderator.screening.decision_id", one_hash)
    counted = Counted()
    with_one, without = screener(counted, 0, picture=0.6), screener(picture=0.6)
    times = {}
    for name, here in (("without", without), ("with", with_one)):
        started = time.process_time()
        for _ in range(10_000):
            here.picture(b"p", "job", "ada")
        times[name] = time.process_time() - started
    assert len(hashed) == 20_000 and len(counted) == 10_000
    assert times["with"] - times["without"] < 1.0


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
