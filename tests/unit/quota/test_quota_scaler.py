"""How many generators KEDA is told of."""

import math

import pytest

from services.quota.scaler import Aim, oven_seconds, read_aim
from services.quota.store import LineState
from services.quota.wait import ClassState, Oven
from services.runtime.errors import Fault


def line(*classes: ClassState, ovens: int = 0, leased: int = 0, seconds: float | None = 2.0) -> LineState:
    row = [Oven(f"oven-{n}", "a:1", ("crumb",), 4, 0, seconds, leased_work=leased) for n in range(ovens)]
    return LineState(classes, row)


def waits(pictures: int, model: str = "crumb", tier: str = "free") -> ClassState:
    return ClassState(model, tier, pictures, pictures, 1000 * pictures)


def replicas(state: LineState, aim: Aim) -> int:
    """As KEDA's autoscaler reckons it."""
    return math.ceil(oven_seconds(state, aim) / aim.wait)


def test_an_empty_line_wants_nobody() -> None:
    assert oven_seconds(line(ovens=3), Aim()) == 0.0


def test_it_wants_as_many_as_draw_everything_in_the_time_a_job_may_wait() -> None:
    state = line(waits(60), waits(30, tier="paid"), ovens=2, leased=4_000)
    assert oven_seconds(state, Aim()) == pytest.approx((90 + 8) * 2.0)
    assert replicas(state, Aim(wait=30.0)) == 7
    assert replicas(state, Aim(wait=60.0)) == 4


def test_other_models_do_not_count_where_one_is_named() -> None:
    state = line(waits(10), waits(500, model="brioche"), ovens=1)
    assert oven_seconds(state, Aim(model="crumb")) == pytest.approx(20.0)
    assert oven_seconds(state, Aim()) == pytest.approx(1020.0)


@pytest.mark.parametrize("state", [line(waits(10)), line(waits(10), ovens=2, seconds=None)])
def test_from_nobody_the_first_are_wanted_by_what_is_assumed(state: LineState) -> None:
    assert oven_seconds(state, Aim(picture=3.0)) == pytest.approx(30.0)


def test_metadata_are_read_and_checked() -> None:
    assert read_aim({"scalerAddress": "quota:50051"}) == Aim()
    assert read_aim({"model": "crumb", "targetWaitSeconds": "12.5", "pictureSeconds": "0.2"}) == Aim(
        "crumb", 12.5, 0.2
    )
    for bad in ({"targetWaitSeconds": "soon"}, {"targetWaitSeconds": "0"}, {"pictureSeconds": "nan"}):
        with pytest.raises(Fault):
            read_aim(bad)
