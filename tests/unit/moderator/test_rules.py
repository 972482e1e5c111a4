"""One file of rules: what follows for whom, and what is told of a file that is wrong."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.moderator.policies import POLICY_ERRORS
from services.moderator.policy import Policy
from services.moderator.rules import Level, Prompts, RuleBook, Rules, shifted
from services.moderator.rules_file import BUNDLED, load_rules, parse_rules
from services.runtime.policy_reload import PolicyReload
from services.runtime.settings import SettingsError

CALIBRATED = Policy(
    version="2026.1",
    prompt={"sexual": 0.9, "sexual_minors": 0.3, "violence": 0.5, "ip": 0.4},
    minors_sexual=0.4,
    image={"sexual": 0.85, "suggestive": 0.97},
)
SCORED = {*CALIBRATED.prompt, "public_figure"}


def book(text: str) -> RuleBook:
    return RuleBook(parse_rules(text, SCORED, CALIBRATED.image), CALIBRATED, text)


def test_without_rules_the_calibrated_thresholds_stand() -> None:
    policy = book('name = "bare"').policy()
    assert (policy.prompt, policy.image) == (CALIBRATED.prompt, CALIBRATED.image)
    assert policy.minors_sexual == 0.4 and policy.never_appealable == {"sexual_minors"}


def test_the_bundled_file_is_right_and_lax_only_where_it_says() -> None:
    rules, text = load_rules(BUNDLED, SCORED | {"shocking", "harassment"}, CALIBRATED.image)
    bundled = RuleBook(rules, CALIBRATED, text)
    auto, low = bundled.policy(), bundled.policy(level=Level.LOW)
    assert auto.prompt == CALIBRATED.prompt
    assert low.prompt["violence"] > auto.prompt["violence"] and low.prompt["ip"] > auto.prompt["ip"]
    assert low.prompt["sexual"] == auto.prompt["sexual"]
    assert low.prompt["sexual_minors"] == auto.prompt["sexual_minors"]
    assert rules.keeping.audit_prompts is Prompts.REDACTED


def test_everybody_then_level_then_tier_then_account() -> None:
    rules = book("""
        name = "house"
        [prompt]
        limit = {violence = 0.6, public_figure = 0.7}
        off = ["ip"]
        [level.low]
        shift = {violence = 1.0}
        [tier.paid]
        shift = {violence = 0.5}
        [account.ada]
        limit = {violence = 0.9}
    """)
    assert rules.policy().prompt == {"sexual": 0.9, "sexual_minors": 0.3, "violence": 0.6, "public_figure": 0.7}
    low = rules.policy("free", Level.LOW).prompt["violence"]
    assert low == pytest.approx(shifted(0.6, 1.0))
    assert rules.policy("paid", Level.LOW).prompt["violence"] == pytest.approx(shifted(0.6, 1.5))
    assert rules.policy("paid", Level.LOW, "ada").prompt["violence"] == 0.9
    assert rules.policy("paid", Level.LOW, "bob") is rules.policy("paid", Level.LOW, "zoe")


def test_what_is_never_appealable_is_not_made_laxer_for_anybody() -> None:
    rules = book("""
        name = "lax"
        [level.low]
        shift = {"*" = 5.0}
        [tier.paid]
        off = ["sexual_minors"]
        [account.ada]
        limit = {sexual_minors = 0.99}
    """)
    for who in (("", Level.LOW, ""), ("paid", Level.AUTO, ""), ("paid", Level.LOW, "ada")):
        assert rules.policy(*who).prompt["sexual_minors"] == 0.3
    assert rules.policy("paid", Level.LOW, "ada").prompt["sexual"] > 0.99
    assert (
        book('name = "x"\n[tier.paid]\nshift = {sexual_minors = -1.0}').policy("paid").prompt["sexual_minors"]
        < 0.3
    ), "stricter it may be"


def test_a_version_is_a_hash_of_rules_and_thresholds() -> None:
    one, same = book('name = "a"'), book("# a comment\nname = 'a'")
    assert one.version == same.version and one.version.startswith("a-")
    assert book('name = "a"\n[prompt]\noff = ["ip"]').version != one.version
    other = Policy("2026.2", {**CALIBRATED.prompt, "violence": 0.51}, 0.4, CALIBRATED.image)
    assert RuleBook(Rules("a"), other).version != one.version


@given(st.floats(0.001, 0.999), st.floats(-5, 5))
def test_a_shift_is_in_log_odds(probability: float, shift: float) -> None:
    moved = shifted(probability, shift)
    assert math.log(moved / (1 - moved)) == pytest.approx(math.log(probability / (1 - probability)) + shift)
    assert shifted(moved, -shift) == pytest.approx(probability)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "name"),
        ('name = "Fournil!"', "name"),
        ('name = "x"\nthreshold = 1', "no entry 'threshold'"),
        ('name = "x"\n[prompt]\nshift = {violense = 1.0}', "'violense'"),
        ('name = "x"\n[prompt]\nlimit = {violence = 0}', "prompt.limit.violence"),
        ('name = "x"\n[prompt]\nlimit = {violence = 1.2}', "prompt.limit.violence"),
        ('name = "x"\n[prompt]\nlimit = {"*" = 0.5}', "'*'"),
        ('name = "x"\n[prompt]\nshift = {violence = "more"}', "prompt.shift.violence"),
        ('name = "x"\n[prompt]\nshift = {violence = nan}', "prompt.shift.violence"),
        ('name = "x"\n[level.high]\nshift = {violence = 1.0}', "level.high"),
        ('name = "x"\n[tier."no tier"]', "tier"),
        ('name = "x"\n[appeals]\nnever = []', "appeals.never"),
        ('name = "x"\n[appeals]\nnever = ["sexual_minors", "wine"]', "appeals.never"),
        ('name = "x"\n[appeals]\nopen_per_account = -1', "appeals.open_per_account"),
        ('name = "x"\n[exemplars]\nlikeness = 0.2', "exemplars.likeness"),
        ('name = "x"\n[exemplars]\nmost_allows = 9000', "exemplars.most_allows"),
        ('name = "x"\n[keeping]\naudit_prompts = "all"', "keeping.audit_prompts"),
        ('name = "x"\n[keeping]\naudit_days = true', "keeping.audit_days"),
        ('name = "x"\n[negative]\nscreen = 1', "negative.screen"),
        ('name = "x"\nprompt = 3', "prompt"),
        ("name = ", "Invalid value"),
    ],
)
def test_a_wrong_entry_is_named(text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named.replace("*", r"\*")):
        parse_rules(text, SCORED, CALIBRATED.image)


def test_a_file_is_read_anew_and_a_wrong_one_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('name = "first"')
    taken: list[RuleBook] = []

    def load(file: Path) -> RuleBook:
        rules, text = load_rules(file, SCORED, CALIBRATED.image)
        return RuleBook(rules, CALIBRATED, text)

    reload = PolicyReload(path, load, taken.append, POLICY_ERRORS)
    assert not reload.look()
    path.write_text('name = "second"')
    assert reload.look() and not reload.look()
    path.write_text('name = "third"\n[prompt]\noff = ["wine"]')
    assert not reload.look()
    path.unlink()
    assert not reload.look()
    path.write_text('name = "fourth"')
    assert reload.look()
    assert [one.rules.name for one in taken] == ["second", "fourth"]
