"""Two real moderators: candidates beside the live policy, policy files, settings."""

import asyncio
import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from PIL import Image

from fournil.moderator.v1 import admin_pb2, moderator_pb2
from services.runtime.errors import Reason
from tests.integration.moderator_processes import ROOT, Taster, reason_of, tasters, within_a_second

GORE = "a mutilated corpse in a pool of blood, gore"
CRAB = "a crab next to a boat on a beach"
NOTHING = 'name = "{name}"\n[prompt]\nlimit = {{violence = {limit}}}\n'


async def test_every_admin_call_wants_the_token(pair: list[Taster]) -> None:
    for method in admin_pb2.DESCRIPTOR.services_by_name["ModeratorAdminService"].methods:
        request = getattr(admin_pb2, method.input_type.name)()
        for shown, reason in (((), Reason.KEY_MISSING), ((("authorization", "Bearer x"),), Reason.KEY_UNKNOWN)):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await getattr(pair[0].office, method.name)(request, metadata=shown)
            assert reason_of(caught.value) is reason, method.name


async def test_a_candidate_is_counted_then_decides_for_some_then_for_all(pair: list[Taster]) -> None:
    first, other = pair
    candidate = NOTHING.format(name="harsh", limit=0.0005)
    tried = (await first.admin("TryPolicy", policy=candidate, reason="a test")).policies
    assert (tried.share, tried.prompts) == (0, 0) and tried.candidate_version.startswith("harsh-")

    async def candidate_is(version: str, share: int, taster: Taster) -> bool:
        seen = (await taster.admin("GetPolicies")).policies
        return (seen.candidate_version, seen.share) == (version, share)

    await within_a_second(lambda: candidate_is(tried.candidate_version, 0, other))
    await asyncio.sleep(0.6)  # longer than a replica waits for a change
    prompts = [(CRAB, True), (GORE, False), ("a man with a knife", True)] * 20
    for n, (prompt, _) in enumerate(prompts):
        verdict = await pair[n % 2].verdict(prompt, account=f"account-{n}")
        assert verdict.policy_version.startswith("fournil-"), "the live policy decides"
    harsh = [
        (prompt, (await first.verdict(prompt, probe=True)).scores["violence"] >= 0.0005)
        for prompt, _ in prompts[:3]
    ]
    refused_more = 20 * sum(
        refused and allowed for (_, allowed), (_, refused) in zip(prompts[:3], harsh, strict=True)
    )
    await within_a_second(lambda: told(first, 60))
    seen = (await first.admin("GetPolicies")).policies
    assert (seen.prompts, seen.would_have_refused, seen.would_have_allowed) == (60, refused_more, 0)

    await first.admin("TryPolicy", share=50, reason="half of them")
    await within_a_second(lambda: candidate_is(tried.candidate_version, 50, other))
    await asyncio.sleep(0.6)
    versions = [
        {(await taster.verdict(CRAB, account=f"account-{n}")).policy_version for taster in pair} for n in range(40)
    ]
    assert all(len(one) == 1 for one in versions), "both replicas choose the same accounts"
    assert 8 < sum(next(iter(one)).startswith("harsh-") for one in versions) < 32

    with pytest.raises(grpc.aio.AioRpcError) as wrong:
        await first.admin("PromotePolicy", version="harsh-1", reason="a test")
    assert reason_of(wrong.value) is Reason.WRONG_STATE
    log = (await first.admin("ListAudit", page_size=2)).entries
    assert [one.action for one in log] == ["try_policy", "try_policy"]
    assert log[0].reason == "half of them"


async def told(taster: Taster, count: int) -> bool:
    return bool((await taster.admin("GetPolicies")).policies.prompts == count)


