"""Two real moderators under floods of exemplars and texts that are meant to hurt."""

import asyncio
import time

import grpc
import pytest

from fournil.moderator.v1 import moderator_pb2
from services.runtime.errors import Reason
from tests.integration.moderator_processes import Taster, reason_of

GORE = "a mutilated corpse in a pool of blood, gore"
CRAB = "a crab next to a boat on a beach"


async def test_a_flood_of_hostile_exemplars_opens_no_category_and_slows_nothing(pair: list[Taster]) -> None:
    """Granted by an operator who was deceived a thousand times: each still speaks for itself alone."""
    taster, limit = pair[0], asyncio.Semaphore(16)

    async def add(n: int) -> None:
        async with limit:
            prompt = f"a mutilated corpse, gore, view number {n} from the {n % 7} side of room {n % 13}"
            await taster.admin(
                "AddExemplar", kind="EXEMPLAR_KIND_ALLOW", category="violence", prompt=prompt, reason="deceived"
            )

    slow = await pace(pair[1])
    async with asyncio.TaskGroup() as tasks:
        for n in range(1_000):
            tasks.create_task(add(n))
    assert not (await taster.verdict("nothing at all like it", probe=True)).exemplar_id

    async def known() -> bool:
        request = "a mutilated corpse, gore, view number 999 from the 5 side of room 11"
        return bool((await pair[1].verdict(request, probe=True)).allowed)

    deadline = time.monotonic() + 20  # a thousand sentences to encode, on a machine that is shared
    while not await known():
        assert time.monotonic() < deadline
    for prompt in (
        GORE,
        "a mutilated corpse",
        "a mutilated corpse, gore",
        "a mutilated corpse, gore, view number 1001 from the 3 side of room 12",
        "un cadavre mutilé dans une mare de sang, gore",
        "explicit pornography, a naked couple having sex",
    ):
        for one in pair:
            assert not (await one.verdict(prompt, probe=True)).allowed, prompt
    assert await pace(pair[1]) < max(3 * slow, 0.1), "seconds a refusal"


async def pace(taster: Taster) -> float:
    """Median seconds of a refused prompt's verdict."""
    times = []
    for n in range(15):
        started = time.perf_counter()
        await taster.verdict(f"{GORE} {n}", probe=True)
        times.append(time.perf_counter() - started)
    return sorted(times)[7]


HOSTILE = {
    "combining": "a" + "\u0301\u0316\u0489" * 10_660,
    "bidi": "\u202e\u2067\u202d" * 10_660,
    "nested bidi": "".join("\u202eab" for _ in range(10_660)),
    "joiners": "a\u200d\u2060\ufe0f" * 7_990,
    "one letter": "\ufdfa" * 31_990,
    "tags": "".join(map(chr, range(0xE0020, 0xE007F))) * 330,
    "spaced": "k i l l . " * 3_190,
    "digits": "k1ll 4 m4n " * 2_900,
}


async def test_text_that_is_meant_to_hurt_is_judged_within_its_budget(pair: list[Taster]) -> None:
    office = {"kind": "EXEMPLAR_KIND_BLOCK", "category": "violence", "reason": "a test"}
    for name, text in HOSTILE.items():
        assert 28_000 < len(text) <= 32_000, name
        started = time.perf_counter()
        verdict = await pair[0].verdict(text)
        assert time.perf_counter() - started < 10 and verdict.decision_id.startswith("dec_"), name
        try:
            await pair[0].admin("AddExemplar", prompt=text, **office)
        except grpc.aio.AioRpcError as error:
            assert reason_of(error) is Reason.INVALID_ARGUMENT
        started = time.perf_counter()
        assert (await pair[0].verdict(CRAB)).allowed, name
        assert time.perf_counter() - started < 5, name


async def test_a_megabyte_is_refused_and_lone_surrogates_are_no_text(pair: list[Taster]) -> None:
    for text in ("\u0301" * 1_000_000, "\u202e" * 350_000, "x" * 1_000_000):
        started = time.perf_counter()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pair[0].verdict(text)
        assert reason_of(caught.value) is Reason.INVALID_ARGUMENT and time.perf_counter() - started < 2
        with pytest.raises(grpc.aio.AioRpcError) as filed:
            request = moderator_pb2.FileAppealRequest(decision_id="dec_x", account_id="ada", prompt=text)
            await pair[0].stub.FileAppeal(request, timeout=5)
        assert reason_of(filed.value) in {Reason.INVALID_ARGUMENT, Reason.NOT_FOUND}
    raw = b"\x1a\x03\xed\xa0\x80"  # field 3, the prompt: a lone surrogate in what is no UTF-8
    async with grpc.aio.insecure_channel(pair[0].target) as channel:
        call = channel.unary_unary("/fournil.moderator.v1.ModeratorService/ScreenPrompt")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(raw, timeout=5)
        assert reason_of(caught.value) is Reason.INVALID_ARGUMENT
