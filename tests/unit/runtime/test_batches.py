"""What is asked in one turn of the loop goes in one call."""

import asyncio
import gc
import weakref
from collections.abc import Sequence

import pytest

from services.runtime.batches import MOST, Batches
from services.runtime.errors import Fault, invalid


class Sender:
    """Doubles numbers, and remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[int]]] = []
        self.trouble: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, key: str, items: Sequence[int]) -> Sequence[int]:
        self.calls.append((key, list(items)))
        await self.open.wait()
        if self.trouble:
            raise self.trouble
        return [2 * item for item in items]


async def test_one_turn_is_one_call_a_key_and_replies_find_their_askers() -> None:
    send = Sender()
    batches: Batches[str, int, int] = Batches(send)
    asked = [batches.ask("ab"[number % 2], number) for number in range(10)]
    assert await asyncio.gather(*asked) == [2 * number for number in range(10)]
    assert sorted(send.calls) == [("a", [0, 2, 4, 6, 8]), ("b", [1, 3, 5, 7, 9])]
    assert await batches.ask("a", 7) == 14


async def test_a_call_is_bounded() -> None:
    send = Sender()
    batches: Batches[str, int, int] = Batches(send)
    await asyncio.gather(*(batches.ask("a", number) for number in range(2 * MOST + 1)))
    assert [len(items) for _, items in send.calls] == [MOST, MOST, 1]


async def test_who_comes_while_a_call_is_under_way_goes_with_the_next() -> None:
    send = Sender()
    send.open.clear()
    batches: Batches[str, int, int] = Batches(send)
    asked = [asyncio.create_task(batches.ask("a", 0))]
    await asyncio.sleep(0.01)
    asked += [asyncio.create_task(batches.ask("a", number)) for number in (1, 2, 3)]
    await asyncio.sleep(0.01)
    assert send.calls == [("a", [0])]
    send.open.set()
    assert await asyncio.gather(*asked) == [0, 2, 4, 6]
    assert send.calls == [("a", [0]), ("a", [1, 2, 3])]


async def test_trouble_is_everybodys_and_does_not_stay() -> None:
    send = Sender()
    batches: Batches[str, int, int] = Batches(send)
    send.trouble = ValueError("away")
    answers = await asyncio.gather(*(batches.ask("a", number) for number in range(3)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["away"] * 3
    send.trouble = None
    assert await batches.ask("a", 1) == 2


async def test_who_goes_takes_nothing_from_the_others() -> None:
    send = Sender()
    send.open.clear()
    batches: Batches[str, int, int] = Batches(send)
    leaver, stayer = (asyncio.create_task(batches.ask("a", number)) for number in (1, 2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaver.cancel()
    send.open.set()
    assert await stayer == 4
    with pytest.raises(asyncio.CancelledError):
        await leaver


async def test_a_call_that_hangs_holds_up_nobody_beyond_their_patience() -> None:
    send = Sender()
    send.open.clear()
    batches: Batches[str, int, int] = Batches(send, patience=0.05)
    asked = [asyncio.create_task(batches.ask("a", 0))]
    await asyncio.sleep(0.01)
    asked += [asyncio.create_task(batches.ask("a", number)) for number in (1, 2)]
    await asyncio.sleep(0.01)
    assert send.calls == [("a", [0])]
    await asyncio.sleep(0.2)
    assert send.calls == [("a", [0]), ("a", [1, 2])]
    send.open.set()
    assert await asyncio.gather(*asked) == [0, 2, 4]
    assert await batches.ask("a", 7) == 14, "nothing is thought to be under way"


async def test_more_than_one_call_takes_does_not_wait_for_it_beyond_their_patience() -> None:
    send = Sender()
    send.open.clear()
    batches: Batches[str, int, int] = Batches(send, patience=0.01)
    asked = [asyncio.create_task(batches.ask("a", number)) for number in range(MOST + 1)]
    await asyncio.sleep(0.2)
    assert [len(items) for _, items in send.calls] == [MOST, 1]
    send.open.set()
    assert await asyncio.gather(*asked) == [2 * number for number in range(MOST + 1)]


async def test_an_exception_among_the_replies_is_its_askers_and_leaves_nothing_for_the_collector() -> None:
    async def send(key: str, items: Sequence[int]) -> Sequence[int | Exception]:
        return [invalid("number", "must be even") if item % 2 else item for item in items]

    batches: Batches[str, int, int] = Batches(send)
    gc.disable()
    try:
        other = asyncio.create_task(batches.ask("a", 2))
        with pytest.raises(Fault) as caught:
            await batches.ask("a", 1)
        assert await other == 2
        told = weakref.ref(caught.value)
        del caught
        await asyncio.sleep(0)
        assert told() is None
    finally:
        gc.enable()


async def test_too_few_replies_are_everybodys_trouble() -> None:
    async def send(key: str, items: Sequence[int]) -> Sequence[int]:
        return items[1:]

    batches: Batches[str, int, int] = Batches(send)
    answers = await asyncio.gather(*(batches.ask("a", number) for number in (1, 2)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["1 replies to 2"] * 2
