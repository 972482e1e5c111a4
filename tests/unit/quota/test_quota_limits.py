"""Windows and verdicts."""

import pytest

from services.quota.limits import Verdict, Window, judge, refusal
from services.runtime.errors import Reason

DAY = 86_400
DAILY = Window("daily", 3, DAY)


@pytest.mark.parametrize(
    ("now", "number", "reset"),
    [(0.0, 0, DAY), (DAY - 0.001, 0, DAY), (DAY, 1, 2 * DAY), (20_000.5 * DAY, 20_000, 20_001 * DAY)],
)
def test_a_window_begins_at_midnight_utc(now: float, number: int, reset: float) -> None:
    assert (DAILY.number(now), DAILY.reset(now)) == (number, reset)


def test_an_offset_moves_where_a_window_begins() -> None:
    paris = Window("daily", 3, DAY, offset=3_600)
    assert (paris.number(DAY - 3_600), paris.reset(DAY - 3_600)) == (1, 2 * DAY - 3_600)


def standing(daily: int, live: int = 0, line: int = 0) -> list[Verdict]:
    return [
        Verdict("daily", 3, daily, 0, 1_000.0),
        Verdict("live", 2, 0, live, None),
        Verdict("line", 5, 0, line, None),
    ]


@pytest.mark.parametrize(
    ("limits", "cost", "reason", "retry"),
    [
        (standing(0), 3, None, None),
        (standing(1), 3, Reason.ALLOWANCE_SPENT, 1_000.0),
        (standing(0), 4, Reason.ALLOWANCE_SPENT, None),
        (standing(0, live=2), 1, Reason.TOO_MANY_LIVE_JOBS, None),
        (standing(0, line=5), 1, Reason.LINE_FULL, None),
        (standing(3, live=2, line=5), 1, Reason.ALLOWANCE_SPENT, 1_000.0),
        # A job is one job however many pictures it holds.
        (standing(0, live=1, line=4), 3, None, None),
    ],
)
def test_the_slowest_limit_to_recover_is_named(
    limits: list[Verdict], cost: int, reason: Reason | None, retry: float | None
) -> None:
    refused = refusal(judge(limits, cost), cost)
    if reason is None:
        assert refused is None
    else:
        assert refused is not None
        assert (refused.reason, refused.retry_time) == (reason, retry)


def test_every_limit_that_refuses_is_marked() -> None:
    judged = judge(standing(3, live=2), 1)
    assert [verdict.binding for verdict in judged] == [True, True, False]
