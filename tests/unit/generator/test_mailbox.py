"""Events wait for their reader, and never more than a few of them."""

import asyncio

import pytest

from services.generator.mailbox import Baked, Mailbox, Rough, StepDone, Usage
from services.runtime.errors import Fault, Reason


async def everything(mailbox: Mailbox) -> list[object]:
    events: list[object] = []
    while not isinstance(events[-1] if events else None, Usage):
        events.append(await mailbox.take())
    return events


async def test_a_reader_that_keeps_up_sees_every_step() -> None:
    mailbox = Mailbox()
    reader = asyncio.create_task(everything(mailbox))
    sent = [*(StepDone(0, step, 3) for step in (1, 2, 3)), Baked(0, b"png", 64, 64, 7), Usage(0.1, 3)]
    for event in sent:
        mailbox.put(event)
        await asyncio.sleep(0)
    assert await reader == sent


async def test_a_slow_reader_misses_steps_but_no_picture() -> None:
    mailbox = Mailbox()
    pictures = [Baked(index, b"png", 64, 64, index) for index in range(10)]
    for step in range(1, 101):
        for index in range(10):
            mailbox.put(StepDone(index, step, 100))
            mailbox.put(Rough(index, step, b"rough"))
    for picture in pictures:
        mailbox.put(picture)
    mailbox.put(Usage(1.0, 1000))
    events = await everything(mailbox)
    assert [event for event in events if isinstance(event, Baked)] == pictures
    assert [event for event in events if isinstance(event, StepDone)] == [StepDone(i, 100, 100) for i in range(10)]
    assert len(events) == 31


async def test_a_failure_is_raised_to_the_reader() -> None:
    mailbox = Mailbox()
    reader = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    mailbox.fail(Fault(Reason.INTERNAL, "broken"))
    with pytest.raises(Fault, match="broken"):
        await reader
