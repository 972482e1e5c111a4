"""A window's energy goes to those who were in its steps; what cannot be known is None."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.energy import WINDOW, EnergyBook

LABEL = ("m", "free")


class Device:
    """A clock and a counter that go on together, at `watts`."""

    def __init__(self, watts: float = 100.0) -> None:
        self.now, self.joules, self.watts = 50.0, 1e6, watts
        self.book = EnergyBook(lambda: self.joules, lambda: self.now)

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.joules += seconds * self.watts

    def step(self, shares: dict[int | None, int], seconds: float) -> None:
        self.book.step_begins()
        self.passes(seconds)
        for job, rows in shares.items():
            self.book.ran(job, LABEL, rows)
        self.book.step_ended()


def test_energy_is_shared_by_rows() -> None:
    device = Device()
    device.step({1: 2, 2: 1, None: 1}, WINDOW)
    assert device.book.take(1) == pytest.approx(50.0)
    assert device.book.take(2) == pytest.approx(25.0), "the rest is of one that left"
    assert device.book.take(2) is None, "it is forgotten"


def test_what_is_drawn_while_idle_is_nobodys() -> None:
    device = Device()
    device.step({1: 1}, WINDOW)
    device.book.idle()
    device.passes(3600.0)
    device.step({2: 1}, WINDOW)
    assert device.book.take(1) == device.book.take(2) == pytest.approx(100.0 * WINDOW)


def test_a_short_window_is_charged_at_the_mean_and_unknown_without_one() -> None:
    device = Device()
    device.step({1: 1}, WINDOW / 4)
    device.book.idle()
    device.step({1: 1, 2: 1}, WINDOW)
    assert device.book.take(1) is None, "a part of it was never measured"
    assert device.book.take(2) == pytest.approx(50.0)
    device.step({3: 3}, WINDOW / 4)
    assert device.book.take(3) == pytest.approx(3 * 50.0)


def test_without_a_meter_all_is_unknown() -> None:
    book = EnergyBook(None)
    book.step_begins()
    book.ran(1, LABEL, 1)
    book.step_ended()
    book.idle()
    assert book.take(1) is None


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.dictionaries(st.integers(1, 5), st.integers(1, 3), min_size=1), st.floats(0.01, 0.7)),
        min_size=1,
        max_size=60,
    )
)
def test_of_a_steady_load_all_energy_is_accounted_for(steps: list[tuple[dict[int, int], float]]) -> None:
    device = Device()
    at_first = device.joules
    for shares, seconds in steps:
        device.step(dict(shares), seconds)
    device.step({1: 1}, 2 * WINDOW)
    drawn = device.joules - at_first
    assert sum(device.book.take(job) or 0.0 for job in range(1, 6)) == pytest.approx(drawn)
