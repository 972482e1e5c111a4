"""Keys: what is stored, and who gets in."""

import pytest

from services.quota.accounts import Accounts
from services.quota.memory_store import MemoryStore
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
