"""One suite for both stores: every kind of limit, at its edges and over its stretches."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.quota.limits import Unit, Verdict
from services.quota.reservation import RefundReason
from services.quota.store import Decision
from services.quota.surge import Level
from services.runtime.errors import Fault, Reason
from tests.contract.quota_stores import Clock, Store, ask, beat, job_id, open_account, queue


def one(decision: Decision, policy: str) -> Verdict:
    (found,) = (verdict for verdict in decision.verdicts if verdict.policy == policy)
    return found


async def window(store: Store, account: str, policy: str) -> Verdict:
    (found,) = (
        verdict for verdict in (await store.allowance(account, Level.NORMAL))[1] if verdict.policy == policy
    )
    return found


def at(zone: str, *fields: int) -> float:
    return datetime(*fields, tzinfo=ZoneInfo(zone)).timestamp()  # type: ignore[arg-type]


async def drawn(store: Store, number: int, account: str, cost: int = 1) -> None:
    """A job from its asking to its charge."""
    id = await queue(store, number, account, cost)
    await beat(store, slots=20)
    await store.grant(10)
    await store.commit(id, cost)


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 7), 24), ((2026, 3, 8), 23), ((2026, 11, 1), 25), ((2028, 2, 29), 24)]
)
async def test_a_day_is_the_accounts_own_however_long(
    store: Store, clock: Clock, day: tuple[int, int, int], hours: int
) -> None:
    """In the policy's zone, Montreal, where clocks change in March and November."""
    clock.now = at("America/Montreal", *day)
    decision = await store.reserve(ask(1, "gil", 3))
    assert one(decision, "day").reset_time == clock.now + hours * 3600
    clock.now += hours * 3600 - 1
    assert (await window(store, "gil", "day")).held == 3
    clock.now += 1
    assert (await window(store, "gil", "day")).held == 0
    await store.refund(job_id(1), RefundReason.CANCELLED)
    clock.now -= 1
    assert (await window(store, "gil", "day")).held == 0, "it went back to the day it was charged to"


async def test_an_account_may_live_by_another_clock(store: Store, clock: Clock) -> None:
    clock.now = at("Asia/Tokyo", 2026, 6, 2, 0, 30)
    assert one(await store.reserve(ask(1, "gil")), "day").reset_time == at("America/Montreal", 2026, 6, 2)
    await store.set_account("gil", {"zone": "Asia/Tokyo"}, "moved")
    second = one(await store.reserve(ask(2, "gil")), "day")
    assert (second.reset_time, second.held) == (at("Asia/Tokyo", 2026, 6, 3), 0)
    await store.set_account("gil", {"zone": ""}, "moved back")
    assert (await window(store, "gil", "day")).reset_time == at("America/Montreal", 2026, 6, 2)


async def test_a_rolling_window_lets_go_a_twelfth_at_a_time(store: Store, clock: Clock) -> None:
    """8,000 of work in 2 hours, counted by 10 minutes."""
    clock.now = begun = clock.now // 600 * 600
    assert (await store.reserve(ask(1, "gil", 1, work=5_000))).reservation
    clock.now += 1_800
    assert (await store.reserve(ask(2, "gil", 1, work=3_000))).reservation
    refused = await store.reserve(ask(3, "gil", 1, work=1_000))
    assert refused.refusal and refused.refusal.reason is Reason.ALLOWANCE_SPENT
    # The first counter leaves the window when its last moment is two hours old.
    assert refused.refusal.retry_time == begun + 7_200 + 600
    wide = await store.reserve(ask(4, "gil", 1, work=6_000))
    assert wide.refusal and wide.refusal.retry_time == begun + 1_800 + 7_200 + 600
    never = await store.reserve(ask(5, "gil", 1, work=8_001))
    assert never.refusal and never.refusal.retry_time is None
    clock.now = begun + 7_799
    assert (await store.reserve(ask(6, "gil", 1, work=1_000))).refusal
    clock.now += 1
    sliding = one(await store.reserve(ask(7, "gil", 1, work=5_000)), "sliding")
    assert (sliding.held, sliding.unit) == (3_000, Unit.WORK)
    await store.refund(job_id(2), RefundReason.CANCELLED)
    assert (await window(store, "gil", "sliding")).held == 5_000


