"""`python -m bench.fleet`: every curve, every load, then the rows and the figures.

    python -m bench.fleet [--quick] [--only CURVE ...] [--seed N] [--processes N]

Eight curves under loads of 0.8, 1.0 and 1.5 and a surge of 50, ours and whole requests, and four curves with five
numbers of slots. `--quick` is four ovens instead of 64 and writes no figures. The same seed gives the same rows.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import asdict
from typing import Any

from bench.fleet.judge import P50, P95, rows
from bench.fleet.plot import write
from bench.fleet.published import CURVES
from bench.fleet.study import Table, run_all, runs
from bench.fleet.workload import FULL, SHARES, SMALL
from bench.traffic.systems import REPO

OUT = REPO / "bench" / "out"
DOCS = REPO / "docs" / "fleet"


def main() -> None:
    """Runs, prints and writes bench/out/fleet.json and docs/fleet."""
    names = [curve.name for curve in CURVES]
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="four ovens, no figures")
    parser.add_argument("--only", nargs="*", default=names, choices=names, help="curves to keep")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    began = time.monotonic()
    planned = runs(arguments.only)
    size = SMALL if arguments.quick else FULL
    found: Table = {}
    for run, seen in run_all(planned, size, arguments.seed, arguments.processes):
        found[run] = seen
        free, paid, pro = (seen.totals[tier] for tier in SHARES)
        print(
            f"{len(found):3}/{len(planned)} {time.monotonic() - began:4.0f} s  {run.name:58} "
            f"{seen.capacity:4.0%} of the curve, p50/p95 s: free {free[P50]:.1f}/{free[P95]:.1f}, "
            f"paid {paid[P50]:.1f}/{paid[P95]:.1f}, pro {pro[P50]:.1f}/{pro[P95]:.1f}; "
            f"lost turns {seen.lost}",
            flush=True,
        )
    table = {run: found[run] for run in planned}
    results = rows(table)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "fleet.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if not arguments.quick and arguments.only == names:
        write(table, DOCS)
        (DOCS / "figures.json").write_text(_all_figures(table), encoding="utf-8")
    print(f"{len(results)} rows in {OUT / 'fleet.json'}; {time.monotonic() - began:.0f} s, {os.cpu_count()} cores")


def _all_figures(table: Table) -> str:
    """JSON, a line a run; null where there was nothing to see."""
    lines = [f"{json.dumps(run.name)}: {json.dumps(_rounded(asdict(seen)))}" for run, seen in table.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 3)
    return value


if __name__ == "__main__":
    main()
