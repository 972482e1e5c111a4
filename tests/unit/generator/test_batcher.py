"""The batcher under any order of joining, leaving and stepping."""

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.batcher import FREE, PAID, PAUSED, RUNNING, Batcher, Row
from services.generator.capacity import Capacity
from services.runtime.errors import Fault, Reason

CAP, MOST, PATIENCE = 4, 12, 5

admissions = st.tuples(
    st.just("admit"),
    st.sampled_from(["fast", "slow"]),
    st.sampled_from([PAID, FREE]),
    st.integers(1, 2),
    st.integers(1, 6),
    st.integers(1, 4),
)
moves = st.one_of(
    admissions,
    st.tuples(st.just("ready"), st.integers(0, 20), st.sampled_from(["one", "other"])),
    st.tuples(st.just("leave"), st.integers(0, 20)),
    st.tuples(st.just("leave in the middle"), st.integers(0, 20)),
    st.just(("step",)),
)


ROW_SECONDS = {"fast": 0.25, "slow": 1.0}


PROMISE, SMALL = 5.0, 2
"""Seconds; and rows of a smaller call, which keeps that for 6 to 10 steps of the fast model, 2 of the slow one."""


def oven(*, cap: int = CAP, promise: float = math.inf, **changes: float) -> Batcher:
    capacities = {
        model: Capacity(cap, seconds, {SMALL: SMALL * seconds}, promise) for model, seconds in ROW_SECONDS.items()
    }
    bounds: dict[str, Any] = {"most": MOST, "patience": PATIENCE, **changes}
    return Batcher(capacities, **bounds)


def one(
    batcher: Batcher, *, klass: int = FREE, width: int = 2, steps: int = 3, key: str = "one", model: str = "fast"
) -> Row:
    """A ready job of one picture."""
    row = batcher.admit(model=model, klass=klass, width=width, steps=steps, count=1)[0]
    batcher.make_ready(row.job, key)
    return row


def seconds_of(rows: list[Row]) -> float:
    return sum(row.width * ROW_SECONDS[row.model] for row in rows)


def of_state(census: Counter[tuple[str, int, str]], state: str) -> int:
    return sum(rows for (_, _, one), rows in census.items() if one == state)


def run_step(batcher: Batcher) -> list[Row]:
    rows = batcher.next_step()
    batcher.stepped(rows, seconds_of(rows))
    return rows


class Watched:
    """A batcher and every row it ever gave, with what must hold after each move."""

    def __init__(self, promise: float) -> None:
        self.batcher, self.promise = oven(promise=promise), promise
        self.rows: list[Row] = []
        self.gone: set[int] = set()

    def ready_rows(self) -> list[Row]:
        return [row for row in self.rows if row.key and row.left > 0 and row.job not in self.gone]

    def admit(self, model: str, klass: int, width: int, steps: int, count: int) -> None:
        before = self.batcher.admitted
        try:
            self.rows += self.batcher.admit(model=model, klass=klass, width=width, steps=steps, count=count)
        except Fault as fault:
            assert fault.reason is Reason.OVERLOADED
            assert before + count > MOST
            assert self.batcher.admitted == before
        assert self.batcher.admitted <= MOST

    def job(self, pick: int) -> int:
        """One of the jobs that were ever admitted; 0, which is none, before the first."""
        jobs = sorted({row.job for row in self.rows})
        return jobs[pick % len(jobs)] if jobs else 0

    def ready(self, job: int, key: str) -> None:
        if not any(row.key for row in self.rows if row.job == job):
            self.batcher.make_ready(job, key)

    def leave(self, job: int) -> None:
        undone = sum(row.job == job and row.left > 0 and job not in self.gone for row in self.rows)
        assert self.batcher.leave(job) == undone
        self.gone.add(job)

    def room(self, fellows: list[Row]) -> int:
        paid = [row for row in fellows if row.klass == PAID]
        if not 0 < sum(row.width for row in paid) <= SMALL:
            return CAP
        whole = max(row.steps for row in paid) * ROW_SECONDS[paid[0].model]
        return SMALL if whole * SMALL <= self.promise < whole * CAP else CAP

    def step(self, leaver: int | None = None) -> None:
        ready = self.ready_rows()
        overdue = any(row.passed >= PATIENCE for row in ready)
        ranks = {id(row): row.rank for row in ready}
        chosen = self.batcher.next_step()
        assert bool(chosen) == bool(ready)
        assert len(set(map(id, chosen))) == len(chosen)
        assert all(row in ready for row in chosen)
        assert len({row.key for row in chosen}) <= 1
        if chosen:
            fellows = [row for row in ready if row.key == chosen[0].key]
            room = self.room(fellows)
            assert sum(row.width for row in chosen) <= room
            assert overdue or chosen[0].klass == min(row.klass for row in ready), "the best class goes first"
            for row in fellows:
                if row not in chosen:
                    earlier = [other for other in chosen if overdue or ranks[id(other)] < ranks[id(row)]]
                    assert sum(other.width for other in earlier) + row.width > room, "room left, or order broken"
        leads = 1 if math.isinf(self.promise) else PATIENCE
        assert all(row.passed <= PATIENCE + leads * MOST for row in ready)
        census = self.batcher.census()
        assert of_state(census, RUNNING) == sum(row.width for row in chosen)
        assert of_state(census, PAUSED) == sum(
            row.width for row in self.ready_rows() if row.done and row not in chosen
        )
        before = {id(row): row.done for row in self.rows}
        if leaver is not None:
            self.leave(leaver)
        here = self.batcher.stepped(chosen, seconds_of(chosen))
        assert here == [row for row in chosen if row.job not in self.gone]
        for row in self.rows:
            assert row.done == before[id(row)] + (row in here)


