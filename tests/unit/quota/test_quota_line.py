"""Fair queueing: shares between classes, turns between accounts, the head for those who come back."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quota.line import CATCH_UP, HEAD, SCALE, ClassLine, Shares, Size

LARGEST = 10
ONE = Size(1, 1_000)


def serve(shares: Shares, weights: dict[str, int], costs: list[int]) -> Counter[str]:
    """Pictures each class got while all of them waited all the time."""
    for name in weights:
        shares.wake(name)
    served: Counter[str] = Counter()
    for cost in costs:
        name = shares.next(weights, weights)
        shares.charge(name, cost, weights[name])
        served[name] += cost
    return served


def test_classes_that_wait_get_their_weights() -> None:
    assert serve(Shares(), {"free": 1, "paid": 4}, [1] * 500) == {"free": 100, "paid": 400}


@given(
    costs=st.lists(st.integers(1, LARGEST), min_size=20, max_size=200),
    weights=st.fixed_dictionaries({"free": st.integers(1, 3), "paid": st.integers(1, 9)}),
)
def test_no_class_is_ever_behind_its_share_by_more_than_its_largest_jobs(
    costs: list[int], weights: dict[str, int]
) -> None:
    served = serve(Shares(), weights, costs)
    # Start-time fair queueing: normalised service differs by at most one largest job of each class.
    apart = abs(served["free"] / weights["free"] - served["paid"] / weights["paid"])
    assert apart <= LARGEST / weights["free"] + LARGEST / weights["paid"] + 2 / SCALE


def test_idleness_earns_a_class_nothing() -> None:
    shares = Shares()
    serve(shares, {"paid": 4}, [1] * 1_000)
    assert serve(shares, {"free": 1, "paid": 4}, [1] * 10) == {"free": 2, "paid": 8}


def test_a_model_that_was_away_catches_up_on_a_bounded_number_of_pictures() -> None:
    models = Shares()
    for _ in range(1_000):
        models.charge(models.next_model(["crumb"]), 1_000, 1)
    run = 0
    while models.next_model(["crumb", "brioche"]) == "brioche":
        models.charge("brioche", 1_000, 1)
        run += 1_000
    assert CATCH_UP - 2_000 <= run <= CATCH_UP + 2_000


@given(
    jobs=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, LARGEST)), min_size=1, max_size=80),
    taken=st.integers(0, 80),
)
def test_two_accounts_that_wait_differ_by_at_most_twice_the_largest_cost(
    jobs: list[tuple[str, int]], taken: int
) -> None:
    line = ClassLine()
    for arrival, (account, cost) in enumerate(jobs):
        line.join(arrival, str(arrival), account, Size(1, cost))
    served: Counter[str] = Counter()
    for _ in range(min(taken, len(jobs))):
        waiting = {jobs[int(ticket)][0] for _, _, ticket in line.tickets}
        if waiting != {"a", "b"}:
            break
        account, cost = jobs[int(line.take())]
        served[account] += cost
        assert abs(served["a"] - served["b"]) <= 2 * LARGEST


def test_a_newcomer_goes_before_the_many_tickets_of_another() -> None:
    line = ClassLine()
    for arrival in range(5):
        line.join(arrival, f"pia-{arrival}", "pia", Size(2, 2_000))
    line.join(5, "quin", "quin", Size(1, 1_000))
    assert line.place("quin") == (1, Size(2, 2_000))
    assert [line.take() for _ in range(3)] == ["pia-0", "quin", "pia-1"]


def test_a_returned_ticket_goes_to_the_head_and_is_counted() -> None:
    line = ClassLine()
    tag = line.join(1, "first", "pia", ONE)
    line.join(2, "second", "quin", ONE)
    assert line.take() == "first"
    line.rejoin(1, "first", "pia", ONE, tag)
    assert (line.place("first")[0], line.place("second")[0], line.returned) == (0, 1, 1)


def test_an_account_gets_back_what_a_left_ticket_stood_for() -> None:
    line = ClassLine()
    tag = line.join(1, "large", "pia", Size(9, 9_000))
    line.leave("large")
    line.forget("pia", tag, 9_000)
    line.join(2, "other", "quin", ONE)
    line.join(3, "small", "pia", ONE)
    line.join(4, "another", "quin", ONE)
    assert line.place("small")[0] == 1


def test_pictures_ahead_are_summed_near_the_head_and_estimated_beyond() -> None:
    line = ClassLine()
    for arrival in range(2 * HEAD):
        line.join(arrival, str(arrival), f"account-{arrival}", Size(1 + arrival % 2, 10))
    assert line.place("3") == (3, Size(1 + 2 + 1, 30))
    assert line.place(str(HEAD + 6)) == (HEAD + 6, Size((HEAD + 6) * 3 // 2, 10 * (HEAD + 6)))
    assert line.waiting == Size(3 * HEAD, 20 * HEAD)


@pytest.mark.parametrize("weight", [1, 3, 7, 1_000])
def test_tags_stay_whole_numbers(weight: int) -> None:
    shares = Shares()
    shares.charge("free", 1, weight)
    assert shares.tags["free"] == SCALE // weight


@given(
    jobs=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, LARGEST)), min_size=2, max_size=60),
    leaves=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20),
)
def test_who_cancels_is_served_no_less(jobs: list[tuple[str, int]], leaves: list[tuple[int, int]]) -> None:
    """Tickets leave at any moment from anywhere; the two accounts stay as near as without."""
    line, tags = ClassLine(), {}
    for arrival, (account, work) in enumerate(jobs):
        tags[str(arrival)] = line.join(arrival, str(arrival), account, Size(1, work))
    served: Counter[str] = Counter()
    for moment in range(len(jobs)):
        for when, pick in leaves:
            if when == moment and line.tickets:
                ticket = line.tickets[pick % len(line.tickets)][2]
                account, work = jobs[int(ticket)]
                line.leave(ticket)
                tags.update(line.forget(account, tags[ticket], work))
        if {line.owners[ticket] for _, _, ticket in line.tickets} != {"a", "b"}:
            break
        account, work = jobs[int(line.take())]
        served[account] += work
        assert abs(served["a"] - served["b"]) <= 2 * LARGEST
    assert line.tickets == sorted(line.tickets)
