"""Pages of appeals in a real store: whatever times they share, none is skipped and none comes twice."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.moderator.appeal_pages import Place, check_page
from services.moderator.appeals import Appeal, State
from services.moderator.ledger import Ledger
from services.moderator.rules import AppealRules, Rules
from services.runtime.errors import Fault
from services.runtime.redis_link import RedisLink

RULES = Rules("test", appeals=AppealRules(open_per_account=50, filed_per_day=50))
NOON = 1_800_000_000_000
"""In ms."""

Filed = tuple[str, int, float]
"""Account, ms after noon, and how much earlier its owner's desk had looked at its clock, in seconds."""

filed_appeals = st.lists(
    st.tuples(st.sampled_from(["ada", "bob"]), st.integers(0, 3), st.floats(0.0, 0.003)), max_size=14
)
few = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Store:
    """A ledger over an emptied store, with the appeals of an example filed."""

    def __init__(self, url: str) -> None:
        with redis.Redis.from_url(url) as client:
            client.flushall()
        self.link = RedisLink(url)
        self.now = NOON
        self.ledger = Ledger(self.link, lambda: self.now / 1000)

    async def file(self, appeals: list[Filed]) -> list[Place]:
        """Their places, in the order in which they were filed."""
        places = []
        for number, (account, ms, early) in enumerate(appeals):
            self.now = NOON + ms
            # Neither the order of filing nor its contrary.
            place = Place(self.now, f"apl_{number * 7 % 15:02d}")
            appeal = Appeal(
                place.id, f"dec_{number}", account, "prompt", "hate", 0.9, "v", "a prompt", "", "en",
                self.now / 1000 - early,
            )  # fmt: skip
            assert await self.ledger.file(appeal, RULES, "")
            places.append(place)
        return places

    async def decide(self, place: Place) -> None:
        await self.ledger.decide(
            place.id, State.DENIED, RULES, notice="", reason="no", exemplar=None, credit=False, detail=""
        )

    async def pages(
        self, size: int, between: Callable[[int], Coroutine[Any, Any, None]] | None = None, **listed: Any
    ) -> list[str]:
        """The ids of all pages on end; `between` is called before each page after the first."""
        seen: list[str] = []
        token = ""
        for number in range(100):
            limit, after = check_page(size, token, 20, 100)
            page, token = await self.ledger.appeals(after=after, limit=limit, **listed)
            assert len(page) <= size and (len(page) == size or not token)
            seen += [one.id for one in page]
            if not token:
                return seen
            if between is not None:
                await between(number)
        raise AssertionError("pages without end")


def run(url: str, example: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        store = Store(url)
        try:
            await example(store)
        finally:
            await store.link.close()

    asyncio.run(whole())


@few
@given(appeals=filed_appeals, size=st.integers(1, 6))
def test_pages_on_end_are_the_list(valkey_url: str, appeals: list[Filed], size: int) -> None:
    async def example(store: Store) -> None:
        places = await store.file(appeals)
        newest = [one.id for one in sorted(places, reverse=True)]
        assert await store.pages(size) == newest
        assert await store.pages(size, state=State.OPEN) == newest
        for account in ("ada", "bob"):
            own = {place.id for place, (whose, _, _) in zip(places, appeals, strict=True) if whose == account}
            assert await store.pages(size, account_id=account) == [one for one in newest if one in own]

    run(valkey_url, example)


@few
@given(appeals=filed_appeals, size=st.integers(1, 3), decided=st.lists(st.integers(0, 13), max_size=8))
def test_pages_of_what_is_open_lose_only_what_is_decided(
    valkey_url: str, appeals: list[Filed], size: int, decided: list[int]
) -> None:
    async def example(store: Store) -> None:
        places = await store.file(appeals)
        gone: set[str] = set()

        async def decide(number: int) -> None:
            for place in [places[n] for n in decided[number : number + 1] if n < len(places)]:
                await store.decide(place)
                gone.add(place.id)

        seen = await store.pages(size, decide, state=State.OPEN)
        assert len(seen) == len(set(seen)), "none twice"
        assert set(seen) | gone == {one.id for one in places}, "none skipped"
        newest = [one.id for one in sorted(places, reverse=True)]
        assert seen == [one for one in newest if one in seen]

    run(valkey_url, example)


async def test_a_forgotten_appeal_ends_no_list(valkey_url: str) -> None:
    store = Store(valkey_url)
    places = await store.file([("ada", 0, 0.0)] * 4)
    await store.link.text.delete(f"{{moderator}}:appeal:{max(places).id}")
    first, token = await store.ledger.appeals(account_id="ada", limit=2)
    rest, end = await store.ledger.appeals(account_id="ada", after=check_page(2, token, 2, 2)[1], limit=2)
    assert [one.id for one in (*first, *rest)] == [one.id for one in sorted(places, reverse=True)[1:]]
    assert end == ""
    await store.link.close()


@settings(deadline=None)
@given(st.integers(0, 10**16 - 1), st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26))
def test_a_token_is_read_back(ms: int, name: str) -> None:
    place = Place(ms, f"apl_{name}")
    assert check_page(0, place.token(), 20, 100) == (20, place)


@pytest.mark.parametrize(
    "token",
    ["17", "17-", "-apl_a", "x-apl_a", "1-dec_a", "²-apl_a", "1-apl_é", "1" * 17 + "-apl_a", "1-apl_" + "a" * 61],
)
def test_a_token_that_is_none_is_named(token: str) -> None:
    with pytest.raises(Fault) as caught:
        check_page(0, token, 20, 100)
    assert caught.value.metadata["field"] == "page_token"