@settings(deadline=None)
@given(st.lists(moves, max_size=120), st.sampled_from([math.inf, PROMISE]))
def test_what_holds_under_any_order(program: list[tuple[Any, ...]], promise: float) -> None:
    watched = Watched(promise)
    for name, *arguments in program:
        match name:
            case "admit":
                watched.admit(*arguments)
            case "ready":
                watched.ready(watched.job(arguments[0]), arguments[1])
            case "leave":
                watched.leave(watched.job(arguments[0]))
            case "leave in the middle":
                watched.step(leaver=watched.job(arguments[0]))
            case _:
                watched.step()
    # Whoever stays is baked to the end, step by step, and then the oven is idle.
    for row in watched.rows:
        watched.ready(row.job, "one")
    to_go = sum(row.left for row in watched.rows if row.job not in watched.gone)
    for _ in range(to_go):
        watched.step()
    assert all(row.left == 0 for row in watched.rows if row.job not in watched.gone)
    assert watched.batcher.next_step() == []
    assert not watched.batcher.census()
    for job in {row.job for row in watched.rows}:
        watched.leave(job)
    assert watched.batcher.admitted == 0


def test_mixed_steps_share_a_call_and_leave_one_by_one() -> None:
    batcher = oven()
    short, long = one(batcher, steps=1), one(batcher, steps=3)
    assert run_step(batcher) == [short, long]
    newcomer = one(batcher, steps=5)
    assert run_step(batcher) == [long, newcomer]


def test_paid_goes_first_at_the_next_step_and_puts_aside_who_has_most_to_go() -> None:
    batcher = oven()
    free = [one(batcher, steps=2), one(batcher, steps=9)]
    assert run_step(batcher) == free
    paid = one(batcher, klass=PAID, steps=50)
    assert run_step(batcher) == [paid, free[0]]
    assert of_state(batcher.census(), PAUSED) == free[1].width


def test_a_shorter_picture_goes_before_a_longer_one_of_its_class() -> None:
    batcher = oven()
    long = [one(batcher, steps=9), one(batcher, steps=9)]
    assert run_step(batcher) == long
    short = one(batcher, steps=1)
    assert run_step(batcher) == [short, long[0]]
    assert of_state(batcher.census(), PAUSED) == long[1].width
    assert run_step(batcher) == long


def test_steps_are_smaller_while_paid_pictures_fit_in_them() -> None:
    batcher = oven(promise=PROMISE)
    free = [one(batcher, width=1, steps=9) for _ in range(4)]
    assert run_step(batcher) == free
    quick = one(batcher, klass=PAID, width=1, steps=5)
    assert run_step(batcher) == [quick, *free[:3]], "full calls keep the promise to it"
    batcher.leave(quick.job)
    first = one(batcher, klass=PAID, width=1, steps=6)
    assert run_step(batcher) == [first, free[0]]
    others = [one(batcher, klass=PAID, width=1) for _ in range(2)]
    assert run_step(batcher) == [*others, first, free[0]], "three do not fit in two"


