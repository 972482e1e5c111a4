"""How fast work usually comes: a steady flow is told right, a burst is not taken to last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quota.inflow import WIDTH, WINDOWS, Inflows
from services.quota.wait import ClassState


def joined(work: float, tier: str = "paid") -> list[ClassState]:
    return [ClassState("crumb", tier, 0, 0, 0, joined_work=round(work * 1000))]


def after(*rates: float) -> Inflows:
    """What is known after windows of so much work a second each."""
    flows, total = Inflows(), 0.0
    flows.see(joined(total), 0.0)
    for number, rate in enumerate(rates, 1):
        total += rate * WIDTH
        flows.see(joined(total), number * WIDTH)
    return flows


def test_nothing_is_known_before_the_first_window_has_ended() -> None:
    flows = Inflows()
    assert flows.of("crumb", "paid") == 0.0
    flows.see(joined(5_000), 10.0)
    flows.see(joined(5_020), 10.0 + WIDTH / 2)
    assert flows.of("crumb", "paid") == 0.0
    flows.see(joined(5_030), 10.0 + WIDTH)
    assert flows.of("crumb", "paid") == pytest.approx(3.0), "what came before this replica did not come in no time"


@given(st.lists(st.floats(0.05, 30.0), min_size=2, max_size=60), st.floats(0.1, 50.0))
def test_a_steady_flow_is_told_right_however_often_one_looks(pauses: list[float], rate: float) -> None:
    flows, now = Inflows(), 0.0
    flows.see(joined(0), now)
    for pause in pauses:
        now += pause
        flows.see(joined(rate * now), now)
    assert flows.of("crumb", "paid") == pytest.approx(rate if now >= WIDTH else 0.0, rel=0.01)


def test_a_burst_is_not_taken_to_last_and_a_new_demand_is_after_half_of_what_is_remembered() -> None:
    assert after(*[2.0] * 10, *[60.0] * 6).of("crumb", "paid") == pytest.approx(2.0)
    assert after(*[2.0] * WINDOWS, *[60.0] * (WINDOWS // 2 + 1)).of("crumb", "paid") == pytest.approx(60.0)


def test_a_class_that_appears_was_empty_before_and_a_new_store_brings_nothing() -> None:
    flows = Inflows()
    flows.see([], 0.0)
    flows.see([], WIDTH)
    flows.see(joined(20), 2 * WIDTH)
    assert flows.of("crumb", "paid") == pytest.approx(1.0), "between nothing and two a second"
    flows = after(3.0, 3.0)
    flows.see(joined(0), 3 * WIDTH)
    flows.see(joined(40), 4 * WIDTH)
    assert flows.of("crumb", "paid") == pytest.approx(3.0)
