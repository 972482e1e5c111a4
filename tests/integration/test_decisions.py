"""Refusals in a real store: recorded once, read back, and never in the way when the store is gone."""

from collections.abc import AsyncIterator

import pytest

from services.moderator.decisions import UNRECORDED, Decisions
from services.moderator.verdict import Stage, Verdict
from services.runtime.errors import Fault, Reason
from services.runtime.redis_link import RedisLink

REFUSAL = Verdict(
    allowed=False,
    decision_id="dec_abcdefghijklmnopqrstuvwxyz",
    stage=Stage.PROMPT,
    category="violence",
    score=0.875,
    policy_version="test",
    scores={"violence": 0.875},
    words=("tintamarre", "vacarme"),
)


@pytest.fixture
async def link(valkey_url: str) -> AsyncIterator[RedisLink]:
    """A link to an empty store."""
    link = RedisLink(valkey_url)
    yield link
    await link.close()


def decisions(link: RedisLink, now: float) -> Decisions:
    return Decisions(link, keep_seconds=1000, patience=2.0, clock=lambda: now)


async def test_a_refusal_can_be_read_back_without_its_words(link: RedisLink) -> None:
    kept = await decisions(link, 1_700_000_000.25).record(REFUSAL, "job_1", "acct_1")
    found = await decisions(link, 0).find(REFUSAL.decision_id)
    assert (found.job_id, found.account_id, found.create_time) == ("job_1", "acct_1", 1_700_000_000.25)
    assert kept == found.expire_time == 1_700_001_000.25
    assert found.verdict.category == "violence"
    assert found.verdict.score == 0.875
    assert found.verdict.words == ()
    stored = await link.text.hgetall(f"{{moderator}}:decision:{REFUSAL.decision_id}")
    assert stored["words"] == "2"
    assert not any("tintamarre" in value for value in stored.values())
    assert 0 < await link.text.ttl(f"{{moderator}}:decision:{REFUSAL.decision_id}") <= 1000


async def test_recording_twice_keeps_the_first_and_audits_once(link: RedisLink) -> None:
    kept = [await decisions(link, now).record(REFUSAL, "job_1", "acct_1") for now in (1.0, 2.0)]
    assert kept == [1_001.0, 1_001.0]
    assert (await decisions(link, 0).find(REFUSAL.decision_id)).create_time == 1.0
    assert await link.text.xlen("{moderator}:decisions") == 1


async def test_a_record_from_before_it_said_until_when_is_kept_as_long(link: RedisLink) -> None:
    await decisions(link, 1.0).record(REFUSAL, "job_1", "acct_1")
    await link.text.hdel(f"{{moderator}}:decision:{REFUSAL.decision_id}", "expire_time")
    assert await decisions(link, 2.0).record(REFUSAL, "job_1", "acct_1") == 1_002.0
    assert (await decisions(link, 0).find(REFUSAL.decision_id)).expire_time == 1_001.0


async def test_an_unknown_decision_is_not_found(link: RedisLink) -> None:
    with pytest.raises(Fault) as caught:
        await decisions(link, 0).find("dec_nothing")
    assert caught.value.reason is Reason.NOT_FOUND


async def test_without_a_store_recording_fails_quietly_and_is_counted() -> None:
    link = RedisLink("redis://127.0.0.1:1/0")
    before = UNRECORDED._value.get()
    assert await decisions(link, 0).record(REFUSAL, "job_1", "acct_1") is None
    assert UNRECORDED._value.get() == before + 1
    with pytest.raises(Fault) as caught:
        await decisions(link, 0).find(REFUSAL.decision_id)
    assert caught.value.reason is Reason.UNAVAILABLE
    await link.close()
