"""The walk: every way it can end, every moment its edge can die."""

import asyncio
from collections.abc import Iterator

import pytest

from services.edge.job import NOTHING, Sent, State, Usage
from services.edge.messages import failure_text
from services.edge.peers import RefundReason
from services.edge.walk import AlreadyAccepted, walk
from services.runtime.errors import Fault, Reason
from tests.unit.edge.fake_mesh import MOST_ATTEMPTS, FakeMesh, a_job

SOURCE = Sent(b"source\x09")
MASKED = Sent(b"source\x09", b"mask\x08")
"""Its last byte is what a fake moderator looks at."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    async def at_once(seconds: float) -> None:
        return None

    monkeypatch.setattr("services.edge.walk.asyncio.sleep", at_once)
    yield


async def test_a_fit_prompt_is_drawn_and_charged() -> None:
    fake = FakeMesh()
    await walk(a_job(), fake.mesh())
    assert (fake.state, fake.charged, fake.ended) == (State.COMMITTED, 2, ["completed"])
    assert fake.events == ["queued", "started 1", "step", "preview", "completed"]
    assert [(d.index, d.seed) for d in fake.drawn] == [(0, 7), (1, 8)]
    assert fake.calls.index("put") < fake.calls.index("commit"), "pictures are kept before they are charged"
    assert fake.pictures == {0: b"marked picture\x00", 1: b"marked picture\x01"}
    assert fake.usage == Usage(0.5, 20.0)
    assert fake.calls.index("release_slots") < fake.calls.index("commit"), "the oven does not wait for us"


async def test_a_refused_prompt_costs_nothing_and_is_explained() -> None:
    fake = FakeMesh()
    await walk(a_job("something forbidden"), fake.mesh())
    assert (fake.state, fake.reason, fake.charged) == (State.REFUNDED, RefundReason.PROMPT_REFUSED, 0)
    assert fake.failure is not None and fake.failure.refusal is not None
    assert fake.failure.reason is Reason.MODERATION_BLOCKED
    assert fake.failure.refusal.words == ["forbidden"]
    assert "generate" not in fake.calls


async def test_a_refusal_that_was_settled_otherwise_meanwhile_is_told_as_one() -> None:
    """The edge died after the refund; before another took over, the prompt's appeal was granted."""
    fake = FakeMesh(state=State.REFUNDED, reason=RefundReason.PROMPT_REFUSED)
    await walk(a_job(), fake.mesh())
    assert fake.failure is not None and fake.failure.reason is Reason.MODERATION_BLOCKED
    for language, words in (("en", "it would pass now"), ("fr", "ce serait accepté maintenant")):
        assert words in failure_text(fake.failure, language)


async def test_a_refused_picture_is_not_charged_and_the_other_is() -> None:
    fake = FakeMesh(bad_pictures={1})
    await walk(a_job(), fake.mesh())
    assert (fake.state, fake.charged) == (State.COMMITTED, 1)
    assert list(fake.pictures) == [0]


async def test_of_a_large_picture_the_small_one_is_looked_at_and_the_large_one_kept() -> None:
    fake = FakeMesh(large=True, bad_pictures={1})
    await walk(a_job(), fake.mesh())
    assert fake.looked_at[1:] == [b"small\x00", b"small\x01"]  # the first is the preview
    assert fake.pictures == {0: b"marked picture\x00"}


async def test_a_job_that_starts_from_a_picture_is_baked_over_it() -> None:
    fake = FakeMesh()
    await walk(a_job(strength=0.6), fake.mesh(), SOURCE)
    assert (fake.state, fake.baked_over) == (State.COMMITTED, [SOURCE])
    assert fake.pictures[0] == b"marked " + SOURCE.source + b"picture\x00"
    assert fake.calls.index("reserve") < fake.calls.index("put_source") < fake.calls.index("accept")


async def test_a_refused_source_costs_nothing_and_never_reaches_an_oven() -> None:
    fake = FakeMesh(bad_pictures={9})
    await walk(a_job(strength=0.6), fake.mesh(), SOURCE)
    assert (fake.state, fake.reason, fake.charged) == (State.REFUNDED, RefundReason.IMAGE_REFUSED, 0)
    assert fake.failure is not None and fake.failure.refusal is not None and fake.failure.refusal.stage == "image"
    assert fake.baked_over == []


async def test_a_refusal_at_the_desk_stores_no_source() -> None:
    fake = FakeMesh(faults={"reserve": [Fault(Reason.ALLOWANCE_SPENT, "spent")]})
    with pytest.raises(Fault):
        await walk(a_job(strength=0.6), fake.mesh(), SOURCE)
    assert fake.sources == {}


async def test_a_mask_goes_with_its_picture() -> None:
    fake = FakeMesh()
    await walk(a_job(strength=1.0, masked=True), fake.mesh(), MASKED)
    assert (fake.state, fake.baked_over) == (State.COMMITTED, [MASKED])
    assert fake.pictures[0] == b"marked source\x09picture\x00", "credentials name the picture, not its mask"
    assert fake.calls.index("reserve") < fake.calls.index("put_mask") < fake.calls.index("accept")
    order = fake.calls[: fake.calls.index("enqueue")]
    assert order.count("screen_image") == 2, "what was sent is looked at before the line"


async def test_a_refused_mask_costs_nothing_and_never_reaches_an_oven() -> None:
    fake = FakeMesh(bad_pictures={8})
    await walk(a_job(strength=1.0, masked=True), fake.mesh(), MASKED)
    assert (fake.state, fake.reason, fake.charged) == (State.REFUNDED, RefundReason.IMAGE_REFUSED, 0)
    assert fake.baked_over == []


