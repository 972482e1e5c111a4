"""Which models are in memory, under any order of asking, leaving and loading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.residency import Load, Residency

SIZES = {"a": 4, "b": 3, "c": 2, "d": 6}
BUDGET, PATIENCE = 7, 5.0


def started(**changes: int) -> Residency:
    """As after a start at which all models were loaded in turn."""
    residency = Residency(**{"budget": BUDGET, **changes}, patience=PATIENCE)
    for name, size in SIZES.items():
        residency.room_for(size)
        residency.add(name, size)
    return residency


def test_at_the_start_later_models_put_out_the_first() -> None:
    residency = started()
    assert residency.inside == ["d"]
    assert residency.taken == 6
    assert [residency.fits(size) for size in (BUDGET, BUDGET + 1)] == [True, False]


def test_without_a_budget_all_stay() -> None:
    residency = started(budget=0)
    assert residency.inside == list(SIZES)
    residency.ask(1, "a", 0.0)
    assert residency.settle(0.0) == [1]
    assert residency.next_load() is None
    assert residency.fits(10**15)


def test_idle_models_make_room_the_least_recently_used_first() -> None:
    residency = Residency(9, PATIENCE)
    for name in ("a", "b", "c"):
        residency.room_for(SIZES[name])
        residency.add(name, SIZES[name])
    residency.ask(1, "a", 0.0)
    assert residency.settle(0.0) == [1]
    residency.leave(1)
    assert residency.inside == ["b", "c", "a"]
    assert residency.room_for(3) == ["b"]
    residency.add("e", 3)
    residency.ask(2, "b", 0.0)
    assert residency.settle(0.0) == []
    assert residency.next_load() == Load(["c", "a"], "b")
    assert residency.next_load() is None, "one at a time"
    residency.loaded()
    assert residency.settle(0.0) == [2]


def test_a_model_in_use_is_not_put_out_and_the_load_waits() -> None:
    residency = started()
    residency.ask(1, "d", 0.0)
    residency.ask(2, "a", 0.0)
    assert residency.settle(0.0) == [1]
    assert residency.next_load() is None
    residency.leave(1)
    assert residency.next_load() == Load(["d"], "a")


def test_after_its_patience_a_load_keeps_newcomers_out() -> None:
    residency = started()
    for job, name, now in ((1, "d", 0.0), (2, "a", 1.0), (3, "d", 1.0 + PATIENCE - 0.1)):
        residency.ask(job, name, now)
    assert residency.settle(1.0 + PATIENCE - 0.1) == [1, 3], "not yet"
    residency.ask(4, "d", 1.0 + PATIENCE)
    assert residency.settle(1.0 + PATIENCE) == []
    residency.leave(1)
    residency.leave(3)
    assert residency.next_load() == Load(["d"], "a")
    residency.loaded()
    assert residency.settle(99.0) == [2], "who asked first goes, though another load is overdue by now"
    residency.leave(2)
    assert residency.next_load() == Load(["a"], "d")


def test_a_load_that_fails_ends_those_who_wait_for_it_and_no_others() -> None:
    residency = started()
    for job, name in ((1, "a"), (2, "a"), (3, "b")):
        residency.ask(job, name, 0.0)
    assert residency.next_load() == Load(["d"], "a")
    assert residency.failed() == [1, 2]
    assert residency.inside == []
    assert residency.next_load() == Load([], "b")


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(KeyError):
        started().ask(1, "e", 0.0)


moves = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(sorted(SIZES))),
    st.tuples(st.just("leave"), st.integers(1, 40)),
    st.just(("loaded",)),
    st.just(("failed",)),
    st.just(("later",)),
)


@given(st.lists(moves, max_size=80))
@settings(deadline=None)
def test_the_budget_holds_and_nothing_in_use_is_put_out(script: list[tuple[str, object]]) -> None:
    residency, now, jobs, using, loading = started(), 0.0, dict[int, str](), dict[int, str](), ""
    for move in script:
        match move:
            case ("ask", str(name)):
                jobs[len(jobs) + 1] = name
                residency.ask(len(jobs), name, now)
            case ("leave", int(job)):
                residency.leave(job)
                using.pop(job, None)
            case ("loaded",) if loading:
                residency.loaded()
                loading = ""
            case ("failed",) if loading:
                residency.failed()
                loading = ""
            case ("later",):
                now += PATIENCE / 2
        for job in residency.settle(now):
            using[job] = jobs[job]
        if load := residency.next_load():
            assert not loading
            assert not set(load.out) & set(using.values())
            loading = load.name
        assert residency.taken <= BUDGET
        assert sum(SIZES[name] for name in {*residency.inside, *([loading] if loading else [])}) == residency.taken
        assert set(using.values()) <= set(residency.inside)


@given(st.lists(st.sampled_from(sorted(SIZES)), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 4))
@settings(deadline=None)
def test_no_job_waits_for_ever_though_no_model_is_ever_idle(asks: list[str], baking: int, loading: int) -> None:
    """A job a second, each baking for `baking` and each load taking `loading` seconds. The load for a model waits
    for at most one for each other model, each after its patience, and what was in use then."""
    residency, ends, asked, load_ends = started(), dict[int, float](), dict[int, float](), 0.0
    a_turn = PATIENCE + baking + loading + 2
    bound = len(SIZES) * 2 * a_turn
    for now in range(len(asks) + int(bound) + 1):
        if now < len(asks):
            residency.ask(now, asks[now], now)
            asked[now] = now
        for job in [job for job, end in ends.items() if end <= now]:
            residency.leave(job)
            del ends[job]
        if load_ends and load_ends <= now:
            residency.loaded()
            load_ends = 0.0
        for job in residency.settle(now):
            assert now - asked.pop(job) <= bound
            ends[job] = now + baking
        if residency.next_load():
            load_ends = now + loading
    assert not asked


def test_two_models_that_never_rest_take_turns() -> None:
    residency = Residency(6, PATIENCE)
    for name in ("a", "d"):
        residency.room_for(SIZES[name])
        residency.add(name, SIZES[name])
    served, loads, load_ends = {"a": 0, "d": 0}, 0, -1.0
    names, ends = dict[int, str](), dict[int, float]()
    for tick in range(400):
        for name in served:
            job = len(names)
            names[job] = name
            residency.ask(job, name, tick)
        for job in [job for job, end in ends.items() if end <= tick]:
            residency.leave(job)
            del ends[job]
        if load_ends == tick:
            residency.loaded()
        for job in residency.settle(tick):
            served[names[job]] += 1
            ends[job] = tick + 3
        if residency.next_load():
            loads, load_ends = loads + 1, tick + 2
    assert min(served.values()) > 0.4 * sum(served.values())
    assert loads <= 400 / PATIENCE, "no more changes than patience allows"
