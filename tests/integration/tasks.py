"""How tests end a background task."""

import asyncio
from typing import Any


async def ended(task: "asyncio.Task[Any]") -> None:
    """Cancels it, again where a command to the store has swallowed that, for 5 s at most."""
    for _ in range(50):
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=0.1)
        if done:
            return
    raise AssertionError("the task does not end")