async def test_a_burst_is_regained_evenly(store: Store, clock: Clock) -> None:
    """Four jobs at once, one more each 15 seconds."""
    for number in range(4):
        decision = await store.reserve(ask(number, "gil", work=1))
        assert decision.reservation and one(decision, "asks").used == number
    fast = await store.reserve(ask(10, "gil", work=1))
    assert fast.refusal and fast.refusal.reason is Reason.ASKED_TOO_FAST
    assert fast.refusal.retry_time == clock.now + 15
    assert (await store.reserve(ask(10, "gil", work=1))).refusal, "asking in vain costs nothing"
    clock.now += 15
    assert (await store.reserve(ask(11, "gil", work=1))).reservation
    assert (await store.reserve(ask(12, "gil", work=1))).refusal
    clock.now += 60
    assert (await window(store, "gil", "asks")).used == 0


async def test_a_shadow_limit_counts_and_refuses_nobody(store: Store) -> None:
    await store.reserve(ask(1, "gil"))
    second = await store.reserve(ask(2, "gil"))
    watched = one(second, "watched")
    assert second.reservation and (watched.binding, watched.shadow, watched.held) == (True, True, 1)
    assert (await window(store, "gil", "watched")).held == 2


async def test_a_wait_that_is_too_long_is_refused_until_it_is_not(store: Store, clock: Clock) -> None:
    """Free tickets wait 20 seconds at most."""
    long = await store.reserve(ask(1, waits={"free": 50.0, "paid": 1.0}))
    assert long.refusal and (long.refusal.reason, long.refusal.policy) == (Reason.LINE_FULL, "wait")
    assert long.refusal.retry_time == clock.now + 30
    verdict = one(long, "wait")
    assert (verdict.limit, verdict.held, verdict.unit) == (20, 50, Unit.SECONDS)
    assert (await store.reserve(ask(1, waits={"free": 20.0}))).reservation
    again = await store.reserve(ask(1, waits={"free": 900.0}))
    assert again.repeated and not one(again, "wait").binding
    assert (await store.reserve(ask(2, "pia", waits={"paid": 900.0}))).reservation, "paid has no such limit"
    assert (await store.reserve(ask(3))).reservation, "a wait that is not known refuses nobody"


async def test_a_commit_of_fewer_pictures_charges_their_part_of_the_work(store: Store) -> None:
    id = job_id(1)
    await store.reserve(ask(1, "gil", 4, work=2_001))
    await store.enqueue(id, 60.0)
    await beat(store, slots=4)
    await store.grant(10)
    await store.commit(id, 3)
    sliding = await window(store, "gil", "sliding")
    assert (sliding.used, sliding.held) == (1_501, 0)


async def test_a_credit_is_for_this_stretch_and_a_reset_forgets_what_was_committed(
    store: Store, clock: Clock
) -> None:
    await drawn(store, 1, "ada", 3)
    assert (await store.reserve(ask(2))).refusal
    assert (await store.credit("ada", "daily", 2, "sorry")).limit == 5
    for _ in range(2):
        assert (await store.credit("ada", "daily", 1, "sorry", "appeal-1")).limit == 6, "once a request"
    assert (await store.credit("ada", "daily", 1, "sorry", "appeal-2")).limit == 7
    assert (await store.reserve(ask(2, cost=2))).reservation
    await store.reset("ada", "a new start")
    daily = await window(store, "ada", "daily")
    assert (daily.limit, daily.used, daily.held) == (7, 0, 2)
    clock.now += 86_400
    assert (await window(store, "ada", "daily")).limit == 3
    for policy in ("live", "asks", "nothing"):
        with pytest.raises(Fault) as unknown:
            await store.credit("gil", policy, 1, "no such window")
        assert unknown.value.reason is Reason.NOT_FOUND
    entries = [(entry.action, entry.subject, entry.detail, entry.reason) for entry in await store.audit("", 4)]
    assert entries == [
        ("reset", "ada", "", "a new start"),
        *[("credit", "ada", "1 pictures of daily", "sorry")] * 2,
        ("credit", "ada", "2 pictures of daily", "sorry"),
    ]


async def test_a_reset_reaches_every_part_of_a_rolling_window_and_a_burst(store: Store, clock: Clock) -> None:
    for number in range(4):
        await drawn(store, number, "gil")
        clock.now += 1
    clock.now += 1_200
    for number in range(4, 8):
        await drawn(store, number, "gil")
    await store.reset("gil", "a test")
    assert (await window(store, "gil", "sliding")).used == 0
    assert (await window(store, "gil", "asks")).used == 0


