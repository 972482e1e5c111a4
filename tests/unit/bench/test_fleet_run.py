"""Runs of a small fleet: what must hold whatever the speeds are."""

from collections import Counter
from dataclasses import replace

import pytest

from bench.fleet.desk import FREE, PAID, PRO, at_once, fleet_policy
from bench.fleet.fairness import jain
from bench.fleet.figures import figures
from bench.fleet.fleet import Books, Fleet
from bench.fleet.judge import most_apart
from bench.fleet.published import CURVES
from bench.fleet.whole import WholeRequests
from bench.fleet.workload import PICTURES, SHARES, SMALL, Scenario, requests
from services.generator.batcher import Batcher
from services.generator.capacity import Capacity

CURVE = CURVES[0]
SURGE = Scenario(50.0, surge=True)
SCENARIOS = (Scenario(0.8), Scenario(1.5), SURGE)


def small(scenario: Scenario, seed: int = 5, kind: type[Batcher] = Batcher) -> tuple[Fleet, Books]:
    fleet = Fleet(CURVE, scenario, SMALL, slots=12, seed=seed, kind=kind)
    return fleet, fleet.run()


@pytest.mark.parametrize("kind", [Batcher, WholeRequests])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_request_is_refused_or_accepted_and_every_job_ends_once(
    scenario: Scenario, kind: type[Batcher]
) -> None:
    fleet, books = small(scenario, kind=kind)
    asked = sum(1 for _ in requests(scenario, CURVE, SMALL, 5))
    assert books.asked.total() == asked == books.refused.total() + len(books.jobs)
    assert len({job.id for job in books.jobs}) == len(books.jobs)
    ends = Counter(job.end for job in books.jobs)
    assert set(ends) <= {"drawn", "left", "waiting"} and ends["drawn"] > 0
    assert all((job.ended is None) == (job.end == "waiting") for job in books.jobs)
    assert all(job.started is not None for job in books.jobs if job.end == "drawn")
    assert books.expired == 0
    assert fleet.discrepancies() == []


@pytest.mark.parametrize("kind", [Batcher, WholeRequests])
def test_the_steps_that_were_run_are_those_of_the_jobs(kind: type[Batcher]) -> None:
    _, books = small(Scenario(1.0, leaving=0.0), kind=kind)
    run = sum(pictures for oven in books.ovens for _, _, pictures in oven.steps)
    drawn = sum(job.cost * job.steps for job in books.jobs if job.end == "drawn")
    begun = sum(job.cost * job.steps for job in books.jobs if job.end == "waiting" and job.started is not None)
    assert drawn <= run <= drawn + begun


def test_the_same_seed_gives_the_same_figures() -> None:
    first, again, other = (figures(small(Scenario(1.5), seed)[1]) for seed in (5, 5, 6))
    assert repr(first) == repr(again) != repr(other)


def test_one_oven_at_half_load_draws_what_is_asked() -> None:
    size = replace(SMALL, ovens=1, pictures=120.0)
    books = Fleet(CURVE, Scenario(0.5, leaving=0.0), size, slots=12, seed=5).run()
    asked = sum(job.cost for job in books.jobs if job.request.at >= books.warm_up)
    assert books.refused.total() <= 0.02 * books.asked.total()
    assert figures(books).pictures == pytest.approx(asked / (books.end - books.warm_up), rel=0.1)
    assert asked / (books.end - books.warm_up) == pytest.approx(0.5 * CURVE.rate, rel=0.2)


@pytest.mark.parametrize("leaving", [0.0, 0.5])
def test_under_a_surge_ovens_are_full_and_classes_and_accounts_get_their_shares(leaving: float) -> None:
    """Those who give up and ask again are served no less."""
    size = replace(SMALL, surge_pictures=80.0)
    seen = figures(Fleet(CURVE, Scenario(50.0, leaving=leaving, surge=True), size, slots=12, seed=5).run())
    assert seen.capacity > 0.97
    assert seen.shares == {tier: pytest.approx(1.0, abs=0.15) for tier in SHARES}
    assert max(seen.apart.values()) <= most_apart(CURVE)
    if not leaving:
        assert min(seen.jain[PAID], seen.jain[PRO]) > 0.9


def test_arrivals_have_the_rate_and_the_mix_that_was_asked() -> None:
    found = list(requests(Scenario(20.0), CURVE, SMALL, 5))
    seconds = Scenario(20.0).warm_up(CURVE, SMALL) + Scenario(20.0).measured(CURVE, SMALL)
    assert sum(one.cost for one in found) / seconds == pytest.approx(20 * SMALL.ovens * CURVE.rate, rel=0.1)
    assert sum(one.cost for one in found) / len(found) == pytest.approx(PICTURES, rel=0.05)
    for tier, share in SHARES.items():
        assert sum(one.tier == tier for one in found) / len(found) == pytest.approx(share, abs=0.02)
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_whole_requests_bakes_one_step_count_to_its_end() -> None:
    batcher = WholeRequests({"m": Capacity(4, row_seconds=0.1)}, most=10)
    jobs = [batcher.admit(model="m", klass=1, width=1, steps=steps, count=1)[0] for steps in (2, 3, 2)]
    for row in jobs:
        batcher.make_ready(row.job, "one size")
    first = batcher.next_step()
    assert first == [jobs[0], jobs[2]]
    paid = batcher.admit(model="m", klass=0, width=1, steps=2, count=1)[0]
    batcher.make_ready(paid.job, "one size")
    batcher.stepped(first, 0.1)
    batcher.leave(jobs[2].job)
    assert batcher.next_step() == first
    assert batcher.stepped(first, 0.1) == [jobs[0]]
    assert batcher.next_step() == [paid]


def test_the_policy_is_the_shipped_one_with_a_third_class() -> None:
    policy = fleet_policy()
    assert {name: tier.weight for name, tier in policy.tiers.items()} == {FREE: 1, PAID: 4, PRO: 8}
    assert (policy.tiers[FREE].live, policy.tiers[PAID].live) == (2, 16)


def test_jains_index() -> None:
    assert jain([3, 3, 3]) == 1.0
    assert jain([3, 0, 0]) == pytest.approx(1 / 3)


def test_a_store_that_waits_is_an_error() -> None:
    class Never:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield

    async def waits() -> None:
        await Never()

    with pytest.raises(RuntimeError, match="waited"):
        at_once(waits())
