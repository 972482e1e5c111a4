"""Who asks when in a surge."""

from dataclasses import replace

import pytest

from bench.surge.scene import Scene, asks

SCENE = Scene(ovens=2, users=1_000, paid_users=50, greedy_users=10, ends=100.0, burst_at=60.0, burst_length=10.0)


def test_the_same_seed_asks_the_same() -> None:
    assert list(asks(SCENE, 1)) == list(asks(SCENE, 1)) != list(asks(SCENE, 2))


def test_demand_has_its_rate_in_work_in_the_ramp_the_peak_and_the_burst() -> None:
    found = list(asks(SCENE, 1))
    assert [one.at for one in found] == sorted(one.at for one in found)

    def demand(tier: str, start: float, end: float) -> float:
        work = sum(one.work for one in found if one.tier == tier and start <= one.at < end)
        return work / 1000 / (end - start) / SCENE.rate

    assert demand("free", 0, 20) == pytest.approx(SCENE.calm, rel=0.3)
    assert demand("free", 50, 70) == pytest.approx(50.0, rel=0.05)
    assert demand("free", 30, 40) == pytest.approx((SCENE.free_demand(30) + SCENE.free_demand(40)) / 2, rel=0.1)
    assert demand("paid", 60, 70) == pytest.approx(SCENE.burst, rel=0.15)
    assert demand("paid", 70, 200) == pytest.approx(SCENE.paid, rel=0.2)


def test_greedy_users_make_their_share_and_some_clients_leave() -> None:
    found = [one for one in asks(SCENE, 1) if one.tier == "free"]
    assert sum(one.account in SCENE.greedy_accounts for one in found) / len(found) == pytest.approx(0.2, abs=0.01)
    assert sum(one.leaves_after is not None for one in found) / len(found) == pytest.approx(0.05, abs=0.01)
    none = replace(SCENE, leaving=0.0, ends=30.0)
    assert all(one.leaves_after is None for one in asks(none, 1))
