"""`python -m bench.serving`: the bare loop, then every system, then the rows.

    python -m bench.serving [--quick] [--peers PYTHON] [--only PEER ...] [--measured SECONDS] [--seed N]

One system runs at a time: they share the cores. Each draws a list that is sent at once, as long as the bare loop
takes `--measured` seconds for; then waits are measured for as long at each load. A peer is tried in two setups and
its waits are measured in the one that drew more a second. The bare loop runs again after every system, so that a
machine that slows down is seen. Ends within ten minutes by default; `--quick` is ours alone, 4 s each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.peers.catalogue import INTERPRETER, Peer, installed
from bench.serving.bare import Bare, measure
from bench.serving.judge import Served, rows, throughput
from bench.serving.kitchen import CORES
from bench.serving.mix import STEPS
from bench.serving.systems import OURS, setups
from bench.traffic.drive import Books, drive
from bench.traffic.figures import Figures, figures
from bench.traffic.running import Running, end_servers_when_ended, running
from bench.traffic.spent import cpu_seconds
from bench.traffic.systems import REPO, System
from bench.traffic.workload import Mix, Scenario, all_at_once, arrivals

OUT = REPO / "bench" / "out"
LOADS = (0.8, 1.0)
WARM_UP = 2.0
CUT = 15.0
"""Seconds after the last arrival in which every picture can be had."""
TRAINING = 2
"""Requests of each step count at once before anything is measured."""
BARE_SECONDS = 4.0
FIRST_LOOKS = 3
"""Runs of the bare loop whose median is full load."""


def main() -> None:
    """Runs, prints and writes bench/out/serving.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="ours alone, a few seconds each")
    parser.add_argument("--peers", default=INTERPRETER, help="their interpreter")
    parser.add_argument("--only", nargs="*", default=[], help="peers to keep, such as BentoML")
    parser.add_argument("--measured", type=float, default=12.0, help="seconds measured of each figure")
    parser.add_argument("--seed", type=int, default=20)
    arguments = parser.parse_args()
    end_servers_when_ended()
    there, missing = ([], []) if arguments.quick else installed(arguments.peers)
    for peer in missing:
        print(f"{peer.product}: not installed for {arguments.peers} (make bench-peers), left out", file=sys.stderr)
    kept = [peer for peer in there if not arguments.only or peer.product in arguments.only]
    began = time.monotonic()
    bench = Bench(arguments.peers, 4.0 if arguments.quick else arguments.measured, arguments.seed)
    ours = [asyncio.run(bench.ours(system)) for system in OURS]
    peers = [served for peer in kept for served in asyncio.run(bench.peer(peer))]
    results = rows(ours, peers)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "serving.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))
    print(f"{len(results)} rows in {OUT / 'serving.json'}; {time.monotonic() - began:.0f} s, {CORES} cores")


class Bench:
    """One run: full load is found when it is made."""

    def __init__(self, interpreter: str, measured: float, seed: int) -> None:
        self._interpreter, self._measured, self._seed = interpreter, measured, seed
        first = measure(None, BARE_SECONDS)
        looks = [first, *(measure(first.rows, BARE_SECONDS) for _ in range(FIRST_LOOKS - 1))]
        self._last, self._sizes = looks[-1], first.row_steps
        self._mix = Mix(STEPS, statistics.median(look.pictures for look in looks))
        sizes = ", ".join(f"{rate:.1f} at {size}" for size, rate in first.row_steps.items())
        print(f"bare loop: steps/s by rows a call {sizes}; best {first.rows}", flush=True)
        print(f"full load: {self._mix.pictures_per_second:.2f} pictures/s", flush=True)

    async def ours(self, system: System) -> Served:
        """One form of ours, with its waits. Raises TimeoutError if it does not come up."""
        async with AsyncExitStack() as stack:
            one = await self._start(stack, system)
            rate, cpu = await self._saturate(one)
            waits = await self._waits(one)
        return Served(system, rate, cpu, self._bare(), waits)

    async def peer(self, peer: Peer) -> Sequence[Served]:
        """A peer in each setup that comes up, with the waits of the better one."""
        found: list[tuple[System, float, float]] = []
        setup = setups(self._interpreter, peer, self._sizes)
        waits: dict[str, Figures] = {}
        for system in setup:
            with _left_out_when_late():
                async with AsyncExitStack() as stack:
                    one = await self._start(stack, system)
                    found.append((system, *await self._saturate(one)))
                    if system is setup[-1] and _best(found) is system:
                        waits = await self._waits(one)
        if found and not waits:
            with _left_out_when_late():
                async with AsyncExitStack() as stack:
                    waits = await self._waits(await self._start(stack, _best(found)))
        bare = self._bare()
        best = _best(found) if found else None
        return [Served(one, rate, cpu, bare, waits if one is best else {}) for one, rate, cpu in found]

    async def _start(self, stack: AsyncExitStack, system: System) -> Running:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fournil-bench-")))
        return await stack.enter_async_context(running(system, folder, self._mix, TRAINING))

    async def _saturate(self, one: Running) -> tuple[float, float]:
        """Pictures a second, and CPU seconds of the server a picture."""
        parts = max(1, round(self._measured * self._mix.pictures_per_second / len(STEPS)))
        scenario = Scenario(1.0, 0.0, 0.0, 0.0)
        requests = all_at_once(parts * len(STEPS), self._mix, self._seed)
        before = cpu_seconds(one.mark)
        books = await drive(one, scenario, requests, requests[0].leaves_after or 0.0)
        # What asks whether it is idle afterwards is drawn too.
        made = len(requests) + len(self._mix.counts)
        rate, cpu = throughput(books), (cpu_seconds(one.mark) - before) / made
        _show(one.system, "saturated", f"{rate:5.2f} pictures/s, {cpu:.3f} CPU s a picture", books)
        return rate, cpu

    async def _waits(self, one: Running) -> dict[str, Figures]:
        found = {}
        for load in LOADS:
            scenario = Scenario(load, 0.0, WARM_UP, self._measured)
            books = await drive(one, scenario, arrivals(scenario, self._mix, self._seed), CUT)
            seen = figures(books, self._mix.pictures_per_second * sum(STEPS) / len(STEPS))
            found[scenario.name] = seen
            what = f"p50 {seen.p50:5.2f}, p95 {seen.p95:5.2f} s, {seen.pictures:5.2f} pictures/s"
            _show(one.system, scenario.name, f"{what}, undrawn {seen.undrawn:.0%}", books)
        return found

    def _bare(self) -> Sequence[Bare]:
        """The bare loop's last run and one that is made now."""
        before = self._last
        self._last = measure(before.rows, BARE_SECONDS)
        last = self._last
        print(f"bare loop: {last.pictures:.2f} pictures/s, {last.cpu:.3f} CPU s a picture", flush=True)
        return before, self._last


@contextlib.contextmanager
def _left_out_when_late() -> Iterator[None]:
    """A peer that does not come up, or does not become idle again, is named; the run goes on."""
    try:
        yield
    except TimeoutError as error:
        print(f"left out: {error}", file=sys.stderr)


def _best(found: Sequence[tuple[System, float, float]]) -> System:
    return max(found, key=lambda one: one[1])[0]


def _show(system: System, load: str, figures: str, books: Books) -> None:
    print(f"{load:12} {system.name:26} {figures}", flush=True)
    for error, count in books.errors.most_common(3):
        print(f"    {count} x {error}", flush=True)


if __name__ == "__main__":
    main()
