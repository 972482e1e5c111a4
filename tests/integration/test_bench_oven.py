"""Our server of the bench, as the bench runs it, on a device that takes no time."""

import asyncio
from pathlib import Path

from bench.oven.mix import MIX, STEPS
from bench.oven.systems import OUR_SYSTEM
from bench.traffic.drive import drive
from bench.traffic.running import TRAINING, running
from bench.traffic.workload import Scenario, arrivals


async def test_every_request_is_drawn_and_every_row_step_counted(tmp_path: Path) -> None:
    scenario = Scenario(load=1.0, leaving=0.0, warm_up=0.1, measured=0.9)
    requests = arrivals(scenario, MIX, 1)
    async with running(OUR_SYSTEM, tmp_path, MIX) as ours:
        await asyncio.gather(*(ours.ask(request) for request in requests))
        before = ours.meter.read("row_steps")
        ours.meter.write("hurry", 1)
        books = await drive(ours, scenario, requests)
    assert {one.end for one in books.outcomes} == {"drawn"}
    assert before >= TRAINING * sum(STEPS)
    assert books.row_steps == sum(request.steps for request in requests)
