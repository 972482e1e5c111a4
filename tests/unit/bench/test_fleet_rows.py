"""From runs to rows and figures."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.fleet.judge import rows
from bench.fleet.plot import write
from bench.fleet.study import DEFAULT, OURS, SCENARIOS, USUAL, Run, Table, run_one, runs, slots_of
from bench.fleet.workload import SMALL

CURVE = "SDXL on L4"
TINY = replace(SMALL, ovens=2, stays=4.0, pictures=6.0, surge_stays=2.0, surge_pictures=6.0)


@pytest.fixture(scope="module")
def table() -> Table:
    return {run: run_one(run, TINY, 5) for run in runs([CURVE])}


def test_every_load_is_run_both_ways_and_slots_once(table: Table) -> None:
    assert len(table) == 2 * len(SCENARIOS) + 4
    assert all(Run(CURVE, scenario.name, OURS, USUAL) in table for scenario in SCENARIOS)


def test_slots_are_multiples_of_a_call_rounded_up() -> None:
    assert [slots_of(name, 8) for name in ("1x", "1.5x", DEFAULT)] == [8, 12, 4]
    assert slots_of("1.5x", 1) == 2


def test_rows_have_what_the_report_reads_and_goals_come_first(table: Table) -> None:
    found = rows(table)
    assert all(set(row) == {"name", "ours", "other", "ratio", "goal", "holds"} for row in found)
    goals = [row["name"].startswith("goal: ") for row in found]
    assert goals == sorted(goals, reverse=True) and any(goals) and not all(goals)
    assert len({row["name"] for row in found}) == len(found)


def test_rows_of_runs_that_are_not_there_are_left_out(table: Table) -> None:
    some = {run: seen for run, seen in table.items() if run.slots == DEFAULT}
    assert rows(some) == []


def test_figures_are_drawings_and_small(table: Table, tmp_path: Path) -> None:
    write(table, tmp_path)
    for name in ("waits.svg", "slots.svg"):
        path = tmp_path / name
        assert path.stat().st_size < 200_000
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
