"""The expected wait: what it counts, and that its two ends keep their order."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.quota.line import Size
from services.quota.wait import (
    EARLY,
    LATE,
    REACTION,
    Capacity,
    ClassState,
    Flow,
    Oven,
    Wait,
    capacity,
    drain,
    expected_wait,
)

WEIGHTS = {"free": 1, "paid": 4}
FULL = Capacity(rate=2.0, room=0, batch=3.0)


def oven(
    models: tuple[str, ...] = ("crumb",), slots: int = 4, leased: int = 0, picture_time: float | None = 0.5
) -> Oven:
    return Oven("oven", "oven:50053", models, slots, leased, picture_time)


def size(pictures: int) -> Size:
    """Of so many default pictures."""
    return Size(pictures, 1_000 * pictures)


def line(free: int, paid: int) -> list[ClassState]:
    return [ClassState("crumb", tier, count, *size(count)) for tier, count in (("free", free), ("paid", paid))]


def test_capacity_adds_generators_and_divides_between_models_that_wait() -> None:
    ovens = [oven(), oven(("crumb", "brioche"), slots=8, leased=3), oven(("brioche",))]
    assert capacity(ovens, "crumb", frozenset({"crumb"})) == Capacity(
        rate=4.0, room=9, batch=4.0, ovens=2, beyond=9
    )
    shared = capacity(ovens, "crumb", frozenset({"crumb", "brioche"}))
    assert shared is not None
    assert shared.rate == 3.0


@pytest.mark.parametrize("useless", [oven(("brioche",)), oven(slots=0), oven(picture_time=None)])
def test_without_a_generator_of_known_speed_nothing_is_promised(useless: Oven) -> None:
    assert capacity([useless], "crumb", frozenset()) is None


def test_with_free_slots_there_is_no_wait() -> None:
    assert expected_wait(size(0), "free", line(0, 0), WEIGHTS, Capacity(2.0, 4, 3.0)) == Wait(0.0, REACTION)


def test_alone_the_class_has_the_whole_rate() -> None:
    wait = expected_wait(size(20), "free", line(20, 0), WEIGHTS, FULL)
    assert wait.low < 20 / 2.0 < wait.high <= 20 / 2.0 * LATE + REACTION + FULL.batch


def test_beside_a_long_line_it_has_its_share() -> None:
    wait = expected_wait(size(10), "free", line(10, 10_000), WEIGHTS, FULL)
    assert wait.low < 10 * 5 / 2.0 < wait.high


def test_others_run_dry_when_nothing_joins_them() -> None:
    wait = expected_wait(size(100), "free", line(100, 10), WEIGHTS, FULL)
    assert wait.low == pytest.approx(EARLY * 110 / 2.0)
    assert wait.high == pytest.approx(LATE * 110 / 2.0 + REACTION + FULL.batch)


def test_a_class_that_has_run_dry_still_takes_what_joins_it() -> None:
    assert drain(100.0, 1, [Flow(0.0, 4, inflow=0.5)], 2.0) == pytest.approx(100 / 1.5)
    # It has 1.6 a second and gets 1: its 6 wait ten seconds, in which 4 of the 100 are served.
    assert drain(100.0, 1, [Flow(6.0, 4, inflow=1.0)], 2.0) == pytest.approx(10 + 96 / 1.0)


def test_what_joins_faster_than_a_share_takes_no_more_than_the_share() -> None:
    assert drain(100.0, 1, [Flow(0.0, 4, inflow=50.0)], 2.0) == pytest.approx(100 * 5 / 2.0)
    assert drain(100.0, 1, [Flow(9.0, 4, inflow=50.0), Flow(0.0, 5, inflow=0.1)], 2.0) == pytest.approx(
        100 * 5 / 1.9
    )


@example(ahead=1.0, rivals=[Flow(0.0, 3, 1.5), Flow(0.0, 1, 1.9)])  # by rounding dry and not dry in turns
@given(
    ahead=st.floats(0, 500),
    rivals=st.lists(
        st.builds(Flow, st.floats(0, 500), st.integers(1, 10), st.floats(0, 10)), min_size=0, max_size=4
    ),
)
def test_a_drain_lies_between_alone_and_beside_all_who_never_run_dry(ahead: float, rivals: list[Flow]) -> None:
    seconds = drain(ahead, 2, rivals, 4.0)
    total = 2 + sum(one.weight for one in rivals)
    assert ahead / 4.0 - 1e-6 <= seconds <= ahead * total / (2 * 4.0) + 1e-6


def test_a_tier_with_overcommit_waits_for_no_slot_while_there_is_room_beyond() -> None:
    able = capacity([oven(leased=4)], "crumb", frozenset(), overcommit=50)
    assert able is not None and (able.room, able.beyond) == (0, 2)
    assert expected_wait(size(1), "paid", line(50, 1), WEIGHTS, able) == Wait(0.0, REACTION)
    assert expected_wait(size(2), "paid", line(50, 2), WEIGHTS, able).low > 0.0


def test_of_several_ovens_the_first_free_slot_comes_sooner() -> None:
    one, many = (
        expected_wait(size(0), "free", line(0, 9), WEIGHTS, Capacity(2.0, 0, 3.0, ovens=number))
        for number in (1, 5)
    )
    assert one.high == pytest.approx(3.0 + REACTION)
    assert many.high == pytest.approx(1.0 + REACTION)


@given(
    ahead=st.integers(0, 500),
    paid=st.integers(0, 500),
    room=st.integers(0, 8),
    tier=st.sampled_from(list(WEIGHTS)),
)
def test_more_ahead_is_never_a_shorter_wait(ahead: int, paid: int, room: int, tier: str) -> None:
    able = Capacity(2.0, room, 3.0)
    now = expected_wait(size(ahead), tier, line(ahead, paid), WEIGHTS, able)
    later = expected_wait(size(ahead + 1), tier, line(ahead, paid), WEIGHTS, able)
    assert 0.0 <= now.low <= now.high
    assert later.low >= now.low - 1e-9 and later.high >= now.high - 1e-9


def test_what_takes_ten_times_the_steps_takes_ten_times_as_long() -> None:
    usual = expected_wait(size(20), "free", line(20, 0), WEIGHTS, FULL)
    heavy = expected_wait(Size(20, 200_000), "free", [ClassState("crumb", "free", 20, 20, 200_000)], WEIGHTS, FULL)
    assert heavy.low == pytest.approx(10 * usual.low)


def test_a_full_oven_is_busy_with_the_work_of_its_turns() -> None:
    able = capacity([Oven("oven", "oven:1", ("crumb",), 4, 4, 0.5, leased_work=40_000)], "crumb", frozenset())
    assert able == Capacity(rate=2.0, room=0, batch=20.0, ovens=1, beyond=0)
