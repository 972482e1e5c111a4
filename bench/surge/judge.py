"""From figures to rows: ours beside what it is held against, the goal, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.surge.figures import Figures
from bench.surge.log import Log
from bench.surge.real import Real
from bench.traffic.figures import percentile

Row = dict[str, object]
PAID_RATIO, GAP, ETA_MEDIAN, ETA_P90, SHARE = 1.3, 1.0, 0.15, 0.6, 0.95
"""Goals. A class may miss its share by one job: a twentieth of ten seconds of four pictures each."""
LEVELS = ("normal", "busy", "surge", "shed")


@dataclass(frozen=True, slots=True)
class Run:
    """One run's log and figures."""

    log: Log
    figures: Figures


def rows(name: str, runs: Mapping[str, Run]) -> list[Row]:
    """Of one scene: `runs` by order, "ours" among them; each other order adds rows that hold ours against it."""
    ours = runs["ours"]
    mine = ours.figures
    found: list[Row] = []
    for other, run in runs.items():
        if other != "ours":
            found += _beside(name, mine, other, run.figures)
    median, p90 = percentile(mine.eta, 0.5), percentile(mine.eta, 0.9)
    half = percentile(mine.eta_half, 0.5)
    # Only a simulation can look whether what is told is what happened.
    reason = "a true reason" if len(runs) > 1 else "a reason told"
    found += [
        _goal(f"{name}: longest oven time between free turns, s", mine.gap, f"<= {GAP:g}", mine.gap <= GAP),
        *(
            _goal(f"{name}: least share of {tier}, of its weight's", share, f">= {SHARE:g}", share >= SHARE)
            for tier, share in mine.share.items()
        ),
        _goal(f"{name}: ETA error at joining, median", median, f"<= {ETA_MEDIAN:g}", median <= ETA_MEDIAN),
        _goal(f"{name}: ETA error at joining, p90", p90, f"<= {ETA_P90:g}", p90 <= ETA_P90),
        _goal(f"{name}: ETA error at half of the wait, median", half, "-", True),
        _goal(
            f"{name}: places that rose without {reason}, of {mine.rises} that rose",
            len(ours.log.unexplained), "0", not ours.log.unexplained,
        ),
        _goal(f"{name}: what the recount of the store finds off", len(ours.log.wrong), "0", not ours.log.wrong),
        _goal(
            f"{name}: changes of the surge level through all four and back", len(ours.log.levels) - 1, "6",
            steady(ours.log),
        ),
    ]  # fmt: skip
    return found


def _beside(name: str, mine: Figures, other: str, theirs: Figures) -> list[Row]:
    paid, their_paid = mine.wait("paid", 0.99), theirs.wait("paid", 0.99)
    ratio = paid / their_paid
    strict = other == "strict priority"
    return [
        {
            "name": f"{name}: paid wait p99, s: ours / {other}",
            "ours": round(paid, 1), "other": round(their_paid, 1),
            "ratio": round(ratio, 3), "goal": f"<= {PAID_RATIO:g}" if strict else "-",
            "holds": not strict or ratio <= PAID_RATIO,
        },
        {
            "name": f"{name}: longest oven time between free turns, s: ours / {other}", "ours": round(mine.gap, 2),
            "other": round(theirs.gap, 2), "ratio": round(mine.gap / theirs.gap, 3) if theirs.gap else "-",
            "goal": "-", "holds": True,
        },
    ]  # fmt: skip


def _goal(name: str, value: float, goal: str, holds: bool) -> Row:
    return {"name": name, "ours": round(value, 3), "other": "-", "ratio": "-", "goal": goal, "holds": holds}


def real_rows(real: Real) -> list[Row]:
    """What only the real run can show."""
    log = real.log
    lost = log.asked.total() - log.refusals.total() - sum(bool(one.ended) for one in log.tickets.values())
    return [
        _goal(
            f"real run: accounts beyond a limit, of {real.checked} looks", len(real.passed), "0", not real.passed
        ),
        _goal("real run: asks that were neither refused nor brought to an end", lost, "0", lost == 0),
    ]


def steady(log: Log) -> bool:
    """Whether the level went up through all four and down again, one at a time, once, and always said why."""
    went = [change.level for change in log.levels]
    return went == [*LEVELS, *LEVELS[-2::-1]] and all(change.cause for change in log.levels)
