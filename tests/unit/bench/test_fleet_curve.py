"""The published curves of the fleet, and the clock its runs go by."""

import pytest

from bench.fleet.agenda import Agenda
from bench.fleet.curve import Curve, Recipe
from bench.fleet.published import CURVES

LINE = Curve("a model", "a device", {1: 0.1, 2: 0.12, 4: 0.2}, 2, (Recipe("m", 10), Recipe("m", 20)), "", "")


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_fuller_call_takes_longer_and_no_picture_takes_longer_than_alone(curve: Curve) -> None:
    seconds = [curve.seconds(pictures) for pictures in range(1, curve.most + 1)]
    assert seconds == sorted(seconds)
    assert all(spent / pictures <= seconds[0] for pictures, spent in enumerate(seconds, 1))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_says_where_it_is_from(curve: Curve) -> None:
    assert curve.source.startswith("https://") and curve.device in {"A100", "H100", "L4"}
    assert curve.derived


def test_every_model_and_every_device_has_a_curve() -> None:
    assert {curve.model for curve in CURVES} >= {"SD 1.5", "SDXL", "FLUX.1"}
    assert {curve.device for curve in CURVES} == {"A100", "H100", "L4"}


def test_names_are_unique() -> None:
    assert len({curve.name for curve in CURVES}) == len(CURVES)


@pytest.mark.parametrize(
    ("name", "pictures", "published"),
    [
        ("SD 1.5 on A100", 8, 7.4 / 50),
        ("SD 1.5 on H100", 32, 19.07 / 30),
        ("SDXL-Turbo on L4", 16, 11 * 60 / 1000 * 16 / 4),
        ("SDXL on L4", 4, 55 * 60 / 100 * 4 / 65),
        ("SDXL on A100", 1, 2.742 / 30),
        ("SDXL on H100", 1, 1.471 / 30),
        ("FLUX.1 on A100", 1, 15.65 / 28),
        ("FLUX.1 on H100", 1, 7.11 / 28),
    ],
)
def test_takes_the_published_time(name: str, pictures: int, published: float) -> None:
    curve = next(curve for curve in CURVES if curve.name == name)
    assert curve.seconds(pictures) == pytest.approx(published)


def test_is_a_straight_line_between_points_and_unknown_beyond() -> None:
    assert LINE.seconds(3) == pytest.approx(0.16)
    for pictures in (0, 5):
        with pytest.raises(ValueError, match="known from 1 to 4"):
            LINE.seconds(pictures)


def test_a_call_is_as_large_as_the_oven_would_make_it() -> None:
    assert LINE.batch == 4  # 10, 16.7 and 20 pictures' steps a second at 1, 2 and 4
    assert LINE.rate == pytest.approx(20 / 15)
    assert LINE.stay == pytest.approx(15 * 0.2)


def test_the_clock_jumps_in_order_of_time_then_of_planning() -> None:
    agenda, seen = Agenda(), []
    agenda.at(2.0, lambda: seen.append(("late", agenda.now)))
    agenda.at(1.0, lambda: seen.append(("first", agenda.now)))
    agenda.at(1.0, lambda: agenda.after(0.0, lambda: seen.append(("third", agenda.now))))
    agenda.at(1.0, lambda: seen.append(("second", agenda.now)))
    agenda.at(9.0, lambda: seen.append(("never", agenda.now)))
    agenda.run(3.0)
    assert seen == [("first", 1.0), ("second", 1.0), ("third", 1.0), ("late", 2.0)]
    assert agenda.now == 3.0
    with pytest.raises(ValueError, match="has passed"):
        agenda.at(2.0, lambda: None)
