"""The emulated accelerator on a clock that only its own sleep moves."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.oven.curve import call_seconds
from bench.oven.device import Device
from bench.traffic.meter import Meter


class Clock:
    """Seconds; each sleep is late by `late`."""

    def __init__(self, late: float = 0.0) -> None:
        self.now = 100.0
        self.late = late

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self.late


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[Meter]:
    meter = Meter(tmp_path / "meter")
    yield meter
    meter.close()


def test_a_call_takes_what_the_curve_says(meter: Meter) -> None:
    clock = Clock()
    Device(meter, clock, clock.sleep).call(3)
    assert clock.now - 100.0 == pytest.approx(call_seconds(3))


def test_lateness_is_not_added_up_over_a_run(meter: Meter) -> None:
    clock = Clock(late=0.001)
    Device(meter, clock, clock.sleep).run([8] * 20)
    assert clock.now - 100.0 == pytest.approx(20 * call_seconds(8) + 0.001)


def test_row_steps_and_calls_are_counted(meter: Meter) -> None:
    clock = Clock()
    device = Device(meter, clock, clock.sleep)
    device.run([8, 8, 2])
    device.call(1)
    assert (meter.read("row_steps"), meter.read("calls")) == (19, 4)


def test_in_a_hurry_it_counts_but_takes_no_time(meter: Meter) -> None:
    clock = Clock()
    meter.write("hurry", 1)
    Device(meter, clock, clock.sleep).run([8] * 20)
    assert (clock.now, meter.read("row_steps")) == (100.0, 160)


def test_one_call_at_a_time(meter: Meter) -> None:
    inside: list[int] = []
    most: list[int] = []

    def sleep(seconds: float) -> None:
        inside.append(1)
        most.append(len(inside))
        clock.sleep(seconds)
        inside.pop()

    clock = Clock()
    device = Device(meter, clock, sleep)
    threads = [threading.Thread(target=device.run, args=([2] * 50,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert clock.now - 100.0 == pytest.approx(200 * call_seconds(2))


def test_the_meter_is_one_for_all_who_open_its_file(meter: Meter, tmp_path: Path) -> None:
    other = Meter(tmp_path / "meter")
    meter.add("row_steps", 5)
    other.write("hurry", 1)
    assert (other.read("row_steps"), meter.read("hurry")) == (5, 1)
    other.close()
