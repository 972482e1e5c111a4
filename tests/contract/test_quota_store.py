"""One suite for both stores: limits, reservations and their ends, keys."""

import asyncio

import pytest

from services.quota.office import Holder
from services.quota.reservation import RefundReason, Reservation, State
from services.quota.surge import Level
from services.runtime.errors import Fault, Reason
from tests.contract.quota_stores import (
    DAY,
    MODEL,
    NOON,
    POLICY,
    Clock,
    Store,
    ask,
    beat,
    job_id,
    open_account,
    queue,
    state,
)


async def test_a_reservation_is_held_against_every_limit(store: Store) -> None:
    decision = await store.reserve(ask(1, cost=2))
    assert decision.reservation == Reservation(
        job_id(1), "ada", "free", MODEL, 2, State.HELD, expire_time=NOON + 60, work=2000
    )
    tier, verdicts = await store.allowance("ada", Level.NORMAL)
    daily, live = verdicts
    assert tier == "free"
    assert (daily.policy, daily.limit, daily.used, daily.held) == ("daily", 3, 0, 2)
    assert daily.reset_time == NOON + DAY / 2
    assert (live.policy, live.limit, live.held) == ("live", 2, 1)


async def test_a_refusal_changes_nothing_and_names_every_limit(store: Store) -> None:
    await store.reserve(ask(1, cost=2))
    before = await store.books(), await store.allowance("ada", Level.NORMAL)
    decision = await store.reserve(ask(2, cost=2))
    assert decision.reservation is None
    assert decision.refusal is not None
    assert decision.refusal.reason is Reason.ALLOWANCE_SPENT
    assert decision.refusal.policy == "daily"
    assert decision.refusal.retry_time == NOON + DAY / 2
    assert [verdict.policy for verdict in decision.verdicts] == ["daily", "live", "line"]
    assert [verdict.binding for verdict in decision.verdicts] == [True, False, False]
    assert (await store.books(), await store.allowance("ada", Level.NORMAL)) == before
    assert await store.standings([job_id(2)]) == {}


async def test_a_cost_above_the_limit_has_no_retry_time(store: Store) -> None:
    decision = await store.reserve(ask(1, cost=4))
    assert decision.refusal is not None
    assert decision.refusal.retry_time is None


async def test_live_jobs_and_the_line_bind_too(store: Store) -> None:
    await store.reserve(ask(1))
    await store.reserve(ask(2))
    third = await store.reserve(ask(3))
    assert third.refusal is not None
    assert third.refusal.reason is Reason.TOO_MANY_LIVE_JOBS
    for number, account in enumerate(("bob", "bob"), 10):
        await queue(store, number, account)
    await open_account(store, "cleo", "free")
    assert (await store.reserve(ask(20, "cleo"))).reservation
    full = await store.reserve(ask(21, "cleo"))
    assert full.refusal is not None
    assert full.refusal.reason is Reason.LINE_FULL
    assert full.verdicts[-1].held == 5


async def test_reserving_again_returns_the_first(store: Store) -> None:
    first = await store.reserve(ask(1))
    again = await store.reserve(ask(1))
    assert again.repeated and again.reservation == first.reservation
    assert (await store.books()).issued == 1
    with pytest.raises(Fault) as other:
        await store.reserve(ask(1, cost=2))
    assert other.value.reason is Reason.REQUEST_ID_REUSED


async def test_a_request_id_finds_its_job_until_it_is_forgotten(store: Store) -> None:
    await store.reserve(ask(1, request_id="order 7: croissants", body_hash="aaa"))
    again = await store.reserve(ask(2, request_id="order 7: croissants", body_hash="aaa"))
    assert again.repeated and again.reservation and again.reservation.id == job_id(1)
    with pytest.raises(Fault) as other:
        await store.reserve(ask(3, request_id="order 7: croissants", body_hash="bbb"))
    assert other.value.reason is Reason.REQUEST_ID_REUSED
    mine = await store.reserve(ask(4, "bob", request_id="order 7: croissants", body_hash="bbb"))
    assert not mine.repeated
    assert (await store.books()).issued == 2


async def test_a_trial_changes_nothing(store: Store) -> None:
    trial = await store.reserve(ask(1, request_id="r", validate_only=True))
    assert trial.reservation is None and trial.refusal is None
    refused = await store.reserve(ask(1, cost=5, validate_only=True))
    assert refused.refusal is not None
    assert (await store.books()).issued == 0
    assert await store.standings([job_id(1)]) == {}


async def test_an_unknown_account_or_id_is_not_found(store: Store) -> None:
    for call in (
        store.reserve(ask(1, "nobody")),
        store.allowance("nobody", Level.NORMAL),
        store.enqueue(job_id(9), 60.0),
        store.commit(job_id(9), 1),
        store.refund(job_id(9), RefundReason.CANCELLED),
        store.return_turn(job_id(9), 1, 60.0),
        store.release_slots(job_id(9), 1),
        store.revoke_key("key_nobody", "a test"),
    ):
        with pytest.raises(Fault) as fault:
            await call
        assert fault.value.reason is Reason.NOT_FOUND


