"""One suite for both stores: the line, and the turns that come out of it."""

from services.quota.line import Size
from services.quota.reservation import RefundReason, State
from services.quota.surge import Level
from tests.contract.quota_stores import POLICY, Clock, Store, beat, job_id, queue


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
    assert [standings[id].ahead for id in (ids[0], late, *ids[1:])] == [
        Size(cost, 1000 * cost) for cost in (0, 2, 3, 5, 7)
    ]


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
    assert (await store.allowance("ada", Level.NORMAL))[1][0].held == 0


async def test_releasing_slots_lets_the_next_one_bake(store: Store) -> None:
    first, second = await queue(store, 1), await queue(store, 2)
    await beat(store)
    assert [grant.id for grant in await store.grant(10)] == [first]
    await store.release_slots(first, 1)
    await store.release_slots(first, 1)
    assert [grant.id for grant in await store.grant(10)] == [second]
    await store.commit(first, 1)
    assert (await store.line()).ovens[0].leased == 1


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


async def test_a_turn_that_an_oven_had_no_time_for_is_no_attempt(store: Store, clock: Clock) -> None:
    id = await queue(store, 1)
    for attempt in range(1, 2 * POLICY.max_attempts):
        await beat(store)
        assert len(await store.grant(10)) == 1
        assert (await store.return_turn(id, attempt, 60.0, untried=True)).state is State.QUEUED
    for more in range(POLICY.max_attempts):
        await beat(store)
        assert len(await store.grant(10)) == 1
        returned = await store.return_turn(id, 2 * POLICY.max_attempts + more, 60.0)
    assert (returned.state, returned.refund_reason) == (State.REFUNDED, RefundReason.FAILED)


async def test_who_gives_a_ticket_up_gets_its_place_for_the_next(store: Store) -> None:
    """Whichever of an account's tickets leaves: those behind it move up past others."""
    mine = [await queue(store, n, "pia", cost=3) for n in range(3)]
    other = [await queue(store, 10 + n, "quin", cost=3) for n in range(3)]

    async def order() -> list[str]:
        standings = await store.standings([*mine, *other])
        waiting = [one for one in standings.values() if one.reservation.state is State.QUEUED]
        return [one.reservation.id for one in sorted(waiting, key=lambda one: one.place)]

    assert await order() == [mine[0], other[0], mine[1], other[1], mine[2], other[2]]
    await store.refund(mine[0], RefundReason.CANCELLED)
    assert await order() == [mine[1], other[0], mine[2], other[1], other[2]]
    again = await queue(store, 3, "pia", cost=3)
    mine.append(again)
    assert await order() == [mine[1], other[0], mine[2], other[1], other[2], again]
