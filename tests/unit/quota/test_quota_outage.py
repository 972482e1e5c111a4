"""The desk while its store is away: paying accounts go on, nobody else does, and the books end right."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.quota.desk import Desk
from services.quota.journal import Journal
from services.quota.memory_store import MemoryStore
from services.quota.office import Holder
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.reservation import RefundReason, State
from services.quota.store import Decision
from services.quota.voucher import LIFE, Seal
from services.runtime.errors import Fault, Reason

POLICY = load_policy(BUNDLED)
PEPPER = "salt and time"
CALLS = (
    "reserve", "adopt", "attend", "enqueue", "return_turn", "release_slots", "extend", "commit", "refund",
    "standings", "line", "heartbeat", "grant", "surge",
)  # fmt: skip


class AwayStore(MemoryStore):
    """A memory store that does not answer while `away`."""

    away = False

    def __getattribute__(self, name: str) -> Any:
        if name in CALLS and object.__getattribute__(self, "away"):

            async def silent(*args: object, **named: object) -> None:
                raise Fault(Reason.UNAVAILABLE, "the store does not answer", retry_after=1.0)

            return silent
        return super().__getattribute__(name)


def job_id(number: int) -> str:
    return f"{number:026d}"


@pytest.fixture
async def store() -> AwayStore:
    made = AwayStore(POLICY, lambda: 1_000.0)
    for name, tier in (("ada", "free"), ("pia", "paid"), ("quin", "paid")):
        await made.create_key(f"digest-{name}", Holder(name, tier, f"key_{name}", False), "a test")
    return made


@pytest.fixture
async def desk(store: AwayStore, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk that has heard of an oven and of what `ada` and `pia` asked for, and whose store is away now."""
    journal = Journal(tmp_path)
    made = Desk(store, POLICY, pepper=PEPPER, journal=journal)
    await made.heartbeat("oven-1", "oven-1:50053", ["crumb"], 4, 0.5)
    for number, account in enumerate(("ada", "pia"), 900):
        await made.reserve(job_id(number), account, 1, "crumb")
        await made.refund(job_id(number), RefundReason.CANCELLED)
    store.away = True
    yield made
    journal.close()


async def granted(desk: Desk, number: int = 1, account: str = "pia", cost: int = 2) -> Decision:
    decision = await desk.reserve(job_id(number), account, cost, "crumb")
    assert decision.reservation and decision.voucher
    return decision


async def test_who_pays_gets_a_turn_at_once(desk: Desk) -> None:
    decision = await granted(desk)
    assert decision.reservation and decision.reservation.state is State.RUNNING
    ticket = await desk.enqueue(job_id(1), decision.voucher)
    assert ticket.turn and (ticket.turn.address, ticket.turn.attempt) == ("oven-1:50053", 1)


@pytest.mark.parametrize("account", ["ada", "quin", "nobody"])
async def test_who_does_not_or_was_not_heard_of_is_told_when_to_ask_again(desk: Desk, account: str) -> None:
    with pytest.raises(Fault) as fault:
        await desk.reserve(job_id(1), account, 1, "crumb")
    assert fault.value.reason is Reason.UNAVAILABLE and fault.value.retry_after


async def test_a_desk_without_a_journal_serves_nobody(store: AwayStore) -> None:
    store.away = False
    desk = Desk(store, POLICY)
    await desk.heartbeat("oven-1", "oven-1:50053", ["crumb"], 4, 0.5)
    await desk.reserve(job_id(1), "pia", 1, "crumb")
    store.away = True
    with pytest.raises(Fault):
        await desk.reserve(job_id(2), "pia", 1, "crumb")


async def test_the_same_call_gets_the_same_voucher(desk: Desk) -> None:
    assert (await granted(desk)).voucher == (await granted(desk)).voucher


async def test_the_share_of_the_ovens_is_the_end_of_it(desk: Desk) -> None:
    served = 0
    with pytest.raises(Fault):
        for number in range(1, 20):
            await granted(desk, number, cost=1)
            served += 1
    assert 1 <= served <= 5


async def test_afterwards_everything_is_charged_once(desk: Desk, store: AwayStore) -> None:
    first, second = await granted(desk, 1), await granted(desk, 2, cost=1)
    await desk.release_slots(job_id(1), 1, first.voucher)
    done = await desk.commit(job_id(1), 2, first.voucher)
    assert (done.state, done.charged) == (State.COMMITTED, 2)
    ended = await desk.refund(job_id(2), RefundReason.IMAGE_REFUSED, second.voucher)
    assert (ended.state, ended.refund_reason) == (State.REFUNDED, RefundReason.IMAGE_REFUSED)

    store.away = False
    before = await store.books()
    assert await desk.outage.reconcile() == 4
    assert await desk.outage.reconcile() == 0
    books = await store.books()
    assert (books.issued - before.issued, books.committed_pictures, books.live) == (2, 2, 0)
    assert await store.discrepancies() == []
    assert (await desk.commit(job_id(1), 2, first.voucher)).charged == 2
    assert (await store.books()).committed_pictures == 2
    _, verdicts = await desk.allowance("pia")
    assert verdicts[0].used == 2