async def test_a_job_goes_from_held_to_committed(store: Store) -> None:
    id = await queue(store, 1, cost=3)
    await beat(store, slots=4)
    (grant,) = await store.grant(10)
    assert (grant.id, grant.cost, grant.generator_id) == (id, 3, "oven-1")
    running = (await store.standings([id]))[id].reservation
    assert running.turn is not None
    assert (running.turn.address, running.turn.attempt) == ("oven-1:50053", 1)
    assert running.turn.expire_time == NOON + POLICY.lease
    done = await store.commit(id, 2)
    assert (done.state, done.charged) == (State.COMMITTED, 2)
    daily = (await store.allowance("ada", Level.NORMAL))[1][0]
    assert (daily.used, daily.held) == (2, 0)
    books = await store.books()
    assert (books.committed, books.committed_pictures, books.refunded_pictures) == (1, 2, 1)
    assert (await store.line()).ovens[0].leased == 0


async def test_the_first_end_wins(store: Store) -> None:
    first, second = await queue(store, 1), await queue(store, 2)
    await beat(store, slots=2)
    await store.grant(10)
    assert (await store.commit(first, 1)).state is State.COMMITTED
    assert (await store.refund(first, RefundReason.CANCELLED)).state is State.COMMITTED
    assert (await store.commit(first, 1)).charged == 1
    assert (await store.refund(second, RefundReason.IMAGE_REFUSED)).state is State.REFUNDED
    assert (await store.commit(second, 1)).state is State.REFUNDED
    again = await store.refund(second, RefundReason.FAILED)
    assert again.refund_reason is RefundReason.IMAGE_REFUSED
    assert (await store.allowance("ada", Level.NORMAL))[1][0].used == 1


async def test_a_job_without_a_turn_cannot_commit(store: Store) -> None:
    id = await queue(store, 1, cost=2)
    with pytest.raises(Fault) as early:
        await store.commit(id, 1)
    assert early.value.reason is Reason.WRONG_STATE
    with pytest.raises(Fault) as much:
        await store.commit(id, 3)
    assert much.value.reason is Reason.INVALID_ARGUMENT


async def test_a_refund_goes_back_to_the_day_it_was_charged_to(store: Store, clock: Clock) -> None:
    id = await queue(store, 1, cost=3)
    await store.extend([id], 600.0)
    clock.now += DAY
    tomorrow = (await store.allowance("ada", Level.NORMAL))[1][0]
    assert (tomorrow.held, tomorrow.reset_time) == (0, NOON + 1.5 * DAY)
    assert (await store.reserve(ask(2, cost=3))).reservation
    await store.refund(id, RefundReason.CANCELLED)
    assert (await store.allowance("ada", Level.NORMAL))[1][0].held == 3
    clock.now -= DAY
    assert (await store.allowance("ada", Level.NORMAL))[1][0].held == 0


async def test_a_late_turn_may_still_commit_once(store: Store, clock: Clock) -> None:
    id = await queue(store, 1)
    await beat(store)
    await store.grant(10)
    clock.now += POLICY.lease + 1
    assert (await store.sweep(10)).returned == 1
    assert await state(store, id) is State.QUEUED
    late = await store.commit(id, 1)
    assert (late.state, late.late) == (State.COMMITTED, True)
    assert (await store.line()).classes[0].waiting == 0
    assert await store.grant(10) == []


async def test_what_nobody_extends_expires_uncharged(store: Store, clock: Clock) -> None:
    held, queued = job_id(1), await queue(store, 2)
    await store.reserve(ask(1))
    clock.now += 30
    assert await store.extend([queued, job_id(9)], 60.0) == [job_id(9)]
    clock.now += 31
    swept = await store.sweep(10)
    assert (swept.expired, swept.failed, swept.returned) == (1, 0, 0)
    ended = (await store.standings([held]))[held].reservation
    assert ended.refund_reason is RefundReason.EXPIRED
    assert (await store.books()).expired == 1
    assert await store.extend([held], 60.0) == [held]
    assert await state(store, queued) is State.QUEUED


async def test_extending_never_shortens(store: Store) -> None:
    await store.reserve(ask(1, ttl=600.0))
    await store.extend([job_id(1)], 5.0)
    assert (await store.standings([job_id(1)]))[job_id(1)].reservation.expire_time == NOON + 600


async def test_keys_have_holders_until_revoked(store: Store) -> None:
    holder = await store.holder("digest-ada")
    assert holder and (holder.account_id, holder.tier, holder.revoked) == ("ada", "free", False)
    await store.create_key("digest-new", Holder("ada", "paid", "key_new", False), "upgraded")
    holder = await store.holder("digest-ada")
    assert holder and holder.tier == "paid"
    await store.revoke_key("key_ada", "lost")
    await store.revoke_key("key_ada", "lost")
    holder = await store.holder("digest-ada")
    assert holder and holder.revoked
    assert await store.holder("digest-unknown") is None


async def test_racing_reservations_never_pass_the_limit(store: Store) -> None:
    decisions = await asyncio.gather(*(store.reserve(ask(n, "pia", 3)) for n in range(60)))
    granted = [one for one in decisions if one.reservation]
    assert len(granted) == 5  # 15 pictures an hour
    assert sum(one.refusal is not None for one in decisions) == 55


async def test_commit_and_refund_race_to_one_end(store: Store) -> None:
    ids = [await queue(store, n, "pia", cost=2) for n in range(5)]
    await beat(store, slots=10)
    await store.grant(10)
    calls = [call for id in ids for call in (store.commit(id, 1), store.refund(id, RefundReason.CANCELLED))]
    ends = await asyncio.gather(*calls)
    for commit, refund in zip(ends[::2], ends[1::2], strict=True):
        assert commit.state is refund.state
    charged = sum(end.charged for end in ends[::2])
    assert (await store.allowance("pia", Level.NORMAL))[1][0].used == charged
    books = await store.books()
    assert (books.committed + books.refunded, books.live) == (5, 0)
