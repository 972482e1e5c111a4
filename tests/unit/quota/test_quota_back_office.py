"""What operators do, over the memory store: each change with its reason in the log, each bad field by its name."""

from collections.abc import Awaitable, Callable

import pytest

from services.quota.back_office import BANNED, MOST_DRAINED, BackOffice
from services.quota.desk import Desk
from services.quota.limits import Verdict
from services.quota.memory_store import MemoryStore
from services.quota.office import Holder, Profile
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.reservation import RefundReason, State
from services.quota.store import Ask
from services.quota.surge import Level, SurgeState
from services.runtime.errors import Fault, Reason

POLICY = load_policy(BUNDLED)
NOON = 20_000.5 * 86_400


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore(POLICY, lambda: NOON)
    for name, tier in (("ada", "free"), ("pia", "paid")):
        await made.create_key(f"digest-{name}", Holder(name, tier, f"key_{name}", False), "a test")
    return made


@pytest.fixture
def desk(store: MemoryStore) -> Desk:
    return Desk(store, POLICY)


@pytest.fixture
def office(store: MemoryStore, desk: Desk) -> BackOffice:
    return BackOffice(store, POLICY, desk, clock=lambda: NOON)


async def log_of(store: MemoryStore) -> list[tuple[str, str, str, str]]:
    """Newest last, without the fixture's two keys."""
    entries = [(one.action, one.subject, one.detail, one.reason) for one in await store.audit("", 100)]
    return entries[::-1][2:]


async def field_of(call: Awaitable[object]) -> str:
    with pytest.raises(Fault) as fault:
        await call
    assert fault.value.reason in {Reason.INVALID_ARGUMENT, Reason.NOT_FOUND}
    return fault.value.metadata["field"]


def named(verdicts: list[Verdict], policy: str) -> Verdict:
    (found,) = (one for one in verdicts if one.policy == policy)
    return found


async def test_an_account_is_moved_and_shown(office: BackOffice, store: MemoryStore) -> None:
    await office.set_tier("ada", "paid", " a donation ")
    await office.set_zone("ada", "Europe/Paris", "moved")
    profile, verdicts, level = await office.account("ada")
    assert (profile, level) == (Profile("paid", "Europe/Paris"), Level.NORMAL)
    assert named(list(verdicts), "daily").limit == 500
    await office.set_zone("ada", "", "moved back")
    assert (await office.account("ada"))[0].zone == ""
    assert await log_of(store) == [
        ("set_tier", "ada", "paid", "a donation"),
        ("set_zone", "ada", "Europe/Paris", "moved"),
        ("set_zone", "ada", "", "moved back"),
    ]


async def test_a_ban_says_what_the_operator_wants_said_and_no_more(office: BackOffice, desk: Desk) -> None:
    await office.ban("ada", "", "fraud, case 1234")
    with pytest.raises(Fault) as barred:
        await desk.reserve("0" * 26, "ada", 1, "crumb")
    assert (barred.value.reason, barred.value.metadata["detail"]) == (Reason.ACCOUNT_BANNED, BANNED)
    await office.ban("ada", "write to us", "fraud, case 1234")
    assert (await office.account("ada"))[0].banned == "write to us"
    await office.unban("ada", "a mistake")
    assert (await desk.reserve("0" * 26, "ada", 1, "crumb")).reservation


async def test_a_credit_and_a_reset_reach_the_allowance(office: BackOffice, store: MemoryStore) -> None:
    before = named(list((await office.account("ada"))[1]), "daily").limit
    assert (await office.credit("ada", "daily", 5, "sorry")).limit == before + 5
    await office.reset("ada", "a new start")
    assert [entry[0] for entry in await log_of(store)] == ["credit", "reset"]


async def test_a_pinned_level_is_seen_at_once_and_stays_until_released(
    office: BackOffice, desk: Desk, store: MemoryStore
) -> None:
    assert await desk.view.level() is Level.NORMAL
    pinned = await office.pin_surge(Level.SHED, "maintenance")
    assert (pinned.pinned, pinned.since, pinned.cause) == (True, NOON, "pinned: maintenance")
    assert await desk.view.level() is Level.SHED
    released = await office.release_surge("done")
    assert (released.level, released.pinned) == (Level.SHED, False)
    assert await office.release_surge("done again") == released
    assert await log_of(store) == [
        ("surge", "mesh", "shed", "pinned: maintenance"),
        ("surge", "mesh", "shed", "released: done"),
    ]