async def test_another_replica_goes_by_the_voucher(desk: Desk, store: AwayStore, tmp_path: Path) -> None:
    voucher = (await granted(desk)).voucher
    other = Desk(store, POLICY, pepper=PEPPER, journal=Journal(tmp_path))
    assert (await other.commit(job_id(1), 1, voucher)).state is State.COMMITTED
    store.away = False
    # Whichever tells first: the one that heard of the end, then the one that gave the turn.
    await other.outage.reconcile()
    await desk.outage.reconcile()
    books = await store.books()
    assert (books.committed_pictures, books.live) == (1, 0)
    assert await store.discrepancies() == []


async def test_a_job_goes_on_when_the_store_is_back_in_its_midst(desk: Desk, store: AwayStore) -> None:
    voucher = (await granted(desk)).voucher
    store.away = False
    # Its journal was not told yet: the store learns of the job from the call.
    await desk.release_slots(job_id(1), 1, voucher)
    assert (await desk.reservation(job_id(1))).state is State.RUNNING
    assert (await desk.commit(job_id(1), 2, voucher)).charged == 2
    await desk.outage.reconcile()
    assert (await store.books()).committed_pictures == 2
    assert await store.discrepancies() == []


async def test_a_lost_turn_waits_for_the_store_and_goes_to_the_head(desk: Desk, store: AwayStore) -> None:
    voucher = (await granted(desk)).voucher
    with pytest.raises(Fault):
        await desk.return_turn(job_id(1), 1, voucher=voucher)
    store.away = False
    assert (await desk.return_turn(job_id(1), 1, voucher=voucher)).state is State.QUEUED
    assert (await desk.enqueue(job_id(1), voucher)).place == 0
    assert await store.discrepancies() == []


async def test_a_job_walked_again_keeps_its_turn(desk: Desk, store: AwayStore) -> None:
    voucher = (await granted(desk)).voucher
    again = await desk.reserve(job_id(1), "pia", 2, "crumb", voucher=voucher)
    assert again.repeated and again.reservation and again.reservation.state is State.RUNNING
    store.away = False
    again = await desk.reserve(job_id(1), "pia", 2, "crumb", voucher=voucher)
    assert again.reservation and again.reservation.attempts == 1
    assert (await store.books()).live == 1


async def test_what_the_owner_cancels_waits_for_the_store(desk: Desk) -> None:
    voucher = (await granted(desk)).voucher
    with pytest.raises(Fault) as fault:
        await desk.refund(job_id(1), RefundReason.CANCELLED, voucher)
    assert fault.value.reason is Reason.UNAVAILABLE


async def test_more_than_was_held_is_not_charged(desk: Desk) -> None:
    voucher = (await granted(desk)).voucher
    with pytest.raises(Fault) as fault:
        await desk.commit(job_id(1), 3, voucher)
    assert fault.value.reason is Reason.INVALID_ARGUMENT


async def test_a_journal_that_a_dead_process_left_is_reconciled(
    desk: Desk, store: AwayStore, tmp_path: Path
) -> None:
    voucher = (await granted(desk)).voucher
    await desk.commit(job_id(1), 2, voucher)
    assert desk.outage.journal
    desk.outage.journal.close()
    store.away = False
    heir = Desk(store, POLICY, pepper=PEPPER, journal=Journal(tmp_path))
    assert await heir.outage.reconcile() == 2
    assert (await store.books()).committed_pictures == 2


@pytest.mark.parametrize("wrong", ["forged", "another", "cut", "old", "long"])
async def test_a_wrong_voucher_is_refused(desk: Desk, store: AwayStore, wrong: str) -> None:
    voucher = (await granted(desk)).voucher
    seal, id = Seal(PEPPER), job_id(1)
    if wrong == "forged":
        voucher = Seal("another pepper").write(seal.read(voucher, 0.0))
    elif wrong == "another":
        id = job_id(2)
    elif wrong == "cut":
        voucher = voucher[:-8]
    elif wrong == "old":
        with pytest.raises(Fault):
            seal.read(voucher, seal.read(voucher, 0.0).issued + LIFE)
        return
    else:
        voucher = "A" * 100_000
    for away in (True, False):
        store.away = away
        with pytest.raises(Fault) as fault:
            await desk.commit(id, 1, voucher)
        assert (fault.value.reason, fault.value.metadata["field"]) == (Reason.INVALID_ARGUMENT, "voucher")
    assert (await store.books()).committed == 0
