"""What was measured, as rows: ours beside the bare loop first, then ours beside every peer, won or lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.serving.bare import Bare
from bench.serving.mix import STEPS
from bench.traffic.drive import Books
from bench.traffic.figures import Figures
from bench.traffic.rows import Row, ratio, row
from bench.traffic.systems import System

LEAST_OF_BARE = 0.97
FIGURES = {"p50": "p50 s", "p95": "p95 s"}


@dataclass(frozen=True, slots=True)
class Served:
    """One system at saturation: `pictures` a second and the server's `cpu` seconds for each, beside `bare` runs
    before and after it; `waits` by the name of a load, none of a setup that another of the same peer outdid."""

    system: System
    pictures: float
    cpu: float
    bare: Sequence[Bare]
    waits: Mapping[str, Figures]


def throughput(books: Books) -> float:
    """Pictures a second of a list that was sent at once: those that were drawn, until the last answer."""
    drawn = sum(one.end == "drawn" for one in books.outcomes)
    return drawn / max(one.seconds for one in books.outcomes)


def rows(ours: Sequence[Served], peers: Sequence[Served]) -> list[Row]:
    """Every row."""
    return [*(one for form in ours for one in _beside_bare(form)), *_beside_peers(ours, peers)]


def _beside_bare(form: Served) -> Iterator[Row]:
    name, count = f"saturated, {form.system.name} / bare loop", len(form.bare)
    rows_a_call = form.bare[0].rows
    whole = sum(one.pictures for one in form.bare) / count
    label = f"pictures/s, whole work, {rows_a_call} rows a call"
    yield row(f"{name}: {label}", form.pictures, whole, form.pictures / whole, LEAST_OF_BARE)
    steps = form.pictures * sum(STEPS) / len(STEPS)
    denoiser = sum(one.row_steps[rows_a_call] for one in form.bare) / count
    label = f"steps/s, the loop's without prompts and PNG, {rows_a_call} rows a call"
    yield row(f"{name}: {label}", steps, denoiser, steps / denoiser, LEAST_OF_BARE)
    cpu = sum(one.cpu for one in form.bare) / count
    yield row(f"{name}: CPU s a picture", form.cpu, cpu, ratio("cpu", form.cpu, cpu), LEAST_OF_BARE)


def _beside_peers(ours: Sequence[Served], peers: Sequence[Served]) -> Iterator[Row]:
    for form in ours:
        for peer in peers:
            versus = f"{form.system.name} / {peer.system.name}"
            better = ratio("pictures", form.pictures, peer.pictures)
            yield row(f"saturated, {versus}: pictures/s", form.pictures, peer.pictures, better, 1.0)
            better = ratio("cpu", form.cpu, peer.cpu)
            yield row(f"saturated, {versus}: CPU s a picture", form.cpu, peer.cpu, better, 1.0)
            for load, theirs in peer.waits.items():
                if load not in form.waits:
                    continue
                for figure, label in FIGURES.items():
                    mine, other = getattr(form.waits[load], figure), getattr(theirs, figure)
                    yield row(f"{load}, {versus}: {label}", mine, other, ratio(figure, mine, other), 1.0)
