"""A little of SVG: panels with axes, lines and their names. Enough for two figures, and no plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

LEFT, RIGHT, TOP, BOTTOM = 52, 12, 34, 46
"""Margins of a panel in pixels."""
FONT = 'font-family="Helvetica, Arial, sans-serif"'


@dataclass(frozen=True, slots=True)
class Line:
    """Values at the ticks of the x axis, in their order; not a number leaves a gap."""

    values: Sequence[float]
    colour: str
    dashed: bool = False


@dataclass(slots=True)
class Panel:
    """One pair of axes. `ticks` name the places on the x axis; y goes from `low` to `high`, by ratios if
    `logarithmic`."""

    title: str
    x_label: str
    y_label: str
    ticks: Sequence[str]
    low: float
    high: float
    marks: Sequence[float]
    logarithmic: bool = False
    lines: list[Line] = field(default_factory=list)


def drawing(panels: Sequence[Panel], legend: Sequence[tuple[str, Line]], width: int, height: int) -> str:
    """The panels side by side, each `width` by `height`, with the legend below."""
    total, foot = width * len(panels), 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{height + foot}" '
        f'viewBox="0 0 {total} {height + foot}">',
        f'<rect width="{total}" height="{height + foot}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate({number * width},0)">')
        parts += _panel(panel, width, height)
        parts.append("</g>")
    for number, (name, line) in enumerate(legend):
        x = LEFT + number * (total - LEFT) / len(legend)
        parts.append(_stroke([(x, height + 12), (x + 26, height + 12)], line))
        parts.append(_text((x + 32, height + 16), name, 12, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, width: int, height: int) -> list[str]:
    right, bottom = width - RIGHT, height - BOTTOM

    def across(index: int) -> float:
        return LEFT + (right - LEFT) * (index + 0.5) / len(panel.ticks)

    def down(value: float) -> float:
        scale = math.log if panel.logarithmic else float
        share = (scale(value) - scale(panel.low)) / (scale(panel.high) - scale(panel.low))
        return bottom - (bottom - TOP) * min(max(share, 0.0), 1.0)

    parts = [_text((width / 2, 20), panel.title, 14, "middle", ' font-weight="bold"')]
    for mark in panel.marks:
        y = down(mark)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(_text((LEFT - 6, y + 4), f"{mark:g}", 11, "end"))
    for index, tick in enumerate(panel.ticks):
        parts.append(_text((across(index), bottom + 16), tick, 11, "middle"))
    parts.append(_text((width / 2, bottom + 34), panel.x_label, 12, "middle"))
    turned = f' transform="translate(14,{(TOP + bottom) / 2:.0f}) rotate(-90)"'
    parts.append(_text((0, 0), panel.y_label, 12, "middle", turned))
    for line in panel.lines:
        points = [(across(index), down(value)) for index, value in enumerate(line.values) if not math.isnan(value)]
        parts.append(_stroke(points, line))
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>' for x, y in points]
    parts.append(f'<path d="M{LEFT},{TOP}V{bottom}H{right}" fill="none" stroke="#333333"/>')
    return parts


def _stroke(points: Sequence[tuple[float, float]], line: Line) -> str:
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="2"{dashes}/>'


def _text(place: tuple[float, float], words: str, size: int, anchor: str, more: str = "") -> str:
    x, y = place
    look = f'{FONT} font-size="{size}" text-anchor="{anchor}" fill="#222222"{more}'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(words)}</text>'
