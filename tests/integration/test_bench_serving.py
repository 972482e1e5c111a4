"""Both forms of ours as the benchmark of the shipped model runs them."""

from pathlib import Path

import pytest

from bench.serving.judge import throughput
from bench.serving.kitchen import MODEL, WEIGHTS
from bench.serving.mix import STEPS
from bench.serving.systems import OURS
from bench.traffic.drive import drive
from bench.traffic.running import running
from bench.traffic.systems import System
from bench.traffic.workload import PATIENT, Mix, Scenario, all_at_once

MIX = Mix(STEPS, 4.0)


@pytest.mark.parametrize("system", OURS, ids=lambda system: system.label)
async def test_every_picture_of_a_list_sent_at_once_is_drawn(system: System, tmp_path: Path) -> None:
    if not (WEIGHTS / MODEL / "unet" / "model.onnx").is_file():
        pytest.skip("no weights here")
    async with running(system, tmp_path, MIX, training=1) as ours:
        books = await drive(ours, Scenario(1.0, 0.0, 0.0, 0.0), all_at_once(len(STEPS), MIX, 1), PATIENT)
    assert {one.end for one in books.outcomes} == {"drawn"}
    assert throughput(books) > 0
