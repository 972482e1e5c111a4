"""When a moved place is worth telling."""

from dataclasses import replace

import pytest

from services.quota.line import NOTHING
from services.quota.reservation import State
from services.quota.ticket import Ticket, differs
from services.quota.wait import Wait

SHOWN = Ticket("id", State.QUEUED, 400, NOTHING, Wait(80.0, 120.0), 0, None, None)


@pytest.mark.parametrize(("before", "now", "told"), [(400, 392, False), (400, 391, True), (400, 409, True)])
def test_far_back_a_place_is_told_when_it_moved_by_a_fiftieth(before: int, now: int, told: bool) -> None:
    assert differs(replace(SHOWN, place=now), replace(SHOWN, place=before)) is told


@pytest.mark.parametrize("place", [0, 1, 10, 49])
def test_near_the_head_every_step_is_told(place: int) -> None:
    assert differs(replace(SHOWN, place=place + 1), replace(SHOWN, place=place))
    assert not differs(replace(SHOWN, place=place), replace(SHOWN, place=place))
