"""Figures to rows: the goals first, then the figures of every peer beside ours, won or lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.oven.systems import OUR_SYSTEM, PROMISED
from bench.peers.manners import MANNERS
from bench.traffic.figures import Figures
from bench.traffic.rows import MORE_IS_BETTER, Row, ratio, row
from bench.traffic.systems import System

Table = Mapping[str, Mapping[System, Figures]]
"""Scenario name to system to figures."""
OURS = (OUR_SYSTEM, PROMISED)
HALF, HEAVY, OVER, LEAVING = "0.5x load", "0.8x load", "1.5x load", "1.5x load, 30 % give up"
FIGURES = {
    "pictures": "pictures/s",
    "p50": "p50 s",
    "p95": "p95 s",
    "paid_p95": "paid p95 s",
    "busy": "share of the curve's capacity",
    "useful": "useful share of row-steps",
    "undrawn": "share without a picture",
}
SHOWN = {
    OVER: ("pictures", "p50", "p95", "paid_p95", "busy", "undrawn"),
    LEAVING: ("pictures", "useful", "p95", "undrawn"),
}
WAITS = ("p50", "p95", "paid_p95")
"""Figures that have a row of their own, by scenario; of the loads without an entry it is the waits."""


def rows(table: Table) -> list[Row]:
    """Everything that was measured, goals first. What was not run has no row."""
    return [*goals(table), *_promised(table), *_everything(table)]


def goals(table: Table) -> list[Row]:
    """One row a goal. "Best" is the best of the peers of that manner at that figure, one by one."""
    one, early, queue, all_manners = ("one",), ("early",), ("queue",), tuple(MANNERS)
    wanted = [
        (OVER, "pictures", one, None, 1.4),
        (OVER, "pictures", queue, None, 1.4),
        (OVER, "pictures", early, None, 1.15),
        (HALF, "p50", one, None, 2.5),
        (HALF, "p50", queue, None, 2.5),
        (HALF, "p50", early, None, 1.8),
        (HEAVY, "p95", one, None, 2.2),
        (HEAVY, "p95", queue, None, 2.2),
        (OVER, "paid_p95", one, "PyTriton", 2.0),
        (OVER, "paid_p95", queue, "PyTriton", 2.0),
        (OVER, "paid_p95", early, "PyTriton", 2.0),
        (LEAVING, "pictures", all_manners, None, 1.5),
    ]
    found = [
        _against_best(table, scenario, figure, manners=manners, product=product, least=least)
        for scenario, figure, manners, product, least in wanted
    ]
    return [one for one in (*found, _of_the_curve(table, OUR_SYSTEM)) if one is not None]


def _promised(table: Table) -> list[Row]:
    """What paid pictures gain by a promise, and what it costs, at the goals that it touches."""
    wanted = [
        ("paid_p95", ("one",), "PyTriton", 2.0),
        ("paid_p95", ("early",), "PyTriton", 2.0),
        ("pictures", ("one",), None, 1.4),
        ("pictures", ("early",), None, 1.15),
    ]
    found = [
        _against_best(table, OVER, figure, manners=manners, product=product, least=least, ours=PROMISED)
        for figure, manners, product, least in wanted
    ]
    return [one for one in (*found, _of_the_curve(table, PROMISED)) if one is not None]


def _of_the_curve(table: Table, ours: System) -> Row | None:
    if ours not in table.get(OVER, {}):
        return None
    busy = table[OVER][ours].busy
    return row(f"goal: {OVER}, {ours.name} / the curve: row-steps", busy, 1.0, busy, 0.95)


def _against_best(
    table: Table,
    scenario: str,
    figure: str,
    /,
    *,
    manners: Sequence[str],
    product: str | None,
    least: float,
    ours: System = OUR_SYSTEM,
) -> Row | None:
    if ours not in table.get(scenario, {}):
        return None
    peers = {
        system: getattr(figures, figure)
        for system, figures in table[scenario].items()
        if system.manner in manners and product in {None, system.product}
    }
    if not peers:
        return None
    best = (max if figure in MORE_IS_BETTER else min)(peers, key=lambda system: peers[system])
    mine = getattr(table[scenario][ours], figure)
    name = f"goal: {scenario}, {ours.name} / {best.name}: {FIGURES[figure]}"
    return row(name, mine, peers[best], ratio(figure, mine, peers[best]), least)


def _everything(table: Table) -> Iterable[Row]:
    for scenario, systems in table.items():
        for system, figures in systems.items():
            if system in OURS:
                continue
            for figure in SHOWN.get(scenario, WAITS):
                label = FIGURES[figure]
                ours, other = getattr(systems[OUR_SYSTEM], figure), getattr(figures, figure)
                yield row(
                    f"{scenario}, ours / {system.name}: {label}", ours, other, ratio(figure, ours, other), 1.0
                )
