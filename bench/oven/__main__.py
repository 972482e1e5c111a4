"""`python -m bench.oven`: every system through every scenario, then the rows.

    python -m bench.oven [--quick] [--peers PYTHON] [--only PEER ...] [--beside N] [--measured SECONDS] [--seed N]

Scenarios: 0.5, 0.8, 1.0 and 1.5 times what the device can draw, and 1.5 times with 30 % giving up. By default each
has 4 s of warm-up and 18 s measured, and four systems run side by side (their devices sleep, so they share the
cores easily): five scenarios for eleven systems end within ten minutes. `--quick` is ours and one peer, 5 s each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.oven.curve import CAPACITY
from bench.oven.judge import goals, rows
from bench.oven.mix import MIX
from bench.oven.systems import OUR_SYSTEM, systems
from bench.peers.catalogue import INTERPRETER, installed
from bench.traffic.drive import Books, drive
from bench.traffic.figures import Figures, figures
from bench.traffic.running import Running, end_servers_when_ended, running
from bench.traffic.systems import REPO, System
from bench.traffic.workload import Scenario, arrivals

OUT = REPO / "bench" / "out"
LOADS = ((0.5, 0.0), (0.8, 0.0), (1.0, 0.0), (1.5, 0.0), (1.5, 0.3))
"""Load, share of clients who give up; rising, so that each starts on what the last has warmed."""

Table = dict[str, dict[System, Figures]]


def main() -> None:
    """Runs, prints and writes bench/out/generator.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="ours and the first peer, a few seconds each")
    parser.add_argument("--peers", default=INTERPRETER, help="their interpreter")
    parser.add_argument("--only", nargs="*", default=[], help="peers to keep, such as BentoML")
    parser.add_argument("--beside", type=int, default=4, help="systems measured side by side")
    parser.add_argument("--measured", type=float, default=18.0, help="seconds measured a scenario")
    parser.add_argument("--seed", type=int, default=20)
    arguments = parser.parse_args()
    end_servers_when_ended()
    there, missing = installed(arguments.peers)
    for peer in missing:
        print(f"{peer.product}: not installed for {arguments.peers} (make bench-peers), left out", file=sys.stderr)
    measured, warm_up = (5.0, 1.0) if arguments.quick else (arguments.measured, 4.0)
    scenarios = [Scenario(load, leaving, warm_up, measured) for load, leaving in LOADS]
    kept = [peer for peer in there if not arguments.only or peer.product in arguments.only]
    everyone = systems(arguments.peers, kept[:1] if arguments.quick else kept)
    began = time.monotonic()
    table = asyncio.run(_measure(everyone, scenarios, arguments.beside, arguments.seed))
    results = rows(table)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "generator.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(goals(table), indent=2))
    seconds = round(time.monotonic() - began)
    print(f"{len(results)} rows in {OUT / 'generator.json'}; {seconds} s, {os.cpu_count()} cores")


async def _measure(everyone: Sequence[System], scenarios: Sequence[Scenario], beside: int, seed: int) -> Table:
    table: Table = {scenario.name: {} for scenario in scenarios}
    for first in range(0, len(everyone), beside):
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fournil-bench-")))
            starting = [_start(stack, system, folder) for system in everyone[first : first + beside]]
            group = [one for one in await asyncio.gather(*starting) if one is not None]
            for scenario in scenarios:
                requests = arrivals(scenario, MIX, seed)
                kept = await asyncio.gather(*(drive(one, scenario, requests) for one in group))
                for one, books in zip(group, kept, strict=True):
                    table[scenario.name][one.system] = _show(one.system, books)
    return table


async def _start(stack: AsyncExitStack, system: System, folder: Path) -> Running | None:
    """A peer that does not come up is named and left out; ours must. Raises TimeoutError."""
    try:
        return await stack.enter_async_context(running(system, folder, MIX))
    except TimeoutError as error:
        if system is OUR_SYSTEM:
            raise
        print(f"left out: {error}", file=sys.stderr)
        return None


def _show(system: System, books: Books) -> Figures:
    """Says what one run came to; returns it."""
    seen = figures(books, CAPACITY)
    print(
        f"{books.scenario.name:26} {system.name:34} {seen.pictures:5.1f} pictures/s, p50 {seen.p50:6.2f}, "
        f"p95 {seen.p95:6.2f}, paid {seen.paid_p50:5.2f} / {seen.paid_p95:5.2f} s, busy {seen.busy:4.0%}, "
        f"useful {seen.useful:4.0%}, undrawn {seen.undrawn:4.0%}",
        flush=True,
    )
    for error, count in books.errors.most_common(3):
        print(f"    {count} x {error}", flush=True)
    return seen


if __name__ == "__main__":
    main()
