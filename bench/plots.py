"""Small SVG plots without a library: lines, dots and coloured bands over a time axis, one panel under another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, LEFT, RIGHT = 860, 64, 16
TOP, GAP, FOOT = 34, 46, 40
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one colour, joined (`line`) or not."""

    name: str
    colour: str
    points: Sequence[Point]
    line: bool = True


@dataclass(frozen=True, slots=True)
class Band:
    """A coloured stretch of the x axis."""

    start: float
    end: float
    colour: str
    name: str


@dataclass(slots=True)
class Panel:
    """One pair of axes. `logarithmic`: its y axis is, from `least` on."""

    title: str
    series: Sequence[Series]
    height: int = 220
    logarithmic: bool = False
    least: float = 0.1
    bands: Sequence[Band] = field(default_factory=tuple)


def svg(panels: Sequence[Panel], x_title: str) -> str:
    """The panels under one another, with one x axis from 0 for all."""
    most = max((x for panel in panels for one in panel.series for x, _ in one.points), default=1.0)
    height = TOP + sum(panel.height + GAP for panel in panels) + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    ]
    top = TOP
    for panel in panels:
        parts += _panel(panel, top, most)
        top += panel.height + GAP
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{height - 12}" text-anchor="middle">{escape(x_title)}</text></svg>')
    return "\n".join(parts) + "\n"


def ticks(most: float) -> list[float]:
    """Five or so round numbers from 0 to `most`."""
    raw = most / 5
    size = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
    return [step * number for number in range(int(most / step) + 1)]


def _panel(panel: Panel, top: int, most: float) -> list[str]:
    bottom = top + panel.height
    values = [y for one in panel.series for _, y in one.points]
    highest = max([*values, panel.least * 10 if panel.logarithmic else 1e-9])

    def x_of(x: float) -> float:
        return LEFT + x / most * (WIDTH - LEFT - RIGHT)

    def y_of(y: float) -> float:
        if panel.logarithmic:
            share = math.log(max(y, panel.least) / panel.least) / math.log(highest / panel.least)
        else:
            share = y / highest
        return bottom - share * panel.height

    parts = [f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{escape(panel.title)}</text>']
    for band in panel.bands:
        left, right = x_of(band.start), x_of(min(band.end, most))
        parts.append(
            f'<rect x="{left:.1f}" y="{top}" width="{max(right - left, 0):.1f}" height="{panel.height}" '
            f'fill="{band.colour}"><title>{escape(band.name)}</title></rect>'
        )
    marks = _decades(panel.least, highest) if panel.logarithmic else ticks(highest)
    for mark in marks:
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(mark):.1f}" y2="{y_of(mark):.1f}" stroke="#ccc"/>'
            f'<text x="{LEFT - 6}" y="{y_of(mark) + 4:.1f}" text-anchor="end">{mark:g}</text>'
        )
    for mark in ticks(most):
        parts.append(f'<text x="{x_of(mark):.1f}" y="{bottom + 15}" text-anchor="middle">{mark:g}</text>')
    for one in panel.series:
        spots = [(x_of(x), y_of(y)) for x, y in one.points]
        if one.line:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{one.colour}" stroke-width="1.5"/>')
        else:
            path = "".join(f"M{x:.0f} {y:.0f}h2" for x, y in spots)
            parts.append(f'<path d="{path}" stroke="{one.colour}" stroke-width="2" opacity="0.6"/>')
    return [*parts, *_legend(panel, top)]


def _legend(panel: Panel, top: int) -> list[str]:
    entries = [(one.name, one.colour) for one in panel.series]
    entries += dict.fromkeys((band.name, band.colour) for band in panel.bands)
    parts, x = [], WIDTH - RIGHT
    for name, colour in reversed(entries):
        x -= 7 * len(name) + 22
        parts.append(
            f'<rect x="{x}" y="{top - 19}" width="10" height="10" fill="{colour}" stroke="#999"/>'
            f'<text x="{x + 14}" y="{top - 10}">{escape(name)}</text>'
        )
    return parts


def _decades(least: float, highest: float) -> list[float]:
    first, last = math.ceil(math.log10(least)), math.floor(math.log10(highest))
    return [10.0**power for power in range(first, last + 1)]
