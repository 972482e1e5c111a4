"""A full line refuses at once, and every place is given back."""

import asyncio
import threading

import pytest

from services.moderator.workers import Workers
from services.runtime.errors import Fault, Reason


async def test_runs_off_the_loop() -> None:
    workers = Workers(threads=1, line=0)
    assert await workers.run(threading.get_ident) != threading.get_ident()
    await workers.close()


async def test_a_full_line_refuses_and_opens_again() -> None:
    workers, go = Workers(threads=1, line=1), threading.Event()
    busy = [asyncio.create_task(workers.run(go.wait, 10)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Fault) as caught:
        await workers.run(int)
    assert caught.value.reason is Reason.OVERLOADED
    assert caught.value.retry_after is not None
    go.set()
    assert await asyncio.gather(*busy) == [True, True]
    assert await workers.run(int) == 0
    await workers.close()


async def test_a_caller_who_left_gives_his_place_back_and_is_never_run() -> None:
    workers, go, ran = Workers(threads=1, line=1), threading.Event(), threading.Event()
    busy = asyncio.create_task(workers.run(go.wait, 10))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(workers.run(ran.set))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    next_one = asyncio.create_task(workers.run(int))
    await asyncio.sleep(0)
    go.set()
    assert await busy
    assert await next_one == 0
    assert not ran.is_set()
    await workers.close()


async def test_a_failing_screening_gives_its_place_back() -> None:
    workers = Workers(threads=1, line=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await workers.run(divmod, 1, 0)
    await workers.close()
