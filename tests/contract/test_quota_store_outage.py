"""One suite for both stores: what was granted while the store was away, and who of the desk is there."""

import pytest

from services.quota.reservation import RefundReason, State
from services.quota.store import ATTENDANCE
from services.quota.surge import Level
from services.runtime.errors import Fault, Reason
from tests.contract.quota_stores import Clock, Store, ask, beat, job_id, queue, state

OVEN = ("oven-1", "oven-1:50053")


async def test_what_is_owed_is_held_past_every_limit_and_runs(store: Store) -> None:
    await beat(store, slots=4)
    await store.reserve(ask(1, cost=3))
    adopted = await store.adopt(ask(2, cost=2), *OVEN)
    assert (adopted.state, adopted.attempts, adopted.address) == (State.RUNNING, 1, OVEN[1])
    _, verdicts = await store.allowance("ada", Level.NORMAL)
    assert (verdicts[0].limit, verdicts[0].held) == (3, 5)
    assert (await store.reserve(ask(3))).refusal, "the limits count it"
    assert (await store.line()).ovens[0].leased == 2
    assert await store.discrepancies() == []


async def test_adopting_again_changes_nothing(store: Store) -> None:
    await beat(store, slots=4)
    first = await store.adopt(ask(1), *OVEN)
    before = await store.books()
    assert await store.adopt(ask(1), "oven-2", "oven-2:50053") == first
    await store.commit(job_id(1), 1)
    assert (await store.adopt(ask(1), *OVEN)).state is State.COMMITTED
    assert (await store.books()).issued == before.issued == 1
    with pytest.raises(Fault) as fault:
        await store.adopt(ask(1, cost=2), *OVEN)
    assert fault.value.reason is Reason.REQUEST_ID_REUSED


async def test_what_was_held_before_the_store_went_away_is_adopted_as_it_is(store: Store) -> None:
    await beat(store, slots=4)
    await store.reserve(ask(1))
    assert (await store.adopt(ask(1), *OVEN)).state is State.RUNNING
    assert (await store.books()).issued == 1
    assert await store.discrepancies() == []


async def test_an_oven_that_is_no_more_is_not_charged(store: Store) -> None:
    await store.adopt(ask(1), *OVEN)
    await store.commit(job_id(1), 1)
    assert await store.discrepancies() == []


async def test_a_lost_turn_goes_before_those_that_wait(store: Store, clock: Clock) -> None:
    await beat(store, slots=0)
    waits = await queue(store, 1, "bob")
    await store.adopt(ask(2), *OVEN)
    clock.now += 31
    await store.extend([waits], 60.0)
    await store.sweep(10)
    standings = await store.standings([job_id(2), waits])
    assert [standings[id].place for id in (job_id(2), waits)] == [0, 1]
    assert await store.discrepancies() == []


async def test_a_ban_does_not_undo_what_was_granted(store: Store) -> None:
    await store.set_account("ada", {"banned": "spam"}, "a test")
    await store.adopt(ask(1), *OVEN)
    assert (await store.refund(job_id(1), RefundReason.FAILED)).state is State.REFUNDED
    assert (await store.books()).balanced


async def test_a_request_id_that_was_seen_keeps_its_first_answer(store: Store) -> None:
    await store.reserve(ask(1, request_id="order", body_hash="a"))
    await store.adopt(ask(2, request_id="order", body_hash="b"), *OVEN)
    assert await state(store, job_id(2)) is State.RUNNING
    again = await store.reserve(ask(3, request_id="order", body_hash="a"))
    assert again.repeated and again.reservation and again.reservation.id == job_id(1)


async def test_an_unknown_account_is_not_adopted(store: Store) -> None:
    with pytest.raises(Fault) as fault:
        await store.adopt(ask(1, "nobody"), *OVEN)
    assert fault.value.reason is Reason.NOT_FOUND


async def test_replicas_are_counted_while_they_are_heard_of(store: Store, clock: Clock) -> None:
    assert [await store.attend(name) for name in ("one", "two", "one")] == [1, 2, 2]
    clock.now += ATTENDANCE / 2
    await store.attend("one")
    clock.now += ATTENDANCE / 2
    assert await store.attend("one") == 1
