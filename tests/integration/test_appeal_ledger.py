"""Appeals, exemplars and policies in a real store: bounded, decided once, audited, heard by every replica."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import redis

from services.moderator.appeals import Credit, State
from services.moderator.back_office import BackOffice
from services.moderator.exemplars import Kind
from services.moderator.policies import PolicyState
from services.moderator.rules import AppealRules, Rules
from services.moderator.verdict import Stage
from services.runtime.errors import Fault, Reason
from tests.integration.appeal_replica import CALIBRATED, LIMITS, Replica


@pytest.fixture
async def replica(valkey_url: str) -> AsyncIterator[Replica]:
    replica = Replica(valkey_url)
    yield replica
    await replica.link.close()


def failing(reason: Reason) -> "pytest.RaisesExc[Fault]":
    return pytest.raises(Fault, check=lambda fault: fault.reason is reason)


async def test_an_appeal_is_filed_once_read_by_its_owner_and_granted(replica: Replica) -> None:
    appeal = await replica.file("a knife and a melon")
    assert await replica.desk.file("ada", appeal.decision_id, "a knife and a melon", "again") == appeal
    assert (await replica.desk.list("ada", 10, ""))[0] == [appeal]
    for stranger in ("bob", ""):
        with failing(Reason.NOT_FOUND):
            await replica.desk.get(stranger, appeal.id)
        with failing(Reason.NOT_FOUND):
            await replica.desk.file(stranger, appeal.decision_id, "a knife and a melon", "")
    granted = await replica.office.decide(appeal.id, True, "a fruit", "you were right")
    assert (granted.state, granted.notice, granted.credit) == (State.GRANTED, "you were right", Credit.DONE)
    assert replica.given == [appeal.id]
    assert await replica.office.decide(appeal.id, True, "a fruit", "") == granted, "again is nothing"
    with failing(Reason.WRONG_STATE):
        await replica.office.decide(appeal.id, False, "no", "")
    assert replica.given == [appeal.id]
    await replica.following.whole()
    assert replica.book.shelf(Kind.ALLOW).equal["a knife and a melon"].id == granted.exemplar_id
    actions = [entry.action for entry in (await replica.office.audit(10, ""))[0]]
    assert actions == ["credit", "grant_appeal", "file_appeal"]


async def test_a_denied_appeals_prompt_is_removed(replica: Replica) -> None:
    appeal = await replica.file("a knife and a melon")
    denied = await replica.office.decide(appeal.id, False, "no fruit", "")
    assert (denied.state, denied.prompt, denied.exemplar_id) == (State.DENIED, "", "")
    assert replica.given == [] and not await replica.ledger.exemplar_ids()


async def test_a_grant_that_an_exemplar_would_undo_names_it(replica: Replica) -> None:
    appeal = await replica.file("a secret sign")
    replica.office = BackOffice(
        replica.ledger,
        replica.policies,
        replica.comparison,
        replica.office._give,
        frozenset(CALIBRATED.prompt),
        blocked=lambda prompt, rules: "exm_sign" if "sign" in prompt else "",
    )
    with failing(Reason.WRONG_STATE) as caught:
        await replica.office.decide(appeal.id, True, "why not", "")
    assert caught.value.metadata["state"] == "exm_sign"
    assert (await replica.office.decide(appeal.id, False, "a sign", "")).state is State.DENIED


async def test_only_the_refused_prompt_can_be_appealed_and_no_prompt_is_kept_before(
    replica: Replica, valkey_url: str
) -> None:
    refused = await replica.refuse("a knife and a melon")
    for other in ("a knife and a man", "a knife and a melon ", ""):
        with failing(Reason.INVALID_ARGUMENT):
            await replica.desk.file("ada", refused, other, "")
    with redis.Redis.from_url(valkey_url, decode_responses=True) as raw:
        for key in raw.scan_iter():
            rows = str(raw.hgetall(key) if raw.type(key) == "hash" else raw.xrange(key))
            assert "melon" not in rows
    never = await replica.refuse("something else", category="sexual_minors")
    with failing(Reason.NOT_APPEALABLE):
        await replica.desk.file("ada", never, "something else", "")
    for bad in ("x" * 2_001, "\ud800"):
        with failing(Reason.INVALID_ARGUMENT):
            await replica.desk.file("ada", refused, "a knife and a melon", bad)


async def test_appeals_are_bounded_by_account_by_day_and_in_all(replica: Replica) -> None:
    async def full(account: str, number: int) -> str:
        with failing(Reason.LIMIT_REACHED) as caught:
            await replica.file(f"prompt {number}", account)
        return caught.value.metadata["limit"]

    first = [await replica.file(f"prompt {n}") for n in range(3)]
    assert await full("ada", 3) == "appeals_open"
    for appeal in first:
        await replica.office.decide(appeal.id, False, "no", "")
    for n in range(3, 6):
        await replica.file(f"prompt {n}")
    assert await full("ada", 6) == "appeals_open"
    for account in ("bob", "cid"):
        for n in range(3 if account == "bob" else 2):
            await replica.file(f"prompt {n}", account)
    assert await full("dan", 1) == "appeals_total"
    for appeal in (await replica.office.appeals(State.OPEN, 50, ""))[0]:
        await replica.office.decide(appeal.id, False, "no", "")
    with failing(Reason.LIMIT_REACHED) as caught:
        await replica.file("prompt 7")
    assert caught.value.metadata["limit"] == "appeals_filed" and 0 < (caught.value.retry_after or 0) <= 86_400
    replica.now += 86_400
    await replica.file("prompt 8")


async def test_a_thousand_hostile_appeals_are_ten_a_day_and_five_at_once(valkey_url: str) -> None:
    replica = Replica(valkey_url, Rules("test"))
    filed = 0
    for n in range(1_000):
        try:
            await replica.file(f"hostile prompt {n}", "mallory")
            filed += 1
        except Fault as fault:
            assert fault.reason is Reason.LIMIT_REACHED
        for appeal in (await replica.office.appeals(State.OPEN, 200, ""))[0] if n % 100 == 99 else ():
            await replica.office.decide(appeal.id, False, "hostile", "")
    assert filed == AppealRules().filed_per_day
    assert await replica.link.text.zcard("{moderator}:appeals:open") == 0
    await replica.link.close()


async def test_one_accounts_appeals_add_only_so_many_exemplars(replica: Replica) -> None:
    appeals = [await replica.file(f"prompt {n}") for n in range(3)]
    for appeal in appeals[:2]:
        await replica.office.decide(appeal.id, True, "yes", "")
    with failing(Reason.LIMIT_REACHED) as caught:
        await replica.office.decide(appeals[2].id, True, "yes", "")
    assert caught.value.metadata == {"limit": "exemplars_account", "most": "2"}
    assert (await replica.office.appeal(appeals[2].id)).state is State.OPEN
    held = (await replica.office.exemplars(1, ""))[0][0]
    await replica.office.remove_exemplar(held.id, "made room")
    assert (await replica.office.decide(appeals[2].id, True, "yes", "")).state is State.GRANTED


async def test_appeals_are_forgotten_when_their_time_is_over(replica: Replica) -> None:
    old = await replica.file("prompt 1")
    replica.now += 91 * 86_400
    await replica.file("prompt 2", "bob")
    listed = (await replica.office.appeals(None, 50, ""))[0]
    assert old.id not in {one.id for one in listed}
    assert 0 < await replica.link.text.pttl(f"{{moderator}}:appeal:{old.id}") <= 90 * 86_400_000


async def test_a_credit_that_the_desk_did_not_take_stays_due(valkey_url: str) -> None:
    replica = Replica(valkey_url, credit=Credit.DUE)
    appeal = await replica.file("prompt 1")
    assert (await replica.office.decide(appeal.id, True, "yes", "")).credit is Credit.DUE
    assert await replica.ledger.credits_due(10) == [appeal.id]
    await replica.ledger.credited(appeal.id, Credit.DONE, replica.policies.live.rules.keeping, "1", 0.0)
    assert await replica.ledger.credits_due(10) == []
    assert (await replica.office.appeal(appeal.id)).credit is Credit.DONE
    await replica.link.close()


async def test_every_replica_hears_of_exemplars_and_policies_within_a_second(valkey_url: str) -> None:
    one, other = Replica(valkey_url), Replica(valkey_url)
    await other.following.begin()
    follower = asyncio.create_task(other.following.run())
    try:
        made = await one.office.add_exemplar(Kind.BLOCK, "a secret sign", "violence", "a test")
        assert await one.office.add_exemplar(Kind.BLOCK, "A secret sign!", "violence", "again") != made
        await until(lambda: made.id in other.book and len(other.book) == 1)
        assert (await one.office.try_policy('name = "next"', 10, "a test")).policies.state.share == 10
        await until(lambda: other.policies.candidate is not None)
        version = other.policies.candidate.version if other.policies.candidate else ""
        with failing(Reason.WRONG_STATE):
            await one.office.promote("next-0000000000", "a test")
        await one.office.promote(version, "a test")
        await until(lambda: other.policies.live.version == version)
        await one.office.roll_back("a test")
        await until(lambda: other.policies.live.rules.name == "test")
        await one.office.remove_exemplar(made.id, "over")
        await until(lambda: len(other.book) == 0)
    finally:
        follower.cancel()
    late = Replica(valkey_url)
    await late.following.begin()
    assert late.policies.state.history == () and len(late.book) == 0
    for replica in (one, other, late):
        await replica.link.close()


async def until(true: object) -> None:
    """Within a second."""
    deadline = time.monotonic() + 1.0
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_two_operators_do_not_undo_each_other(valkey_url: str) -> None:
    replicas = [Replica(valkey_url) for _ in range(2)]
    moves = [replica.office.try_policy(f'name = "p{n}"', n, "a test") for n in range(4) for replica in replicas]
    await asyncio.gather(*moves, return_exceptions=True)
    entries = (await replicas[0].office.audit(50, ""))[0]
    state = PolicyState.unpack((await replicas[0].ledger.policies())[0])
    assert entries[0].action == "try_policy" and f"for {state.share} %" in entries[0].detail
    for replica in replicas:
        await replica.link.close()


async def test_the_audit_log_is_kept_so_long_and_no_longer(valkey_url: str) -> None:
    rules = Rules("test", appeals=LIMITS)
    rules = replace(rules, keeping=replace(rules.keeping, audit_entries=100))
    replica = Replica(valkey_url, rules)
    for n in range(400):
        await replica.office.add_exemplar(Kind.ALLOW, f"prompt {n}", "violence", "a flood")
    assert await replica.link.text.xlen("{moderator}:audit") < 300, "about a hundred: trimmed by whole nodes"
    page, token = await replica.office.audit(20, "")
    older, _ = await replica.office.audit(20, token)
    assert len(page) == len(older) == 20 and page[-1].id > older[0].id
    assert all(json.dumps(entry.detail).find("prompt") < 0 for entry in page)
    await replica.link.close()


async def test_counts_of_two_replicas_add_up(valkey_url: str) -> None:
    replicas = [Replica(valkey_url) for _ in range(2)]
    for n in range(10_000):
        live, candidate = "violence" if n % 10 == 0 else "", "violence" if n < 5 else ""
        replicas[n % 2].comparison.note(Stage.PROMPT, ("a", "b"), live, candidate)
        if n < 100:
            replicas[n % 2].comparison.note(Stage.IMAGE, ("a", "b"), "", "sexual" if n < 7 else "")
    for replica in replicas:
        await replica.comparison.tell()
    tally = await replicas[0].comparison.tally(Stage.PROMPT, ("a", "b"))
    assert (tally.judged, tally.would_have_refused, tally.would_have_allowed) == (10_000, 4, 999)
    assert tally.by_category() == {"violence": (1, 999, 4)}
    tally = await replicas[0].comparison.tally(Stage.IMAGE, ("a", "b"))
    assert (tally.judged, tally.would_have_refused, tally.would_have_allowed) == (100, 7, 0)
    assert tally.by_category() == {"sexual": (0, 0, 7)}
    assert (await replicas[0].comparison.tally(Stage.IMAGE, ("b", "a"))).judged == 0
    for replica in replicas:
        await replica.link.close()
