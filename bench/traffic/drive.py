"""One scenario for one running system: every request at its time, then the books.

Open loop: a request goes out at its time whatever became of those before, and its latency counts from that time.
What is unanswered `cut` seconds after the time of arrivals is cut off, so that an overload does not pile up for
ever; its latency is then known to be at least that, and is counted as that, which is kinder to the slower system.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.traffic.running import Running
from bench.traffic.workload import Arrival, Scenario

DEADLINE_SECONDS = 30.0
"""Every client leaves after this long."""
CUT_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request: seconds from its arrival, and "drawn", "left", "cut off" or an error's name."""

    arrival: Arrival
    seconds: float
    end: str


@dataclass(frozen=True, slots=True)
class Books:
    """One run. `busy_row_steps` were run in the measured window, `row_steps` from the first arrival to the cut;
    both are 0 of a system that keeps no meter."""

    scenario: Scenario
    outcomes: Sequence[Outcome]
    busy_row_steps: int
    row_steps: int

    @property
    def errors(self) -> Counter[str]:
        """Requests by errors that are neither leaving nor being cut off."""
        return Counter(one.end for one in self.outcomes if one.end not in {"drawn", "left", "cut off"})


async def drive(
    running: Running, scenario: Scenario, arrivals: Sequence[Arrival], cut: float = CUT_SECONDS
) -> Books:
    """Runs the scenario; afterwards the system is idle."""
    meter = running.meter
    meter.write("load_percent", round(100 * scenario.load))
    began, first = time.monotonic(), meter.read("row_steps")

    async def until(seconds: float) -> None:
        await asyncio.sleep(began + seconds - time.monotonic())

    async def window() -> int:
        await until(scenario.warm_up)
        before = meter.read("row_steps")
        await until(scenario.length)
        return meter.read("row_steps") - before

    async def one(arrival: Arrival) -> Outcome:
        await until(arrival.at)
        limit = min(arrival.leaves_after or DEADLINE_SECONDS, scenario.length + cut - arrival.at)
        end = "drawn"
        try:
            async with asyncio.timeout(began + arrival.at + limit - time.monotonic()):
                await running.ask(arrival)
        except TimeoutError:
            end = "left" if limit in {arrival.leaves_after, DEADLINE_SECONDS} else "cut off"
        except Exception as error:
            end = f"{type(error).__name__}: {error}"[:200]
        return Outcome(arrival, time.monotonic() - began - arrival.at, end)

    busy = asyncio.create_task(window())
    outcomes = await asyncio.gather(*(one(arrival) for arrival in arrivals))
    busy_row_steps = await busy
    run = meter.read("row_steps") - first
    await running.becomes_idle()
    return Books(scenario, outcomes, busy_row_steps, run)