async def test_promoted_and_rolled_back_under_load_with_no_call_lost(pair: list[Taster]) -> None:
    done, verdicts = asyncio.Event(), list[tuple[str, bool]]()

    async def ask(n: int) -> None:
        while not done.is_set():
            verdict = await pair[n % 2].verdict("a man with a knife", account=f"account-{n}")
            verdicts.append((verdict.policy_version.split("-")[0], verdict.allowed))

    load = [asyncio.create_task(ask(n)) for n in range(8)]
    for _ in range(3):
        candidate = NOTHING.format(name="harsh", limit=0.000001)
        tried = (await pair[0].admin("TryPolicy", policy=candidate, share=20, reason="a test")).policies
        await asyncio.sleep(0.3)
        await pair[1].admin("PromotePolicy", version=tried.candidate_version, reason="a test")
        for taster in pair:
            await within_a_second(lambda taster=taster: judged_by(taster, "harsh"))
        await pair[0].admin("RollBackPolicy", reason="a test")
        for taster in pair:
            await within_a_second(lambda taster=taster: judged_by(taster, "fournil"))
    done.set()
    await asyncio.gather(*load)
    assert len(verdicts) > 100
    assert set(verdicts) == {("fournil", True), ("harsh", False)}, (
        "every call was judged by one policy or the other"
    )


async def judged_by(taster: Taster, name: str) -> bool:
    return bool((await taster.verdict(CRAB, probe=True)).policy_version.startswith(f"{name}-"))


async def test_pictures_are_judged_by_a_candidate_too(valkey_url: str) -> None:
    """Counted apart in the shadow, decided by it for a share of the accounts, promoted, and taken back."""
    colours = {"FOURNIL_IMAGE_CLASSIFIER": str(ROOT / "tests" / "fixtures" / "moderation" / "colour.toml")}
    async with tasters(valkey_url, 2, **colours) as both:
        first, other = both
        lax = 'name = "lax"\n[image]\noff = ["violence:red"]\n'
        version = (await first.admin("TryPolicy", policy=lax, reason="a test")).policies.candidate_version

        async def shares(taster: Taster, share: int) -> bool:
            seen = (await taster.admin("GetPolicies")).policies
            return (seen.candidate_version, seen.share) == (version, share)

        await within_a_second(lambda: shares(other, 0))
        await asyncio.sleep(0.6)  # longer than a replica waits for a change
        for n in range(12):
            verdict = await look(both[n % 2], ("#ff0000", "#0000ff", "#00ff00")[n % 3], account=f"account-{n}")
            assert verdict.allowed is (n % 3 != 0) and verdict.policy_version.startswith("fournil-")
        assert (await look(first, "#0000ff", probe=True)).allowed
        await first.verdict(CRAB)

        async def told_of() -> tuple[int, ...]:
            seen = (await other.admin("GetPolicies")).policies
            pictures = seen.pictures
            counts = (pictures.judged, pictures.would_have_refused, pictures.would_have_allowed)
            return (seen.prompts, seen.would_have_refused, *counts)

        async def all_told() -> bool:
            return await told_of() == (1, 0, 12, 0, 4)

        await within_a_second(all_told)
        (row,) = (await first.admin("GetPolicies")).policies.pictures.agreements
        assert (row.category, row.both, row.live_only, row.candidate_only) == ("violence", 0, 4, 0)

        await first.admin("TryPolicy", share=50, reason="half of them")
        await within_a_second(lambda: shares(other, 50))
        await asyncio.sleep(0.6)
        decided = 0
        for n in range(30):
            account = f"account-{n}"
            red, again = [await look(taster, "#ff0000", account=account) for taster in both]
            assert red.policy_version == again.policy_version, "both replicas choose the same accounts"
            assert red.allowed is again.allowed is red.policy_version.startswith("lax-")
            assert (await first.verdict(CRAB, account)).policy_version == red.policy_version, "and for prompts too"
            decided += red.allowed
        assert 5 < decided < 25

        async def red_is(allowed: bool, taster: Taster) -> bool:
            return bool((await look(taster, "#ff0000", probe=True)).allowed is allowed)

        await first.admin("PromotePolicy", version=version, reason="a week of it")
        for taster in both:
            await within_a_second(lambda taster=taster: red_is(True, taster))
        assert not (await first.admin("GetPolicies")).policies.pictures.judged, "nothing beside it"
        await other.admin("RollBackPolicy", reason="too lax")
        for taster in both:
            await within_a_second(lambda taster=taster: red_is(False, taster))


