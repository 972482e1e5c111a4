"""The oven of fixed speed, and the arithmetic of gaps, shares and errors on logs written by hand."""

import pytest

from bench.plots import Band, Panel, Series, svg, ticks
from bench.surge.figures import eta_error, gaps, shares
from bench.surge.log import Sight, Ticket, Turn
from bench.surge.oven import FixedOven, Job

WEIGHTS = {"free": 1, "paid": 4}


def turn(at: float, tier: str, work: int = 1_000, free: int = 1, paid: int = 1) -> Turn:
    return Turn(at, tier, "ada", work, {"free": free, "paid": paid})


def test_an_oven_draws_at_its_speed_and_puts_others_aside_for_paid() -> None:
    oven = FixedOven("oven-0", slots=2, picture_time=0.5)
    oven.take(Job("free-1", 1, cost=2, paid=False, left=1.0), 0.0)
    assert oven.next_finish() == pytest.approx(1.0)
    oven.take(Job("paid-1", 1, cost=2, paid=True, left=1.0), 0.5)
    assert oven.next_finish() == pytest.approx(1.5)
    assert [job.id for job in oven.finished(1.5)] == ["paid-1"]
    assert oven.next_finish() == pytest.approx(2.0)
    assert [job.id for job in oven.die(1.8, 9.0)] == ["free-1"]
    assert oven.next_finish() == float("inf")


def test_a_gap_counts_the_work_of_others_while_the_class_waits() -> None:
    turns = [turn(0, "free"), turn(1, "paid"), turn(2, "paid", 3_000), turn(9, "free"), turn(10, "paid", 500)]
    assert gaps(turns, "free", rate=2.0) == (2.0, 9.0)
    unwaited = [turn(0, "free"), turn(1, "paid", 9_000, free=0), turn(50, "free")]
    assert gaps(unwaited, "free", rate=2.0) == (0.0, 0.0)


def test_a_share_is_of_stretches_in_which_all_waited() -> None:
    fair = [turn(at, "free" if at % 5 == 0 else "paid") for at in range(100)]
    assert shares(fair, WEIGHTS) == {"free": pytest.approx(1.0), "paid": pytest.approx(1.0)}
    unfair = [turn(at, "free" if at % 10 == 0 else "paid") for at in range(100)]
    assert shares(unfair, WEIGHTS)["free"] == pytest.approx(0.5)
    alone = [turn(at, "paid", free=0) for at in range(100)]
    assert shares(alone, WEIGHTS) == {"free": 1.0, "paid": 1.0}


def test_an_error_is_of_the_wait_that_was_left() -> None:
    sights = [Sight(10.0, 5, 40.0, 80.0), Sight(60.0, 2, 40.0, 60.0)]
    ticket = Ticket("id", "ada", "free", 1, 1_000, 10.0, started=110.0, sights=sights)
    assert eta_error(ticket, 0.0) == pytest.approx(0.4)
    assert eta_error(ticket, 0.5) == 0.0
    quick = Ticket("id", "ada", "free", 1, 1_000, 10.0, started=10.0, sights=[Sight(10.0, 0, 0.0, 0.5)])
    assert eta_error(quick, 0.0) == 0.25, "of a second"
    unknown = Ticket("id", "ada", "free", 1, 1_000, 10.0, started=11.0, sights=[Sight(10.0, 0, None, None)])
    assert eta_error(unknown, 0.0) is None


def test_a_plot_has_its_axes_bands_and_names() -> None:
    assert ticks(100.0) == [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    panel = Panel(
        "waits & <levels>",
        [Series("paid", "#f00", [(0.0, 1.0), (10.0, 100.0)]), Series("free", "#00f", [(5.0, 10.0)], line=False)],
        logarithmic=True,
        bands=[Band(2.0, 4.0, "#eee", "busy")],
    )
    drawn = svg([panel], "seconds")
    assert "waits &amp; &lt;levels&gt;" in drawn and "busy" in drawn and drawn.rstrip().endswith("</svg>")
    assert "NaN" not in drawn and "inf" not in drawn
    # Ten is two of the three decades from 0.1 to 100: two thirds of 220 up.
    assert "M454 107h2" in drawn
