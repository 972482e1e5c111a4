"""Keys: what is stored, and who gets in."""

import pytest

from services.quota.accounts import Accounts, Bearer
from services.quota.memory_store import MemoryStore
from services.quota.office import Profile
from services.quota.policy_file import BUNDLED, load_policy
from services.runtime.errors import Fault, Reason

POLICY = load_policy(BUNDLED)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(POLICY, lambda: 0.0)


async def refused(accounts: Accounts, key: str) -> Reason:
    with pytest.raises(Fault) as fault:
        await accounts.authenticate(key)
    return fault.value.reason


async def test_a_key_opens_its_account_until_revoked(store: MemoryStore) -> None:
    accounts = Accounts(store, POLICY, "flour, water, salt")
    key = await accounts.create_key("ada", "paid", "a test")
    holder = await accounts.authenticate(key.secret)
    assert (holder.account_id, holder.tier, holder.key_id) == ("ada", "paid", key.key_id)
    await accounts.revoke_key(key.key_id, "lost")
    assert await refused(accounts, key.secret) is Reason.KEY_REVOKED
    assert [entry.action for entry in await store.audit("", 9)] == ["revoke_key", "create_key"]


async def test_neither_the_secret_nor_a_plain_hash_is_stored(store: MemoryStore) -> None:
    accounts = Accounts(store, POLICY, "flour, water, salt")
    key = await accounts.create_key("ada", "free", "a test")
    assert key.secret.startswith("fk_") and len(key.secret) >= 46
    assert key.secret not in repr(vars(store))
    assert await refused(Accounts(store, POLICY, "another pepper"), key.secret) is Reason.KEY_UNKNOWN


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", Reason.KEY_MISSING),
        ("fk_nobody", Reason.KEY_UNKNOWN),
        ("sk-other", Reason.KEY_UNKNOWN),
        ("fk_" + "x" * 200, Reason.KEY_UNKNOWN),
        ("fk_\ud800", Reason.KEY_UNKNOWN),
    ],
)
async def test_wrong_keys_are_refused(store: MemoryStore, key: str, reason: Reason) -> None:
    assert await refused(Accounts(store, POLICY, "flour, water, salt"), key) is reason


@pytest.mark.parametrize(
    ("account", "tier", "why", "field"),
    [
        ("two words", "free", "a test", "account_id"),
        ("", "free", "a test", "account_id"),
        ("ada:bob", "free", "a test", "account_id"),
        ("ada", "gold", "a test", "tier"),
        ("ada", "free", "  ", "reason"),
    ],
)
async def test_bad_requests_name_the_field(
    store: MemoryStore, account: str, tier: str, why: str, field: str
) -> None:
    with pytest.raises(Fault) as fault:
        await Accounts(store, POLICY, "flour, water, salt").create_key(account, tier, why)
    assert fault.value.metadata["field"] == field
    assert await store.audit("", 9) == []


async def test_a_key_ends_at_its_time(store: MemoryStore) -> None:
    now = 1_000.0
    accounts = Accounts(store, POLICY, "flour, water, salt", clock=lambda: now)
    key = await accounts.create_key("ada", "free", "a test", expires=1_060.0)
    now = 1_059.9
    assert (await accounts.authenticate(key.secret)).expires == 1_060.0
    now = 1_060.0
    assert await refused(accounts, key.secret) is Reason.KEY_EXPIRED
    await accounts.revoke_key(key.key_id, "over")
    assert await refused(accounts, key.secret) is Reason.KEY_REVOKED


@pytest.mark.parametrize("expires", [999.0, 1_000.0, 1_000.0 + 11 * 366 * 86_400, float("inf"), float("nan")])
async def test_a_key_ends_neither_in_the_past_nor_in_a_far_future(store: MemoryStore, expires: float) -> None:
    accounts = Accounts(store, POLICY, "flour, water, salt", clock=lambda: 1_000.0)
    with pytest.raises(Fault) as fault:
        await accounts.create_key("ada", "free", "a test", expires=expires)
    assert fault.value.metadata["field"] == "expire_time"
    assert await store.audit("", 9) == []


async def test_a_key_carries_its_scopes(store: MemoryStore) -> None:
    accounts = Accounts(store, POLICY, "flour, water, salt")
    key = await accounts.create_key("ada", "free", "a test", scopes=["read", "draw", "read"])
    assert (await accounts.authenticate(key.secret)).scopes == ("draw", "read")
    for wrong in (["bake"], ["read", ""]):
        with pytest.raises(Fault) as fault:
            await accounts.create_key("ada", "free", "a test", scopes=wrong)
        assert fault.value.metadata["field"] == "scopes"


async def test_a_key_without_a_tier_moves_nobody(store: MemoryStore) -> None:
    accounts = Accounts(store, POLICY, "flour, water, salt")
    await accounts.create_key("pia", "paid", "a test")
    for account, tier in (("pia", "paid"), ("new", POLICY.default_tier)):
        key = await accounts.create_key(account, "", "another key")
        assert (await accounts.authenticate(key.secret)).tier == tier


class Speaks:
    """A reader of tokens that takes every one for the same bearer."""

    def __init__(self, bearer: Bearer) -> None:
        self.bearer_of_all = bearer

    async def bearer(self, token: str) -> Bearer:
        return self.bearer_of_all


async def test_a_token_opens_an_account_that_no_key_can_have(store: MemoryStore) -> None:
    accounts = Accounts(store, POLICY, "flour, water, salt", tokens=Speaks(Bearer("ab12")))
    for _ in range(2):
        holder = await accounts.authenticate("head.body.tail")
        assert (holder.account_id, holder.tier, holder.key_id) == ("oidc-ab12", POLICY.default_tier, "oidc")
    (entry,) = await store.audit("", 9)
    assert (entry.action, entry.subject) == ("open_account", "oidc-ab12")
    with pytest.raises(Fault) as fault:
        await accounts.create_key("oidc-ab12", "paid", "a test")
    assert fault.value.metadata["field"] == "account_id"


@pytest.mark.parametrize(
    ("own", "asked", "judged"),
    [("free", "paid", "free"), ("paid", "free", "free"), ("paid", "", "paid"), ("paid", "gold", "paid")],
)
async def test_a_token_asks_for_no_more_than_the_server_grants(
    store: MemoryStore, own: str, asked: str, judged: str
) -> None:
    accounts = Accounts(store, POLICY, "flour, water, salt", tokens=Speaks(Bearer("ab12", asked)))
    await store.open_account("oidc-ab12", own, "a test")
    assert (await accounts.authenticate("head.body.tail")).tier == judged
    assert await store.account("oidc-ab12") == Profile(own), "the server's word stays"


async def test_without_an_issuer_a_token_is_a_key_that_nobody_knows(store: MemoryStore) -> None:
    assert await refused(Accounts(store, POLICY, "flour, water, salt"), "head.body.tail") is Reason.KEY_UNKNOWN
    accounts = Accounts(store, POLICY, "flour, water, salt", tokens=Speaks(Bearer("ab12")))
    assert await refused(accounts, "head." + "x" * 4_096 + ".tail") is Reason.KEY_UNKNOWN
