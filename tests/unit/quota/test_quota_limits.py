"""Windows, bursts and verdicts; the stores' contract suite looks at them in use."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quota.limits import PARTS, Kind, Unit, Verdict, Window, burst, days, refusal, rolling_reset
from services.runtime.errors import Reason

DAY = 86_400
DAILY = Window("daily", 3, DAY)
ROLLING = Window("rolling", 10, 3_600, Kind.ROLLING)
ZONES = ("UTC", "America/Montreal", "Europe/Paris", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("now", "number", "reset"),
    [(0.0, 0, DAY), (DAY - 0.001, 0, DAY), (DAY, 1, 2 * DAY), (20_000.5 * DAY, 20_000, 20_001 * DAY)],
)
def test_a_fixed_window_begins_at_whole_multiples(now: float, number: int, reset: float) -> None:
    assert (DAILY.number(now, "UTC"), DAILY.reset(now, "UTC")) == (number, reset)


@given(now=st.integers(0, 4_000_000_000), zone=st.sampled_from(ZONES))
def test_a_day_is_where_the_calendar_says(now: int, zone: str) -> None:
    around = days(now, zone)
    assert around.starts[1] <= now < around.starts[2]
    assert list(around.starts) == sorted(around.starts)
    today = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)).date()
    assert around.first + 1 == today.toordinal() == Window("d", 1, DAY, Kind.DAY).number(now, zone)


@given(
    asks=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 5)), min_size=1, max_size=60),
    start=st.integers(0, 10_000_000),
)
def test_no_stretch_of_a_rolling_window_holds_more_than_its_limit(asks: list[tuple[int, int]], start: int) -> None:
    now, granted, counters = start, [], {}
    for gap, amount in asks:
        now += gap
        last = ROLLING.number(now, "UTC")
        held = {n: counters.get(n, 0) for n in range(last - PARTS, last + 1)}
        if sum(held.values()) + amount <= ROLLING.limit:
            counters[last] = counters.get(last, 0) + amount
            granted.append((now, amount))
            continue
        room = rolling_reset(list(held.items()), sum(held.values()) + amount - ROLLING.limit, ROLLING.width)
        assert room is not None and room > now
        later = ROLLING.number(room, "UTC")
        kept = sum(counters.get(n, 0) for n in range(later - PARTS, later + 1))
        assert kept + amount <= ROLLING.limit, "there is room when it was said to be"
    for begun, _ in granted:
        within = sum(amount for at, amount in granted if begun <= at < begun + ROLLING.period)
        assert within <= ROLLING.limit


@given(gaps=st.lists(st.integers(0, 40_000), min_size=1, max_size=80), limit=st.integers(1, 9))
def test_a_burst_never_lets_more_through_than_it_says(gaps: list[int], limit: int) -> None:
    window = Window("asks", limit, 60, Kind.BURST, Unit.JOBS)
    now, last, granted = 1_700_000_000_000, 0, []
    for gap in gaps:
        now += gap
        used, room, after = burst(window, last, now)
        assert (room is None) == (used < limit)
        if used < limit:
            last = after
            granted.append(now)
        else:
            assert room is not None
            assert burst(window, last, round(room * 1000) + 1)[0] < limit, "there is room when it was said to be"
            assert burst(window, last, round(room * 1000) - 1)[0] >= limit, "and not before"
    interval = 60_000 // limit
    for index, begun in enumerate(granted):
        for more, at in enumerate(granted[index:], 1):
            assert more <= limit + (at - begun) / interval + 1e-9


def standing(daily: int, live: int = 0, line: int = 0) -> list[Verdict]:
    return [
        Verdict("daily", 3, daily, 0, 1_000.0),
        Verdict("live", 2, 0, live, None, unit=Unit.JOBS),
        Verdict("line", 5, 0, line, None, unit=Unit.JOBS),
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
        ([Verdict("asks", 2, 2, 0, 9.0, unit=Unit.JOBS)], 1, Reason.ASKED_TOO_FAST, 9.0),
        ([Verdict("work", 2_000, 900, 0, 9.0, unit=Unit.WORK)], 2, Reason.ALLOWANCE_SPENT, 9.0),
        ([Verdict("wait", 20, 0, 21, 9.0, unit=Unit.SECONDS)], 1, Reason.LINE_FULL, 9.0),
        ([Verdict("watched", 1, 9, 0, 9.0, shadow=True)], 1, None, None),
    ],
)
def test_the_slowest_limit_to_recover_is_named(
    limits: list[Verdict], cost: int, reason: Reason | None, retry: float | None
) -> None:
    work = 1_000 * cost
    refused = refusal([one.judged(cost, work) for one in limits], cost, work)
    if reason is None:
        assert refused is None
    else:
        assert refused is not None
        assert (refused.reason, refused.retry_time) == (reason, retry)


def test_every_limit_that_refuses_is_marked() -> None:
    judged = [one.judged(1, 1_000) for one in standing(3, live=2)]
    assert [verdict.binding for verdict in judged] == [True, True, False]
