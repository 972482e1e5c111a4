"""A replica's share: never more than its part of the ovens' pace, nor of what an account had left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quota.limits import Unit, Verdict
from services.quota.share import OVEN_SILENCE, Share
from services.quota.wait import Oven

PICTURE = 2.0
SLOTS = 4


def oven(name: str = "oven-1", models: tuple[str, ...] = ("crumb",), picture: float | None = PICTURE) -> Oven:
    return Oven(name, f"{name}:50053", models, SLOTS, 0, picture)


def daily(limit: int, used: int = 0, held: int = 0, *, shadow: bool = False) -> Verdict:
    return Verdict("daily", limit, used, held, None, shadow=shadow)


def a_share(*ovens: Oven, replicas: int = 1, left: int = 1_000, now: float = 0.0) -> Share:
    share = Share()
    share.replicas = replicas
    share.heard(ovens or [oven()], now)
    share.saw("ada", "paid", [daily(left + 1)], 1, 1000)
    return share


def test_nobody_unknown_is_served() -> None:
    assert a_share().take("bob", "crumb", 1, 1000, 0.0) is None


def test_an_oven_that_does_not_serve_the_model_or_has_no_speed_gives_no_turn() -> None:
    assert a_share(oven(models=("brioche",))).take("ada", "crumb", 1, 1000, 0.0) is None
    assert a_share(oven(picture=None)).take("ada", "crumb", 1, 1000, 0.0) is None


def test_a_silent_oven_gives_no_turn() -> None:
    share = a_share()
    assert share.take("ada", "crumb", 1, 1000, OVEN_SILENCE + 1) is None


def test_turns_go_to_the_oven_that_is_free_soonest() -> None:
    share = a_share(oven("oven-1"), oven("oven-2"))
    taken = [share.take("ada", "crumb", 1, 1000, 0.0) for _ in range(4)]
    assert [one.generator_id for one in taken if one] == ["oven-1", "oven-2", "oven-1", "oven-2"]


def test_replicas_divide_what_an_account_had_left() -> None:
    taken = [
        share.take("ada", "crumb", 1, 1000, 100.0 * number)
        for share in (a_share(replicas=3, left=7), a_share(replicas=3, left=7), a_share(replicas=3, left=7))
        for number in range(7)
        for _ in [share.heard([oven()], 100.0 * number)]
    ]
    assert sum(one is not None for one in taken) == 6


def test_what_is_refused_takes_nothing() -> None:
    share = a_share(left=2)
    assert share.take("ada", "crumb", 3, 3000, 0.0) is None
    assert share.take("ada", "crumb", 2, 2000, 0.0) is not None


@pytest.mark.parametrize(
    "verdict", [daily(1, used=9, shadow=True), Verdict("live", 1, 0, 1, None, unit=Unit.JOBS)]
)
def test_limits_that_refuse_nobody_or_count_jobs_do_not_bind(verdict: Verdict) -> None:
    share = a_share()
    share.saw("ada", "paid", [verdict], 1, 1000)
    assert share.take("ada", "crumb", 1, 1000, 0.0) is not None


@given(
    replicas=st.integers(1, 4),
    asks=st.lists(
        st.tuples(st.floats(0.0, 5.0), st.integers(1, 4), st.sampled_from([250, 1000, 3000])), max_size=60
    ),
)
def test_turns_never_outrun_the_part_of_the_pace(replicas: int, asks: list[tuple[float, int, int]]) -> None:
    share, now, work = a_share(replicas=replicas, left=10**9), 0.0, 0
    largest = 0
    for pause, cost, effort in asks:
        now += pause
        share.heard([oven()], now)
        if share.take("ada", "crumb", cost, cost * effort, now):
            work += cost * effort
            largest = max(largest, cost * effort)
        # What was handed out is done at this pace by now, but for a batch and the job that found the oven free.
        pace = now / PICTURE / replicas + SLOTS / replicas
        assert work / 1000 <= pace + largest / 1000 + 1e-6
