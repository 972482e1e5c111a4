"""The two figures of docs/fleet: waits by class over the load, and what slots buy and cost."""

from __future__ import annotations

import math
from pathlib import Path

from bench.fleet.desk import FREE, PAID, PRO
from bench.fleet.judge import P95, STAYS
from bench.fleet.study import (
    DEFAULT,
    KINDS,
    MULTIPLES,
    OURS,
    OVERCOMMITTED,
    OVERLOAD,
    SCENARIOS,
    USUAL,
    Run,
    Table,
    times,
)
from bench.fleet.svg import Line, Panel, drawing

COLOURS = {FREE: "#d55e00", PAID: "#0072b2", PRO: "#009e73"}
"""Of Okabe and Ito, which colour-blind readers tell apart."""
WIDTH, HEIGHT = 300, 270
BLACK, FAILED = "#222222", "#cc79a7"


def write(table: Table, folder: Path) -> None:
    """Both figures, as far as their runs are in the table."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = [curve for curve in OVERCOMMITTED if any(run.curve == curve for run in table)]
    (folder / "waits.svg").write_text(waits(table, curves), encoding="utf-8")
    (folder / "slots.svg").write_text(slots(table, curves), encoding="utf-8")


def waits(table: Table, curves: list[str]) -> str:
    """p95 from asking to the picture over the load, in stays; ours solid, whole requests dashed."""
    panels = []
    for curve in curves:
        marks = (0.5, 1, 2, 5, 10, 20)
        ticks = ["0.8x", "1x", "1.5x", "50x"]
        panel = Panel(curve, "load", "p95 to the picture, stays", ticks, 0.4, 30.0, marks, logarithmic=True)
        for kind in KINDS:
            for tier, colour in COLOURS.items():
                runs = [Run(curve, scenario.name, kind, USUAL) for scenario in SCENARIOS]
                values = [table[run].totals[tier][P95] / STAYS[curve] for run in runs]
                panel.lines.append(Line(values, colour, dashed=kind != OURS))
        panels.append(panel)
    legend = [(tier, Line([], colour)) for tier, colour in COLOURS.items()]
    legend += [("ours", Line([], BLACK)), ("whole requests", Line([], BLACK, dashed=True))]
    return drawing(panels, legend, WIDTH, HEIGHT)


def slots(table: Table, curves: list[str]) -> str:
    """Over slots, at 1.5x load: share of the curve, paid p95 in stays, calls' worth put aside, failures."""
    panels = []
    names = [DEFAULT, *map(times, MULTIPLES)]
    for curve in curves:
        ticks = ["4 slots", *names[1:]]
        seen = [table[Run(curve, OVERLOAD.name, OURS, name)] for name in names]
        lines = [
            Line([one.capacity for one in seen], BLACK),
            Line([one.totals[PAID][P95] / STAYS[curve] for one in seen], COLOURS[PAID]),
            Line([one.paused for one in seen], COLOURS[FREE], dashed=True),
            Line([one.failed for one in seen], FAILED),
        ]
        top = math.ceil(max(value for line in lines for value in line.values))
        marks = range(0, top + 1, 1 if top <= 4 else 2)
        panels.append(Panel(curve, "slots an oven", "", ticks, 0.0, float(top), marks, lines=lines))
    legend = [
        ("share of the curve's capacity", Line([], BLACK)),
        ("paid p95 to the picture, stays", Line([], COLOURS[PAID])),
        ("pictures put aside, calls", Line([], COLOURS[FREE], dashed=True)),
        ("accepted requests that failed", Line([], FAILED)),
    ]
    return drawing(panels, legend, WIDTH, HEIGHT)
