"""The policy file: the bundled one, and what is said of bad ones."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.quota.limits import Kind, Unit, Window
from services.quota.policy_file import BUNDLED, load_policy, read_policy
from services.quota.surge import Level
from services.runtime.settings import SettingsError


def test_the_bundled_policy_cuts_free_accounts_to_three_pictures_while_the_ovens_are_full() -> None:
    policy = load_policy(BUNDLED)
    daily = [policy.tier("free", level).windows[0] for level in Level]
    assert [window.limit for window in daily] == [20, 10, 3, 3]
    assert all(window.kind is Kind.DAY for window in daily)
    assert [policy.tier("free", level).wait for level in Level] == [604_800, 604_800, 604_800, 1_800]
    assert {policy.tier("paid", level).windows[0].limit for level in Level} == {500}
    assert policy.weights == {"free": 1, "paid": 4}
    assert (policy.max_attempts, policy.lease, policy.silence) == (3, 30, 3)


def test_an_account_of_a_tier_that_is_gone_is_of_the_default_one() -> None:
    assert load_policy(BUNDLED).tier("gold").name == "free"


def change(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Sets one entry of the parsed file; None removes it."""

    def edit(raw: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        table: Any = raw
        for name in parents:
            table = table[int(name)] if name.isdigit() else table[name]
        if value is None:
            del table[last]
        else:
            table[last] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (change("tier", []), r"tier must be given at least once"),
        (change("tier", "free"), r"tier must be given at least once"),
        (change("tier.0.name", "paid"), r"'paid' is given twice"),
        (change("tier.0.name", "Free tier"), r"tier\[1\]\.name must be"),
        (change("tier.0.weight", 0), r"tier\[1\]\.weight must be a whole number from 1"),
        (change("tier.0.live", True), r"tier\[1\]\.live must be a whole number"),
        (change("tier.0.line", 10**9), r"tier\[1\]\.line must be a whole number"),
        (change("tier.1.wieght", 4), r"tier\[2\]: unknown entry 'wieght'; known are"),
        (change("tier.0.window", None), r"tier\[1\]\.window must be given"),
        (change("tier.0.window.0.period", "1 day"), r"window\[1\]\.period must be like"),
        (change("tier.0.window.0.period", "5s"), r"a minute to 31 days"),
        (change("tier.0.window.0.name", "live"), r"that limit has its own entry"),
        (change("tier.0.window.0.limit", -3), r"limit must be a whole number from 0"),
        (change("default_tier", "gold"), r"default_tier must be one of free, paid"),
        (change("max_attempts", "three"), r"max_attempts must be a whole number"),
        (change("max_cost", 11), r"max_cost must be a whole number from 1 to 10"),
        (change("times.lease", 1), r"times\.lease must be a whole number from 5"),
        (change("times.silence", 1), r"silence must be longer than times\.heartbeat"),
        (change("times.keep_final", 1), r"keep_final must not be shorter"),
        (change("times", 3), r"times must be a table"),
        (change("tier.0.window.0.limit", {"surge": 3}), r"must name the level 'normal' too"),
        (change("tier.0.window.0.limit", {"normal": 3, "panic": 1}), r"unknown entry 'panic'; known are busy"),
        (change("tier.0.window.0.limit", {"normal": "many"}), r"limit\.normal must be a whole number"),
        (change("tier.0.window.0.counts", "apples"), r"counts must be 'pictures' or 'work'"),
        (change("tier.0.window.0.shadow", "yes"), r"shadow must be true or false"),
        (change("tier.0.window.0.period", "2d"), r"calendar is for periods of '1d'"),
        (change("tier.0.burst.0.name", "daily"), r"burst: 'daily' is given twice"),
        (change("tier.0.burst.0.name", "wait"), r"that limit has its own entry"),
        (change("tier.0.burst.0.limit", 0), r"limit must be a whole number from 1"),
        (change("tier.0.rolling", [{"name": "r", "limit": 1, "period": "61s"}]), r"whole multiple of 12 seconds"),
        (change("tier.0.overcommit", 101), r"overcommit must be a whole number from 0 to 100"),
        (change("tier.0.wait", 0), r"wait must be a whole number from 1"),
        (change("zone", "Mars/Olympus"), r"zone must be a time zone such as"),
        (change("zone", "../etc/passwd"), r"zone must be a time zone such as"),
        (change("surge.busy", 90), r"busy, surge and shed must rise"),
        (change("surge.fall", -1), r"surge\.fall must be a whole number"),
    ],
)
def test_a_bad_entry_is_named(edit: Callable[[dict[str, Any]], None], says: str) -> None:
    raw = tomllib.loads(BUNDLED.read_text(encoding="utf-8"))
    edit(raw)
    with pytest.raises(SettingsError, match=says):
        read_policy(raw)


def test_a_file_that_is_no_toml_or_is_not_there_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "mine.toml"
    bad.write_text("tier = [")
    with pytest.raises(SettingsError, match=r"policy mine\.toml"):
        load_policy(bad)
    with pytest.raises(SettingsError, match=r"policy none\.toml"):
        load_policy(tmp_path / "none.toml")


def test_every_kind_of_limit_can_be_asked_for() -> None:
    raw = tomllib.loads(BUNDLED.read_text(encoding="utf-8"))
    raw["tier"][0] |= {
        "wait": {"normal": 600, "surge": 60},
        "rolling": [{"name": "hours", "limit": 9_000, "period": "3h", "counts": "work", "shadow": True}],
    }
    policy = read_policy(raw)
    assert [policy.tier("free", level).wait for level in Level] == [600, 600, 60, 60]
    hours = next(window for window in policy.tier("free").windows if window.name == "hours")
    assert hours == Window("hours", 9_000, 10_800, Kind.ROLLING, Unit.WORK, shadow=True)