def test_who_was_passed_over_leads_less_often_while_a_promise_is_at_stake() -> None:
    batcher = oven(promise=PROMISE, most=100)
    free = [one(batcher, width=1, steps=50) for _ in range(8)]
    led = 0
    for _ in range(6 * PATIENCE):
        while sum(row.width for row in batcher.next_step() if row.klass == PAID) < SMALL:
            one(batcher, klass=PAID, width=1, steps=10)
        rows = run_step(batcher)
        led += rows[0].klass == FREE
        for row in rows:
            if row.left == 0:
                batcher.leave(row.job)
    assert 1 <= led <= 7
    assert sum(row.done for row in free) >= led


def test_models_share_the_time_however_long_their_steps_are() -> None:
    batcher = oven(most=100, patience=1000)
    spent = dict.fromkeys(ROW_SECONDS, 0.0)
    for model in ROW_SECONDS:
        for _ in range(3):
            one(batcher, model=model, steps=1000)
    for _ in range(200):
        rows = run_step(batcher)
        spent[rows[0].model] += seconds_of(rows)
        assert abs(spent["fast"] - spent["slow"]) <= 2 * CAP * ROW_SECONDS["slow"]


def test_admission_looks_at_what_is_ahead_of_the_class() -> None:
    batcher = oven(most=100, most_wait=10.0)
    for _ in range(4):
        one(batcher, steps=6)
    assert batcher.wait(FREE) == 4 * 2 * 6 * 0.25 and batcher.wait(PAID) == 0.0
    with pytest.raises(Fault) as refused:
        one(batcher)
    assert refused.value.reason is Reason.OVERLOADED
    assert refused.value.retry_after == pytest.approx(2.0)
    assert one(batcher, klass=PAID).left == 3, "who goes first does not wait for it"


def test_a_call_holds_one_key() -> None:
    batcher = oven()
    first, other, third = one(batcher), one(batcher, key="other"), one(batcher, steps=9)
    assert run_step(batcher) == [first, third]
    assert other.done == 0


def test_capacity_counts_rows() -> None:
    batcher = oven(cap=3)
    wide, second, narrow = one(batcher, width=2), one(batcher, width=2), one(batcher, width=1)
    assert run_step(batcher) == [wide, narrow]
    assert second.done == 0


def test_not_ready_is_not_in_a_step() -> None:
    batcher = oven()
    row = batcher.admit(model="fast", klass=PAID, width=1, steps=1, count=1)[0]
    assert batcher.next_step() == []
    assert batcher.census().total() == 1
    batcher.make_ready(row.job, "one")
    assert batcher.next_step() == [row]


def test_a_stream_of_paid_work_does_not_starve_a_free_picture() -> None:
    batcher = oven()
    free = one(batcher, klass=FREE, steps=4)
    steps = 0
    while free.left:
        while batcher.admitted < 4:
            one(batcher, klass=PAID, steps=1)
        for row in run_step(batcher):
            if row is not free:
                batcher.leave(row.job)
        steps += 1
        assert steps <= 4 * (PATIENCE + 4 + 1)
    assert steps > 4, "paid work did go first"


def test_a_full_oven_says_so_and_has_room_when_one_leaves() -> None:
    batcher = oven(most=2)
    first = batcher.admit(model="fast", klass=FREE, width=2, steps=1, count=2)
    with pytest.raises(Fault) as refused:
        one(batcher)
    assert refused.value.reason is Reason.OVERLOADED
    assert refused.value.retry_after is not None
    assert batcher.leave(first[0].job) == 2
    assert batcher.leave(first[0].job) == 0
    assert run_step(batcher) == [] and one(batcher).left == 3


def test_a_picture_wider_than_a_call_is_baked_alone() -> None:
    batcher = oven(cap=1)
    wide, narrow = one(batcher, width=2), one(batcher, width=1)
    assert run_step(batcher) == [wide]
    batcher.leave(wide.job)
    assert run_step(batcher) == [narrow]


@pytest.mark.parametrize("bad", [{"most": 0}, {"patience": 0}, {"most_wait": 0.0}, {"most_wait": math.nan}])
def test_a_batcher_that_could_not_work_is_not_made(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a batcher needs"):
        oven(**bad)


@pytest.mark.parametrize("bad", [{"width": 3}, {"width": 0}, {"steps": 0}])
def test_pictures_that_could_not_be_baked_are_not_admitted(bad: dict[str, int]) -> None:
    batcher = oven()
    with pytest.raises(ValueError, match="width"):
        one(batcher, **bad)
    assert batcher.admitted == 0
