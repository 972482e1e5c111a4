"""The plots: waits under the surge level, a few tickets' places, errors of ETAs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.plots import Band, Panel, Series, svg
from bench.surge.judge import Run
from bench.surge.log import Log, Ticket
from bench.traffic.figures import percentile

TIERS = {"free": "#1f77b4", "paid": "#d62728"}
LEVELS = {"normal": "#e8f5e9", "busy": "#fff9c4", "surge": "#ffe0b2", "shed": "#ffcdd2"}
ORDERS = {"ours": "#2ca02c", "strict priority": "#9467bd", "FIFO": "#8c564b"}
MOST_POINTS = 1_500
PLACES = 8
"""Tickets whose places are drawn."""


def draw(folder: Path, name: str, runs: Mapping[str, Run]) -> list[Path]:
    """Writes `<name>-waits.svg`, `-places.svg` and `-eta.svg`."""
    ours = runs["ours"]
    pictures = {"waits": _waits(runs), "places": _places(ours.log), "eta": _eta(ours)}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for what, text in pictures.items():
        path = folder / f"{name}-{what}.svg"
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _waits(runs: Mapping[str, Run]) -> str:
    ours = runs["ours"].log
    bands = _bands(ours)
    dots = [Series(tier, colour, _thin(_points(ours, tier)), line=False) for tier, colour in TIERS.items()]
    panels = [Panel("Ours: seconds waited, by time of joining", dots, logarithmic=True, bands=bands)]
    backlog = Series("backlog", "#333", _thin(ours.backlog))
    panels.append(Panel("Backlog, seconds of the ovens' work", [backlog], height=120, bands=bands))
    if len(runs) > 1:
        for tier in TIERS:
            lines = [Series(order, ORDERS[order], _medians(_points(run.log, tier))) for order, run in runs.items()]
            panels.append(Panel(f"{tier}: median wait of those joining, s", lines, height=150, logarithmic=True))
    return svg(panels, "seconds from the start")


def _bands(log: Log) -> list[Band]:
    ends = [change.at for change in log.levels[1:]] + [max(log.ended, log.levels[-1].at)]
    return [
        Band(one.at, end, LEVELS[one.level], one.level)
        for one, end in zip(log.levels, ends, strict=True)
        if end > one.at
    ]


def _points(log: Log, tier: str) -> list[tuple[float, float]]:
    mine = [one for one in log.tickets.values() if one.tier == tier and one.started is not None]
    return [(one.joined, (one.started or 0.0) - one.joined) for one in mine]


def _thin(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return points[:: max(1, -(-len(points) // MOST_POINTS))]


def _medians(points: list[tuple[float, float]], width: float = 10.0) -> list[tuple[float, float]]:
    by_time: dict[int, list[float]] = {}
    for at, wait in points:
        by_time.setdefault(int(at // width), []).append(wait)
    return [((slot + 0.5) * width, max(percentile(waits, 0.5), 0.1)) for slot, waits in sorted(by_time.items())]


def _places(log: Log) -> str:
    told = sorted((one for one in log.tickets.values() if len(one.sights) > 4), key=lambda one: one.started or 0.0)
    chosen = told[:: max(1, len(told) // PLACES)][:PLACES]
    colours = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#17becf")
    places = [
        Series(one.tier, colour, [(sight.at, float(sight.place)) for sight in one.sights])
        for one, colour in zip(chosen, colours, strict=False)
    ]
    rises = [(at, float(place)) for one in chosen for at, place in _rises(one)]
    places.append(Series("rose, with its reason", "#d62728", rises, line=False))
    starts = [Series(one.tier, colour, _told(one)) for one, colour in zip(chosen, colours, strict=False)]
    return svg(
        [
            Panel(f"Places of {len(chosen)} tickets", places, height=260),
            Panel("When each was told to start (level is right), seconds from the start", starts, height=260),
        ],
        "seconds from the start",
    )


def _told(one: Ticket) -> list[tuple[float, float]]:
    return [(sight.at, sight.at + sight.middle) for sight in one.sights if sight.middle is not None]


def _rises(one: Ticket) -> list[tuple[float, int]]:
    pairs = zip(one.sights, one.sights[1:], strict=False)
    return [(after.at, after.place) for before, after in pairs if after.place > before.place]


def _eta(ours: Run) -> str:
    """Cumulative: the share of tickets whose error is at most so much, and signed errors over the wait."""
    curves = []
    for name, errors, colour in (
        ("at joining", ours.figures.eta, "#1f77b4"),
        ("at half of the wait", ours.figures.eta_half, "#ff7f0e"),
    ):
        ordered = sorted(error for error in errors if error <= 1.0)
        points = [(100 * error, 100 * (rank + 1) / len(errors)) for rank, error in enumerate(ordered)]
        curves.append(Series(name, colour, [(0.0, 0.0), *_thin(points)]))
    return svg(
        [Panel("Share of tickets with at most this error, %", curves, height=300)], "ETA error, % of the wait"
    )