async def test_a_banned_account_asks_for_nothing_new(store: Store) -> None:
    first = await store.reserve(ask(1))
    await store.set_account("ada", {"banned": "spam"}, "seen by an operator")
    holder = await store.holder("digest-ada")
    assert holder and holder.banned == "spam"
    with pytest.raises(Fault) as barred:
        await store.reserve(ask(2))
    assert (barred.value.reason, barred.value.metadata["detail"]) == (Reason.ACCOUNT_BANNED, "spam")
    assert (await store.reserve(ask(1))).reservation == first.reservation
    await store.set_account("ada", {"banned": ""}, "a mistake")
    assert (await store.reserve(ask(2))).reservation


async def test_a_tier_with_overcommit_goes_beyond_the_slots_and_others_do_not(store: Store) -> None:
    """Two slots and half of them again for gold."""
    await beat(store, slots=2)
    for number, account in enumerate(("ada", "bob", "ada", "bob")):
        await queue(store, number, account)
    assert len(await store.grant(10)) == 2
    await queue(store, 10, "gil")
    await queue(store, 11, "gil")
    (grant,) = await store.grant(10)
    assert (grant.tier, (await store.line()).ovens[0].leased) == ("gold", 3)
    assert await store.grant(10) == [], "gold waits too now, and free waits for a slot"
    await store.release_slots(job_id(0), 1)
    (grant,) = await store.grant(10)
    assert grant.tier == "gold", "two of three slots are taken"


async def test_overcommit_is_for_a_tiers_turn_and_not_beyond_its_share(store: Store) -> None:
    """Six slots and three beyond for gold, which has four parts of five."""
    await open_account(store, "gus", "gold")
    await beat(store, slots=6)
    for number in range(8):
        await queue(store, 10 + number, ("gil", "gus")[number % 2])
    for number in range(4):
        await queue(store, number, ("ada", "bob")[number % 2])
    tiers = [grant.tier for grant in await store.grant(20)]
    assert (tiers.count("gold"), tiers.count("free")) == (5, 1), "it is free's turn now, and free waits for a slot"
    await store.release_slots(job_id(10), 1)
    assert [grant.tier for grant in await store.grant(1)] == ["free"]
    assert {grant.tier for grant in await store.grant(20)} == {"gold"}


async def test_the_line_tells_what_ever_joined_and_counts_no_return(store: Store) -> None:
    await queue(store, 1)
    await queue(store, 2, "bob", cost=2)
    await beat(store)
    assert [one.joined_work for one in (await store.line()).classes] == [3_000]
    await store.grant(1)
    await store.return_turn(job_id(1), 1, 60.0)
    assert [one.joined_work for one in (await store.line()).classes] == [3_000]


async def test_shares_are_of_work_and_not_of_pictures(store: Store) -> None:
    """Free and paid have 1 to 4: a free picture of four times the work waits for sixteen usual ones of paid."""
    await open_account(store, "cleo", "free")
    for number, account in enumerate(("ada", "bob", "cleo")):
        await store.reserve(ask(number, account, work=4_000))
        await store.enqueue(job_id(number), 60.0)
    for number in range(8):
        await queue(store, 100 + number, ("pia", "quin")[number % 2])
    await beat(store, slots=20)
    tiers = [grant.tier for grant in await store.grant(9)]
    assert tiers.count("free") == 1


async def test_the_surge_level_has_one_writer_and_a_log(store: Store) -> None:
    first = await store.surge()
    busy = type(first)(Level.BUSY, 100.0, "backlog 12 s")
    assert await store.set_surge(first, busy)
    assert not await store.set_surge(first, busy), "somebody was faster"
    assert await store.surge() == busy
    turning = type(first)(Level.BUSY, 100.0, "backlog 12 s", turning=130.0, up=True)
    assert await store.set_surge(busy, turning)
    assert await store.surge() == turning
    (entry,) = await store.audit("", 1)
    assert (entry.action, entry.subject, entry.detail, entry.reason) == ("surge", "mesh", "busy", "backlog 12 s")


async def test_keys_are_listed_and_the_log_is_read_backwards_by_pages(store: Store) -> None:
    assert [holder.key_id for holder in await store.keys("ada")] == ["key_ada"]
    assert await store.keys("nobody") == []
    assert await store.waiting("crumb", "free", 5) == []
    id = await queue(store, 1)
    assert await store.waiting("crumb", "free", 5) == [id]
    whole = await store.audit("", 100)
    assert [entry.action for entry in whole] == ["create_key"] * 6
    page = await store.audit("", 4)
    assert [*page, *await store.audit(page[-1].id, 4)] == whole