async def test_a_level_that_moves_meanwhile_is_pinned_all_the_same(desk: Desk) -> None:
    class Restless(MemoryStore):
        """Somebody else writes the level between each read and write, `left` times."""

        left = 3

        async def set_surge(self, before: SurgeState, after: SurgeState) -> bool:
            if self.left:
                self.left -= 1
                self._surge = SurgeState(Level.BUSY, NOON + self.left)
            return await super().set_surge(before, after)

    store = Restless(POLICY, lambda: NOON)
    office = BackOffice(store, POLICY, desk)
    assert (await office.pin_surge(Level.SURGE, "a test")).level is Level.SURGE
    store.left = 1_000
    with pytest.raises(Fault) as restless:
        await office.pin_surge(Level.NORMAL, "a test")
    assert restless.value.reason is Reason.UNAVAILABLE


async def wait_in_line(store: MemoryStore, number: int, account: str, model: str = "crumb") -> str:
    id = f"{number:026d}"
    await store.open_account(account, "free", "a test")
    assert (await store.reserve(Ask(id, account, 1, model, 60.0, 1_000))).reservation
    await store.enqueue(id, 60.0)
    return id


async def test_a_class_is_drained_and_its_neighbours_are_not(
    office: BackOffice, desk: Desk, store: MemoryStore
) -> None:
    ids = [await wait_in_line(store, number, f"ada-{number}") for number in range(3)]
    others = [await wait_in_line(store, 10, "pia"), await wait_in_line(store, 11, "ada", "brioche")]
    drained = await office.drain("crumb", "free", "moving house")
    assert (drained.refunded, drained.more) == (3, False)
    for id in ids:
        ended = await desk.reservation(id)
        assert (ended.state, ended.refund_reason) == (State.REFUNDED, RefundReason.CANCELLED)
    assert {(await desk.reservation(id)).state for id in others} == {State.QUEUED}
    assert (await log_of(store))[-1] == ("drain", "crumb free", "3 tickets", "moving house")
    entries = len(await log_of(store))
    assert (await office.drain("crumb", "free", "again")).refunded == 0
    assert len(await log_of(store)) == entries, "nothing was changed"
    assert await store.discrepancies() == []


async def test_a_long_line_is_drained_by_pages(office: BackOffice, store: MemoryStore) -> None:
    for number in range(MOST_DRAINED + 1):
        await wait_in_line(store, number, f"ada-{number}")
    first = await office.drain("crumb", "free", "moving house")
    assert (first.refunded, first.more) == (MOST_DRAINED, True)
    second = await office.drain("crumb", "free", "moving house")
    assert (second.refunded, second.more) == (1, False)


async def test_the_log_is_read_by_pages_to_its_end(office: BackOffice) -> None:
    for number in range(4):
        await office.reset("ada", f"reason {number}")
    seen, token = [], ""
    while True:
        entries, token = await office.audit(2, token)
        seen += [entry.reason for entry in entries]
        if not token:
            break
    assert seen == ["reason 3", "reason 2", "reason 1", "reason 0", "a test", "a test"]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda o: o.set_tier("ada", "gold", "a test"), "tier"),
        (lambda o: o.set_tier("nobody", "paid", "a test"), "account_id"),
        (lambda o: o.set_tier("a da", "paid", "a test"), "account_id"),
        (lambda o: o.set_tier("ada", "paid", " "), "reason"),
        (lambda o: o.set_tier("ada", "paid", "two\nlines"), "reason"),
        (lambda o: o.set_zone("ada", "Moon/Sea", "a test"), "time_zone"),
        (lambda o: o.set_zone("ada", "../../etc/passwd", "a test"), "time_zone"),
        (lambda o: o.ban("ada", "x" * 201, "a test"), "notice"),
        (lambda o: o.ban("ada", "", ""), "reason"),
        (lambda o: o.unban("ada", ""), "reason"),
        (lambda o: o.credit("ada", "daily", 0, "a test"), "amount"),
        (lambda o: o.credit("ada", "daily", 1_000_001, "a test"), "amount"),
        (lambda o: o.credit("ada", "asks", 1, "a test"), "policy"),
        (lambda o: o.credit("ada", "daily", 1, ""), "reason"),
        (lambda o: o.reset("ada", ""), "reason"),
        (lambda o: o.pin_surge(Level.SHED, ""), "reason"),
        (lambda o: o.release_surge(""), "reason"),
        (lambda o: o.drain("Crumb!", "free", "a test"), "model"),
        (lambda o: o.drain("crumb", "gold", "a test"), "tier"),
        (lambda o: o.drain("crumb", "free", ""), "reason"),
        (lambda o: o.audit(201, ""), "page_size"),
        (lambda o: o.audit(-1, ""), "page_size"),
        (lambda o: o.audit(10, "yesterday"), "page_token"),
        (lambda o: o.audit(10, "9" * 19), "page_token"),
        (lambda o: o.account("nobody"), "account_id"),
        (lambda o: o.keys("a da"), "account_id"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_changed(
    office: BackOffice, store: MemoryStore, call: Callable[[BackOffice], Awaitable[object]], field: str
) -> None:
    assert await field_of(call(office)) == field
    assert await log_of(store) == []
