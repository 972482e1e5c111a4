"""Negative prompts: what people do not want to see passes, what orders by leading away is heard."""

import pytest

from services.moderator.led_away import LedAway, led_away
from services.moderator.policy import Policy
from services.moderator.verdict import judge_prompt

POLICY = Policy("v", {"sexual": 0.9, "sexual_minors": 0.3}, 0.4, {}, led_away_sexual=0.3)


@pytest.mark.parametrize(
    "negative",
    ["", "nude, nsfw, gore, blood", "ugly, old, blurry, extra fingers, watermark", "flou, laid, nu, sang, texte"],
)
def test_what_is_not_wanted_may_be_named(negative: str) -> None:
    assert led_away(negative) == LedAway()


@pytest.mark.parametrize("negative", ["clothes, shirt", "C L O T H I N G", "vêtements, maillot", "fully clothed"])
def test_away_from_clothes(negative: str) -> None:
    assert led_away(negative).clothes


@pytest.mark.parametrize("negative", ["adult, mature", "old woman", "adulte, âgée", "grown-up"])
def test_away_from_adults(negative: str) -> None:
    assert led_away(negative).adults


def test_it_counts_only_where_the_prompt_leans_that_way() -> None:
    for score, allowed in ((0.2, True), (0.35, False)):
        verdict = judge_prompt(
            {"sexual": score}, speaks_of_minors=False, policy=POLICY, decision_id="d", led_away_from_clothes=True
        )
        assert verdict.allowed is allowed
    assert judge_prompt({"sexual": 0.35}, speaks_of_minors=False, policy=POLICY, decision_id="d").allowed
