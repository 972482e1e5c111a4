"""The policy file: the bundled one, and what is said of bad ones."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.quota.limits import Window
from services.quota.policy import BUNDLED, load_policy, read_policy
from services.runtime.settings import SettingsError


def test_the_bundled_policy_gives_free_accounts_three_pictures_a_day() -> None:
    policy = load_policy(BUNDLED)
    free, paid = policy.tiers["free"], policy.tiers["paid"]
    assert free.windows == (Window("daily", 3, 86_400),)
    assert paid.windows == (Window("daily", 500, 86_400),)
    assert (free.weight, paid.weight, free.live, paid.live) == (1, 4, 2, 16)
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
        (change("tier.0.window.0.limit", -3), r"limit must be a whole number from 1"),
        (change("default_tier", "gold"), r"default_tier must be one of free, paid"),
        (change("max_attempts", "three"), r"max_attempts must be a whole number"),
        (change("max_cost", 11), r"max_cost must be a whole number from 1 to 10"),
        (change("times.lease", 1), r"times\.lease must be a whole number from 5"),
        (change("times.silence", 1), r"silence must be longer than times\.heartbeat"),
        (change("times.keep_final", 1), r"keep_final must not be shorter"),
        (change("times", 3), r"times must be a table"),
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
