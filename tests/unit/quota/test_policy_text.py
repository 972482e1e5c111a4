"""What the scripts are told of the policy: made once, right on every day and in every time zone."""

import json

from services.quota.policy_text import PolicyText
from services.quota.surge import Level
from tests.contract.quota_stores import DAY, NOON, POLICY

EVENING = NOON + 0.45 * DAY
"""22:48 in Greenwich, 17:48 in Montreal: NOON is a noon of UTC."""


def gold(text: PolicyText, zone: str, now: float) -> dict[str, object]:
    args = text.args(Level.NORMAL, zone, now)
    tier = json.loads(str(args[args.index("gold") + 1]))
    return next(window for window in tier["windows"] if window["name"] == "day")


def test_each_tier_has_its_name_and_its_text() -> None:
    text = PolicyText(POLICY)
    args = text.args(Level.NORMAL, "", NOON)
    assert args[::2] == list(POLICY.tiers)
    free, paid = (json.loads(str(args[at])) for at in (1, 3))
    assert (free["live"], free["line"], free["wait"]) == (2, 5, 20_000)
    assert "wait" not in paid
    assert [window["period"] for window in paid["windows"]] == [3_600_000, 86_400_000]


def test_a_text_is_kept_for_its_day_and_made_again_for_the_next() -> None:
    text = PolicyText(POLICY)
    today = text.args(Level.NORMAL, "UTC", NOON)
    assert all(one is other for one, other in zip(today, text.args(Level.NORMAL, "UTC", EVENING), strict=True))
    first = gold(text, "UTC", NOON)["first"]
    assert gold(text, "UTC", NOON + DAY)["first"] == int(str(first)) + 1
    assert gold(text, "UTC", NOON)["first"] == first, "also when a clock goes back"


def test_days_are_those_of_the_account() -> None:
    text = PolicyText(POLICY)
    late = NOON + 0.6 * DAY
    """02:24 of the next day in Greenwich, still the evening before in Montreal, the policy's own zone."""
    here, there = gold(text, "", late), gold(text, "UTC", late)
    assert int(str(there["first"])) - int(str(here["first"])) == 1
    cuts = here["cuts"]
    assert isinstance(cuts, list)
    assert cuts[1] <= late * 1000 < cuts[2]
