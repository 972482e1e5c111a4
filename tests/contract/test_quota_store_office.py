"""One suite for both stores: accounts, keys and the log as the back office uses them."""

import pytest

from services.quota.office import Holder, Profile
from services.quota.surge import Level
from services.runtime.errors import Fault, Reason
from tests.contract.quota_stores import Clock, Store, ask, beat, job_id


async def test_an_account_is_opened_once_and_read_as_it_stands(store: Store) -> None:
    with pytest.raises(Fault) as unknown:
        await store.account("zoe")
    assert unknown.value.reason is Reason.NOT_FOUND
    assert await store.open_account("zoe", "free", "first seen") == Profile("free")
    await store.set_account("zoe", {"tier": "paid", "zone": "Asia/Tokyo", "banned": "spam"}, "a test")
    assert await store.open_account("zoe", "free", "first seen") == Profile("paid", "Asia/Tokyo", "spam")
    await store.set_account("zoe", {"zone": "", "banned": ""}, "a test")
    assert await store.account("zoe") == Profile("paid")
    opened = [entry for entry in await store.audit("", 100) if entry.action == "open_account"]
    assert [(one.subject, one.detail, one.reason) for one in opened] == [("zoe", "tier free", "first seen")]


async def test_a_key_without_a_tier_leaves_its_account_where_it_is(store: Store) -> None:
    await store.create_key("digest-2", Holder("pia", "", "key_2", False, 1_000.5, ("read",)), "a second one")
    second = await store.holder("digest-2")
    assert second == Holder("pia", "paid", "key_2", False, 1_000.5, ("read",))
    assert (await store.audit("", 1))[0].detail == "account pia, tier paid"
    with pytest.raises(Fault) as unknown:
        await store.create_key("digest-3", Holder("nobody", "", "key_3", False), "a test")
    assert unknown.value.reason is Reason.NOT_FOUND
    assert await store.holder("digest-3") is None


async def test_a_key_that_is_made_again_is_made_once(store: Store) -> None:
    """The answer of the first call may be lost and the call sent again."""
    for tier in ("paid", "free"):
        await store.create_key("digest-2", Holder("pia", tier, "key_2", False), "a test")
    assert [key.key_id for key in await store.keys("pia")] == ["key_pia", "key_2"]
    assert (await store.account("pia")).tier == "paid"


async def test_a_note_enters_the_log(store: Store, clock: Clock) -> None:
    clock.now += 5
    await store.note("drain", "crumb free", "3 tickets", "moving house")
    (entry,) = await store.audit("", 1)
    assert (entry.time, entry.action, entry.subject) == (clock.now, "drain", "crumb free")
    assert (entry.detail, entry.reason) == ("3 tickets", "moving house")


@pytest.mark.parametrize(
    ("account", "asked", "judged"),
    [
        ("pia", "free", "free"),
        ("pia", "paid", "paid"),
        ("pia", "gold", "gold"),
        ("gil", "paid", "paid"),
        ("ada", "paid", "free"),
        ("ada", "gold", "free"),
        ("pia", "nothing", "paid"),
        ("pia", "", "paid"),
        ("pia", "fre", "paid"),
    ],
)
async def test_a_request_is_judged_by_the_tier_it_asks_for_if_that_is_no_heavier(
    store: Store, account: str, asked: str, judged: str
) -> None:
    """free weighs 1; paid and gold weigh 4."""
    decision = await store.reserve(ask(1, account, tier=asked))
    assert decision.reservation and decision.reservation.tier == judged
    tier, verdicts = await store.allowance(account, Level.NORMAL, asked)
    assert tier == judged
    assert [one.policy for one in verdicts][:-1] == [
        one.policy for one in decision.verdicts if one.policy not in {"live", "line", "wait"}
    ]
    await store.enqueue(job_id(1), 60.0)
    await beat(store)
    assert [grant.tier for grant in await store.grant(1)] == [judged]


async def test_a_lighter_tier_draws_on_the_same_account(store: Store) -> None:
    """What the account has under way counts whichever tier it is judged by."""
    for number in range(2):
        assert (await store.reserve(ask(number, "pia"))).reservation
    refused = await store.reserve(ask(2, "pia", tier="free"))
    assert refused.refusal and refused.refusal.reason is Reason.TOO_MANY_LIVE_JOBS
    assert (await store.reserve(ask(2, "pia"))).reservation
