"""The surge level: when it moves, and that it does not flap."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quota.surge import DOWN, Level, SurgePolicy, SurgeState, backlog, pin, step
from services.quota.wait import ClassState, Oven

POLICY = SurgePolicy((10.0, 60.0, 600.0), rise=2.0, fall=30.0)


def after(state: SurgeState, *looks: tuple[float, float]) -> SurgeState:
    """The state after looks of (seconds, backlog)."""
    for now, waiting in looks:
        state = step(state, waiting, now, POLICY)
    return state


def test_it_rises_after_a_while_and_says_why() -> None:
    assert after(SurgeState(), (100.0, 12.0), (101.9, 12.0)).level is Level.NORMAL
    busy = after(SurgeState(), (100.0, 12.0), (102.0, 13.0))
    assert (busy.level, busy.since) == (Level.BUSY, 102.0)
    assert busy.cause == "backlog 13 s at or above 10 s for 2 s"


def test_a_moment_of_relief_starts_the_count_anew() -> None:
    assert after(SurgeState(), (100.0, 12.0), (101.0, 9.0), (102.0, 12.0), (103.9, 12.0)).level is Level.NORMAL


def test_it_moves_one_level_at_a_time_both_ways() -> None:
    looks = [(100.0 + second, 9_000.0) for second in range(12)]
    levels, state = [], SurgeState()
    for look in looks:
        state = after(state, look)
        levels.append(state.level)
    assert list(dict.fromkeys(levels)) == list(Level)
    looks = [(200.0 + second, 0.0) for second in range(120)]
    levels = []
    for look in looks:
        state = after(state, look)
        levels.append(state.level)
    assert list(dict.fromkeys(levels)) == list(Level)[::-1]
    assert state.cause == "backlog 0 s below 5 s for 30 s"


def test_between_half_a_mark_and_the_mark_it_stays() -> None:
    busy = SurgeState(Level.BUSY, 0.0)
    assert after(busy, *((second, 5.0) for second in range(100))) == busy
    assert after(SurgeState(), *((second, 9.9) for second in range(100))) == SurgeState()


@given(st.lists(st.floats(0, 2_000), min_size=2, max_size=200))
def test_however_the_backlog_moves_the_level_never_goes_up_and_down_within_the_fall_time(
    looks: list[float],
) -> None:
    state, moves = SurgeState(), []
    for second, waiting in enumerate(looks):
        before, state = state, step(state, waiting, float(second), POLICY)
        if state.level is not before.level:
            assert abs(state.level.height - before.level.height) == 1
            moves.append((second, state.level.height > before.level.height))
    for (then, up), (now, higher) in itertools.pairwise(moves):
        if up and not higher:
            assert now - then >= POLICY.fall
        if higher:
            assert now - then >= POLICY.rise


def test_a_pinned_level_is_moved_by_nobody_else() -> None:
    pinned = pin(SurgeState(), Level.SHED, 50.0, "maintenance")
    assert after(pinned, *((100.0 + second, 0.0) for second in range(100))) == pinned
    released = pin(pinned, None, 300.0, "done")
    assert (released.level, released.pinned) == (Level.SHED, False)
    fallen = after(released, *((300.0 + second, 0.0) for second in range(200)))
    assert fallen.level is Level.NORMAL


def oven(models: tuple[str, ...], picture_time: float | None = 0.5, slots: int = 4) -> Oven:
    return Oven("oven", "oven:1", models, slots, 0, picture_time)


@pytest.mark.parametrize(
    ("waiting", "ovens", "seconds"),
    [
        ({}, [oven(("crumb",))], 0.0),
        ({"crumb": 20_000}, [oven(("crumb",))], 10.0),
        ({"crumb": 20_000}, [oven(("crumb",)), oven(("crumb",))], 5.0),
        ({"crumb": 20_000, "brioche": 2_000}, [oven(("crumb", "brioche"))], 20.0),
        ({"crumb": 20_000, "brioche": 0}, [oven(("crumb", "brioche"))], 10.0),
        ({"crumb": 20_000}, [], 0.0),
        ({"crumb": 20_000}, [oven(("brioche",)), oven(("crumb",), None), oven(("crumb",), slots=0)], 0.0),
    ],
)
def test_the_backlog_is_that_of_the_model_that_is_worst_off(
    waiting: dict[str, int], ovens: list[Oven], seconds: float
) -> None:
    classes = [ClassState(model, "free", 1, 1, work) for model, work in waiting.items()]
    assert backlog(classes, ovens) == pytest.approx(seconds)


def test_the_gap_is_a_half() -> None:
    assert DOWN == 0.5
