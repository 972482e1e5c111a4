"""A small surge on real sockets: two desks of which one is killed, an oven that dies, clients that leave."""

from bench.surge.real import run_real
from bench.surge.scene import Scene

SMALL = Scene(
    ovens=2, slots=4, picture_time=0.2, steps=(4, 8, 12), pictures=(1, 2), users=120, paid_users=20,
    greedy_users=5, peak=4.0, rises=0.5, ramp=1.0, ends=5.0, after=1.0, burst_at=2.0, burst_length=1.0,
    leaving=0.3, patience=2.0, deaths=((2.5, 1),), away=1.0, length=8.0,
)  # fmt: skip


async def test_nothing_is_lost_charged_twice_or_beyond_a_limit() -> None:
    real = await run_real(SMALL, seed=3, killed=3.0)
    log = real.log
    assert log.wrong == [], "the store's books and counters add up"
    assert real.passed == [] and real.checked > 0
    assert log.unexplained == []
    assert log.asked.total() == log.refusals.total() + len(log.tickets)
    assert {one.ended for one in log.tickets.values()} == {"drawn", "cancelled"}
    assert any("UNAVAILABLE" in what for what in real.retries), "the killed desk was noticed"