async def test_a_wrong_candidate_is_told_and_changes_nothing(pair: list[Taster]) -> None:
    for text in ("nonsense =", 'name = "x"\n[prompt]\noff = ["wine"]', "x" * 70_000):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pair[0].admin("TryPolicy", policy=text, reason="a test")
        assert reason_of(caught.value) is Reason.INVALID_ARGUMENT
    assert (await pair[0].admin("GetPolicies")).policies.candidate_version == ""


async def test_more_eyes_and_a_policy_file_that_changes(valkey_url: str, tmp_path: Path) -> None:
    """One process with a classifier of its own, an endpoint that does not answer, and a policy file of its own."""
    policy = tmp_path / "policy.toml"
    policy.write_text('name = "first"', encoding="utf-8")
    extra = {
        "FOURNIL_MODERATION_POLICY": str(policy),
        "FOURNIL_IMAGE_CLASSIFIER": str(ROOT / "tests" / "fixtures" / "moderation" / "colour.toml"),
    }
    async with tasters(valkey_url, 1, **extra) as (taster,):
        red, blue = [await look(taster, colour) for colour in ("#ff0000", "#0000ff")]
        assert (red.allowed, red.category) == (False, "violence") and blue.allowed
        assert red.policy_version.startswith("first-")
        policy.write_text('name = "second"\n[image]\noff = ["violence:red"]', encoding="utf-8")
        deadline = time.monotonic() + 10
        while not (await look(taster, "#ff0000")).policy_version.startswith("second-"):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        assert (await look(taster, "#ff0000")).allowed
        policy.write_text('name = "third"\n[image]\nmore = 1', encoding="utf-8")
        await asyncio.sleep(3)
        assert (await look(taster, "#ff0000")).policy_version.startswith("second-"), "a wrong one is not taken"
    closed = {"FOURNIL_IMAGE_ENDPOINT": "http://127.0.0.1:1/v1/moderations"}
    async with tasters(valkey_url, 1, **closed) as (taster,):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await look(taster, "#0000ff")
        assert reason_of(caught.value) is Reason.UNAVAILABLE, "not shown until somebody has looked"
    async with tasters(valkey_url, 1, **closed, FOURNIL_IMAGE_ENDPOINT_FAIL_OPEN="1") as (taster,):
        assert (await look(taster, "#0000ff")).allowed


async def look(taster: Taster, colour: str, account: str = "ada", **more: Any) -> Any:
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(stream, "PNG")
    request = moderator_pb2.ScreenImageRequest(image=stream.getvalue(), account_id=account, job_id="job", **more)
    return (await taster.stub.ScreenImage(request, timeout=20)).verdict


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FOURNIL_MODERATION_POLICY", "/nowhere/policy.toml"),
        ("FOURNIL_MODERATION_KEY", "short"),
        ("FOURNIL_ADMIN_TOKEN", "short"),
        ("FOURNIL_IMAGE_ENDPOINT", "ftp://somewhere"),
        ("FOURNIL_IMAGE_ENDPOINT_TIMEOUT", "60"),
        ("FOURNIL_IMAGE_CLASSIFIER", "/nowhere/card.toml"),
    ],
)
def test_a_bad_setting_ends_the_process_with_one_line(name: str, value: str) -> None:
    environment = {
        **os.environ,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "FOURNIL_IMAGE_ENDPOINT": "http://x",
        name: value,
    }
    command = [sys.executable, "-m", "services.moderator"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    lines = [line for line in done.stderr.splitlines() if '"ERROR"' in line]
    assert done.returncode == 2 and len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
