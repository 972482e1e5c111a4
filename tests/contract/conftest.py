"""The desk's store, each of the two in turn."""

from collections.abc import AsyncIterator

import pytest

from services.quota.memory_store import MemoryStore
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.runtime.pipelined import PipelinedLink
from tests.contract.quota_stores import POLICY, Clock, Store, open_account


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock()


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Store]:
    """A store with a few accounts. Whatever a test does, at its end every counter equals its recount."""
    url = request.getfixturevalue("valkey_url") if request.param == "redis" else ""
    link = PipelinedLink(url, tag=TAG, budget=2.0) if url else None
    made: Store = RedisStore(link, POLICY, clock=clock) if link else MemoryStore(POLICY, clock)
    for name in ("ada", "bob"):
        await open_account(made, name, "free")
    for name in ("pia", "quin", "rosa"):
        await open_account(made, name, "paid")
    await open_account(made, "gil", "gold")
    yield made
    assert await made.discrepancies() == []
    assert (await made.books()).balanced
    if link:
        await link.close()
