"""The shipped model's benchmark: its lists, its setups, its rows."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.peers.catalogue import PEERS
from bench.peers.plan import VARIABLE, Plan
from bench.serving import systems
from bench.serving.bare import Bare
from bench.serving.judge import Served, rows, throughput
from bench.serving.mix import STEPS
from bench.serving.systems import GENERATOR, MESH, setups
from bench.traffic.drive import Books, Outcome
from bench.traffic.figures import Figures
from bench.traffic.spent import cpu_seconds
from bench.traffic.workload import Arrival, Mix, Scenario, all_at_once

MIX = Mix(STEPS, 4.0)
BARE = (Bare(2, {2: 20.0}, 4.0, 0.3), Bare(2, {2: 18.0}, 5.0, 0.5))


def waits(seconds: float) -> Figures:
    return Figures(*[seconds] * 8)


def test_a_list_sent_at_once_has_the_mix_and_is_the_same_for_all() -> None:
    found = all_at_once(40, MIX, 3)
    assert found == all_at_once(40, MIX, 3) != all_at_once(40, MIX, 4)
    assert Counter(one.steps for one in found) == {2: 10, 4: 20, 8: 10}
    assert {one.at for one in found} == {0.0}
    assert len({one.prompt for one in found}) == 40


def test_throughput_is_what_was_drawn_until_the_last_answer() -> None:
    outcomes = [Outcome(Arrival(0.0, 4, False), float(second), "drawn") for second in range(1, 9)]
    books = Books(Scenario(1.0, 0.0, 0.0, 0.0), [*outcomes, Outcome(outcomes[0].arrival, 10.0, "Refused")], 0, 0)
    assert throughput(books) == pytest.approx(0.8)


def test_a_peer_gets_the_smallest_efficient_batch_and_both_setups() -> None:
    one, each = setups("python", PEERS[0], {1: 9.0, 2: 9.9, 4: 10.0})
    plans = [json.loads(dict(system.environment)[VARIABLE]) for system in (one, each)]
    assert [plan["rows"] for plan in plans] == [2, 2]
    assert [plan["workers"] * plan["threads"] for plan in plans] == [plans[0]["threads"]] * 2


def test_a_plan_is_read_as_it_was_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan("bench.serving.worker", "early", 2, STEPS, 2, 1, (0.1, 0.2))
    monkeypatch.setenv(*plan.environment()[0])
    assert Plan.read() == plan


def test_rows_hold_both_forms_against_the_loop_and_every_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "CORES", 2)
    first, second = setups("python", PEERS[0], {1: 9.0})
    ours = [
        Served(MESH, 3.0, 0.5, BARE, {"0.8x load": waits(2.0)}),
        Served(GENERATOR, 4.5, 0.4, BARE, {"0.8x load": waits(1.0)}),
    ]
    peers = [Served(first, 4.0, 0.3, BARE, {}), Served(second, 5.0, 0.6, BARE, {"0.8x load": waits(1.5)})]
    found = {row["name"]: row for row in rows(ours, peers)}
    loop = found["saturated, our generator / bare loop: pictures/s, whole work, 2 rows a call"]
    assert loop == {**loop, "ours": 4.5, "other": 4.5, "ratio": 1.0, "goal": ">= 0.97", "holds": True}
    steps = found["saturated, our mesh / bare loop: steps/s, the loop's without prompts and PNG, 2 rows a call"]
    assert (steps["ours"], steps["other"], steps["holds"]) == (13.5, 19.0, False)
    assert found[f"saturated, our generator / {second.name}: pictures/s"]["ratio"] == 0.9
    assert found[f"0.8x load, our mesh / {second.name}: p50 s"]["ratio"] == 0.75
    assert found[f"saturated, our mesh / {second.name}: CPU s a picture"]["ratio"] == 1.2
    assert found["saturated, our generator / bare loop: CPU s a picture"]["holds"]
    assert not any(first.name in name for name in found if name.startswith("0.8x"))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_cpu_time_is_that_of_every_process_with_the_mark() -> None:
    busy = "import os, time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\nos.read(0, 1)"
    environment = {**os.environ, "MARK": "fournil-test-of-cpu-time"}
    command = [sys.executable, "-c", busy]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        assert 0.1 < cpu_seconds("fournil-test-of-cpu-time") < 2.0
        process.stdin.close()
    assert cpu_seconds("fournil-test-of-cpu-time") == 0.0