async def test_when_every_picture_is_refused_nothing_is_charged() -> None:
    fake = FakeMesh(bad_pictures={0, 1})
    await walk(a_job(), fake.mesh())
    assert (fake.state, fake.reason) == (State.REFUNDED, RefundReason.IMAGE_REFUSED)
    assert fake.pictures == {} and fake.ended == ["failed"]


async def test_an_unfit_preview_is_not_shown() -> None:
    fake = FakeMesh(bad_pictures={0})
    await walk(a_job(), fake.mesh())
    assert "preview" not in fake.events


async def test_a_lost_oven_costs_a_turn_not_the_job() -> None:
    fake = FakeMesh(ovens_fail=1)
    await walk(a_job(), fake.mesh())
    assert fake.state is State.COMMITTED
    assert [event for event in fake.events if event.startswith("started")] == ["started 1", "started 2"]


async def test_an_oven_that_has_no_time_costs_no_attempt() -> None:
    fake = FakeMesh(ovens_full=2 * MOST_ATTEMPTS, ovens_fail=MOST_ATTEMPTS - 1)
    await walk(a_job(), fake.mesh())
    assert (fake.state, fake.charged) == (State.COMMITTED, 2)
    assert fake.count["generate"] == 3 * MOST_ATTEMPTS


async def test_after_the_last_turn_the_job_is_refunded() -> None:
    fake = FakeMesh(ovens_fail=99)
    await walk(a_job(), fake.mesh())
    assert (fake.state, fake.reason) == (State.REFUNDED, RefundReason.FAILED)
    assert fake.count["generate"] == MOST_ATTEMPTS
    assert fake.failure is not None and fake.failure.reason is Reason.JOB_FAILED


@pytest.mark.parametrize(
    "call", ["screen_prompt", "enqueue", "watch_ticket", "release_slots", "put", "commit", "completed", "started"]
)
async def test_a_peer_that_is_away_is_waited_for(call: str) -> None:
    fake = FakeMesh(faults={call: [Fault(Reason.UNAVAILABLE, "away") for _ in range(3)]})
    await walk(a_job(), fake.mesh())
    assert (fake.state, fake.charged, fake.ended) == (State.COMMITTED, 2, ["completed"])
    assert fake.count["generate"] == 1


@pytest.mark.parametrize("call", ["step", "preview"])
async def test_progress_is_left_out_rather_than_baked_again(call: str) -> None:
    fake = FakeMesh(faults={call: [Fault(Reason.UNAVAILABLE, "away")]})
    await walk(a_job(), fake.mesh())
    assert fake.state is State.COMMITTED and fake.count["generate"] == 1
    assert call not in fake.events


async def test_a_fault_that_waiting_cannot_mend_ends_refunded() -> None:
    fake = FakeMesh(faults={"put": [Fault(Reason.INTERNAL, "disk full")]})
    await walk(a_job(), fake.mesh())
    assert (fake.state, fake.reason, fake.ended) == (State.REFUNDED, RefundReason.FAILED, ["failed"])


async def test_a_job_cancelled_at_the_desk_stays_cancelled() -> None:
    fake = FakeMesh(state=State.REFUNDED, reason=RefundReason.CANCELLED)
    await walk(a_job(), fake.mesh())
    assert fake.failure is not None and fake.failure.reason is Reason.JOB_CANCELLED
    assert "generate" not in fake.calls


async def test_what_the_desk_refuses_leaves_nothing_behind() -> None:
    fake = FakeMesh(faults={"reserve": [Fault(Reason.ALLOWANCE_SPENT, "spent")]})
    with pytest.raises(Fault, match="spent"):
        await walk(a_job(), fake.mesh())
    assert not fake.accepted and fake.calls == ["reserve"]


async def test_a_request_id_seen_before_names_the_earlier_job() -> None:
    fake = FakeMesh(duplicate_of="earlier")
    with pytest.raises(AlreadyAccepted) as seen:
        await walk(a_job(), fake.mesh())
    assert seen.value.job_id == "earlier" and not fake.accepted


@pytest.mark.parametrize("crash_after", [False, True])
@pytest.mark.parametrize(
    ("prompt", "bad", "sent"),
    [
        ("a crab", set(), NOTHING),
        ("a forbidden crab", set(), NOTHING),
        ("a crab", {0, 1}, NOTHING),
        ("a crab", {1}, NOTHING),
        ("a crab", set(), SOURCE),
        ("a crab", {9}, SOURCE),
        ("a crab", set(), MASKED),
        ("a crab", {8}, MASKED),
    ],
)
async def test_an_edge_may_die_at_any_call(prompt: str, bad: set[int], sent: Sent, crash_after: bool) -> None:
    job = a_job(prompt, strength=0.6 if sent.source else None, masked=bool(sent.mask))
    whole = FakeMesh(bad_pictures=set(bad))
    await walk(job, whole.mesh(), sent)
    for moment in range(len(whole.calls)):
        fake = FakeMesh(bad_pictures=set(bad), crash_at=moment, crash_after=crash_after)
        task = asyncio.ensure_future(walk(job, fake.mesh(), sent))
        await asyncio.wait({task})
        if not fake.accepted:
            continue
        fake.crash_at = -1
        if not fake.ended:
            await walk(job, fake.mesh())
        where = f"crash at call {moment} ({fake.calls[moment]})"
        assert (fake.state, fake.reason, fake.charged) == (whole.state, whole.reason, whole.charged), where
        assert fake.terminal_moves == 1 and len(fake.ended) == 1, where
        assert fake.pictures.keys() == whole.pictures.keys(), where
        assert [d.index for d in fake.drawn] == [d.index for d in whole.drawn], where
        if whole.failure is not None and whole.failure.refusal and whole.failure.refusal.stage == "prompt":
            assert fake.failure == whole.failure, where
