"""One suite for both stores: what `Store` promises, call by call."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.quota.memory_store import MemoryStore
from services.quota.redis_store import RedisStore
from services.quota.reservation import RefundReason, Reservation, State
from services.quota.store import Ask, Report, Store
from services.runtime.errors import Fault, Reason
from services.runtime.redis_link import RedisLink
from tests.contract.quota_stores import DAY, NOON, POLICY, Clock, job_id

MODEL = "crumb"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Store]:
    if request.param == "memory":
        made: Store = MemoryStore(POLICY, clock)
        await _accounts(made)
        yield made
        return
    link = RedisLink(request.getfixturevalue("valkey_url"))
    made = RedisStore(link, POLICY, clock=clock)
    await _accounts(made)
    yield made
    await link.close()


@pytest.fixture(autouse=True)
async def books_balance_at_the_end(store: Store) -> AsyncIterator[None]:
    """Whatever a test did, every counter is what a recount says."""
    yield
    assert await store.discrepancies() == []
    assert (await store.books()).balanced


async def _accounts(store: Store) -> None:
    for name in ("ada", "bob"):
        await store.create_key(f"digest-{name}", f"key_{name}", name, "free", "a test")
    for name in ("pia", "quin", "rosa"):
        await store.create_key(f"digest-{name}", f"key_{name}", name, "paid", "a test")


def ask(number: int, account: str = "ada", cost: int = 1, **more: object) -> Ask:
    return replace(Ask(job_id(number), account, cost, MODEL, 60.0), **more)  # type: ignore[arg-type]


async def queue(store: Store, number: int, account: str = "ada", cost: int = 1, model: str = MODEL) -> str:
    """A reservation that waits; its id."""
    decision = await store.reserve(ask(number, account, cost, model=model))
    assert decision.reservation is not None, decision.refusal
    await store.enqueue(job_id(number), 60.0)
    return job_id(number)


async def beat(
    store: Store, name: str = "oven-1", slots: int = 1, models: tuple[str, ...] = (MODEL,), address: str = ""
) -> None:
    await store.heartbeat(Report(name, address or f"{name}:50053", models, slots, 0.5))


async def state(store: Store, id: str) -> State:
    return (await store.standings([id]))[id].reservation.state


async def test_a_reservation_is_held_against_every_limit(store: Store) -> None:
    decision = await store.reserve(ask(1, cost=2))
    assert decision.reservation == Reservation(
        job_id(1), "ada", "free", MODEL, 2, State.HELD, expire_time=NOON + 60
    )
    tier, verdicts = await store.allowance("ada")
    daily, live = verdicts
    assert tier == "free"
    assert (daily.policy, daily.limit, daily.used, daily.held) == ("daily", 3, 0, 2)
    assert daily.reset_time == NOON + DAY / 2
    assert (live.policy, live.limit, live.held) == ("live", 2, 1)


async def test_a_refusal_changes_nothing_and_names_every_limit(store: Store) -> None:
    await store.reserve(ask(1, cost=2))
    before = await store.books(), await store.allowance("ada")
    decision = await store.reserve(ask(2, cost=2))
    assert decision.reservation is None
    assert decision.refusal is not None
    assert decision.refusal.reason is Reason.ALLOWANCE_SPENT
    assert decision.refusal.policy == "daily"
    assert decision.refusal.retry_time == NOON + DAY / 2
    assert [verdict.policy for verdict in decision.verdicts] == ["daily", "live", "line"]
    assert [verdict.binding for verdict in decision.verdicts] == [True, False, False]
    assert (await store.books(), await store.allowance("ada")) == before
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
    await store.create_key("digest-cleo", "key_cleo", "cleo", "free", "a test")
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
        store.allowance("nobody"),
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
    daily = (await store.allowance("ada"))[1][0]
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
    assert (await store.allowance("ada"))[1][0].used == 1


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
    tomorrow = (await store.allowance("ada"))[1][0]
    assert (tomorrow.held, tomorrow.reset_time) == (0, NOON + 1.5 * DAY)
    assert (await store.reserve(ask(2, cost=3))).reservation
    await store.refund(id, RefundReason.CANCELLED)
    assert (await store.allowance("ada"))[1][0].held == 3
    clock.now -= DAY
    assert (await store.allowance("ada"))[1][0].held == 0


async def test_a_late_turn_may_still_commit_once(store: Store, clock: Clock) -> None:
    id = await queue(store, 1)
    await beat(store)
    await store.grant(10)
    clock.now += POLICY.lease + 1
    assert (await store.sweep(10)).returned == 1
    assert await state(store, id) is State.QUEUED
    assert (await store.commit(id, 1)).state is State.COMMITTED
    assert (await store.line()).classes[0].waiting == 0
    assert await store.grant(10) == []


async def test_enqueue_is_idempotent_and_keeps_what_there_is(store: Store) -> None:
    id = await queue(store, 1)
    behind = await queue(store, 2, "bob")
    assert (await store.enqueue(id, 60.0)).place == 0
    assert (await store.enqueue(behind, 60.0)).place == 1
    await beat(store)
    await store.grant(10)
    assert (await store.enqueue(id, 60.0)).reservation.state is State.RUNNING
    await store.refund(id, RefundReason.CANCELLED)
    assert (await store.enqueue(id, 60.0)).reservation.state is State.REFUNDED


async def test_accounts_take_turns_and_places_say_so(store: Store) -> None:
    ids = [await queue(store, n, "pia", cost=2) for n in range(4)]
    late = await queue(store, 10, "quin")
    standings = await store.standings([*ids, late])
    # Both first tickets have the same tag, so the earlier arrival leads; then quin, then the rest of pia's.
    assert [standings[id].place for id in (ids[0], late, *ids[1:])] == [0, 1, 2, 3, 4]
    assert [standings[id].cost_ahead for id in (ids[0], late, *ids[1:])] == [0, 2, 3, 5, 7]


async def test_the_free_class_gets_its_share_while_both_wait(store: Store) -> None:
    for n in range(2):
        await queue(store, n, "ada")
        await queue(store, 10 + n, "bob")
    for n in range(5):
        await queue(store, 20 + n, "pia")
        if n < 3:
            await queue(store, 40 + n, "quin")
    await beat(store, slots=10)
    tiers = [grant.tier for grant in await store.grant(10)]
    assert tiers == ["paid", "free", "paid", "paid", "paid", "paid", "free", "paid", "paid", "paid"]


async def test_a_returned_turn_goes_to_the_head_and_fences_the_old_one(store: Store, clock: Clock) -> None:
    first, second = await queue(store, 1), await queue(store, 2, "bob")
    await beat(store)
    await store.grant(10)
    returned = (await store.standings([second]))[second].returned
    assert (await store.return_turn(first, 1, 60.0)).state is State.QUEUED
    standings = await store.standings([first, second])
    assert (standings[first].place, standings[second].place) == (0, 1)
    assert standings[second].returned == returned + 1
    # The generator is suspect until it reports again.
    assert await store.grant(10) == []
    clock.now += 1
    await beat(store)
    assert [grant.id for grant in await store.grant(10)] == [first]
    assert (await store.return_turn(first, 1, 60.0)).state is State.RUNNING
    await store.release_slots(first, 1)
    assert (await store.line()).ovens[0].leased == 1


async def test_the_last_attempt_is_refunded(store: Store, clock: Clock) -> None:
    id = await queue(store, 1)
    for attempt in (1, 2, 3):
        await beat(store)
        assert len(await store.grant(10)) == 1
        ended = await store.return_turn(id, attempt, 60.0)
    assert (ended.state, ended.refund_reason) == (State.REFUNDED, RefundReason.FAILED)
    assert (await store.allowance("ada"))[1][0].held == 0


async def test_releasing_slots_lets_the_next_one_bake(store: Store) -> None:
    first, second = await queue(store, 1), await queue(store, 2)
    await beat(store)
    assert [grant.id for grant in await store.grant(10)] == [first]
    await store.release_slots(first, 1)
    await store.release_slots(first, 1)
    assert [grant.id for grant in await store.grant(10)] == [second]
    await store.commit(first, 1)
    assert (await store.line()).ovens[0].leased == 1


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


async def test_a_lease_that_runs_out_returns_then_fails(store: Store, clock: Clock) -> None:
    await queue(store, 1)
    swept = []
    for _ in range(3):
        await beat(store)
        assert len(await store.grant(10)) == 1
        clock.now += POLICY.lease
        swept.append(await store.sweep(10))
    assert [one.returned for one in swept] == [1, 1, 0]
    assert swept[-1].failed == 1


async def test_turns_go_to_living_generators_with_room(store: Store, clock: Clock) -> None:
    await beat(store, "small", slots=1)
    await beat(store, "big", slots=3)
    await beat(store, "other", slots=9, models=("brioche",))
    ids = [await queue(store, n, "pia") for n in range(5)]
    granted = await store.grant(10)
    assert [grant.generator_id for grant in granted] == ["big", "big", "big", "small"]
    clock.now += POLICY.silence
    await store.refund(ids[0], RefundReason.CANCELLED)
    assert await store.grant(10) == []
    await beat(store, "big", slots=0)
    assert await store.grant(10) == []


async def test_a_large_job_does_not_block_the_line(store: Store) -> None:
    await beat(store, slots=2)
    await queue(store, 1, "pia", cost=1)
    await queue(store, 2, "quin", cost=3)
    await queue(store, 3, "rosa", cost=1)
    assert [grant.cost for grant in await store.grant(10)] == [1, 3]
    assert (await store.line()).ovens[0].leased == 4


async def test_a_restarted_generator_takes_the_place_of_the_old(store: Store, clock: Clock) -> None:
    await beat(store, "life-1", address="10.0.0.1:50053")
    clock.now += 1
    await beat(store, "life-2", address="10.0.0.1:50053")
    assert [oven.generator_id for oven in (await store.line()).ovens] == ["life-2"]


async def test_two_models_share_a_generator(store: Store) -> None:
    for n in range(4):
        await queue(store, n, "pia", model="crumb")
    for n in range(4):
        await queue(store, 10 + n, "quin", model="brioche")
    await beat(store, slots=4, models=("crumb", "brioche"))
    assert sorted(grant.model for grant in await store.grant(10)) == ["brioche"] * 2 + ["crumb"] * 2


async def test_moves_tell_who_got_a_turn_or_ended(store: Store) -> None:
    cursor, _ = await store.moves_since("")
    first, second = await queue(store, 1), await queue(store, 2)
    await beat(store)
    await store.grant(10)
    await store.refund(second, RefundReason.CANCELLED)
    cursor, moved = await store.moves_since(cursor)
    assert moved == [first, second]
    assert await store.moves_since(cursor) == (cursor, [])


async def test_a_cancelled_ticket_is_not_held_against_its_account(store: Store) -> None:
    await queue(store, 1, "pia", cost=5)
    await store.refund(job_id(1), RefundReason.CANCELLED)
    await queue(store, 2, "quin")
    mine = await queue(store, 3, "pia")
    later = await queue(store, 4, "quin")
    standings = await store.standings([mine, later])
    assert (standings[mine].place, standings[later].place) == (1, 2)


async def test_keys_have_holders_until_revoked(store: Store) -> None:
    holder = await store.holder("digest-ada")
    assert holder and (holder.account_id, holder.tier, holder.revoked) == ("ada", "free", False)
    await store.create_key("digest-new", "key_new", "ada", "paid", "upgraded")
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
    assert (await store.allowance("pia"))[1][0].used == charged
    books = await store.books()
    assert (books.committed + books.refunded, books.live) == (5, 0)
