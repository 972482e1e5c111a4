"""The bare loop: the same pictures in one process, with nobody to serve.

    python -m bench.serving.bare [--rows N] [--seconds S]

A call always holds `rows` pictures of whatever step; one that is done is encoded as PNG and the next takes its
place, all in one thread, each call on all cores. Without `--rows` every size is tried by calls of the denoiser
alone and the best is taken. Prints JSON: `rows`; `row_steps`, those a second of the denoiser alone by size;
`pictures` a second; `cpu`, CPU seconds a picture.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.peers.plan import Want
from bench.serving.kitchen import CORES, SIZES, Kitchen
from bench.serving.mix import STEPS
from bench.traffic.systems import REPO
from bench.traffic.workload import PROMPTS

ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Bare:
    """What the loop came to, a second; `cpu` is CPU seconds a picture."""

    rows: int
    row_steps: dict[int, float]
    pictures: float
    cpu: float


def measure(rows: int | None, seconds: float) -> Bare:
    """Runs in a process of its own, so that it shares no lock with who asks. Raises CalledProcessError."""
    command = [sys.executable, "-m", "bench.serving.bare", f"--seconds={seconds}", f"--rows={rows or 0}"]
    done = subprocess.run(command, cwd=REPO, stdout=subprocess.PIPE, timeout=120, check=True)
    found = json.loads(done.stdout)
    sizes = {int(size): rate for size, rate in found["row_steps"].items()}
    return Bare(found["rows"], sizes, found["pictures"], found["cpu"])


def denoiser(kitchen: Kitchen, sizes: Sequence[int], seconds: float) -> dict[int, float]:
    """Row-steps a second of the denoiser alone by rows of a call, from the median call; the sizes take turns, each
    for the same time."""
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(ROUNDS):
        for size in sizes:
            canvases = [kitchen.begin(_want(number, 100)) for number in range(size)]
            end = time.perf_counter() + seconds / ROUNDS
            while (began := time.perf_counter()) < end:
                kitchen.step(canvases)
                spent[size].append(time.perf_counter() - began)
    return {size: size / statistics.median(calls) for size, calls in spent.items()}


def pictures(kitchen: Kitchen, rows: int, seconds: float) -> tuple[float, float]:
    """Whole pictures a second of the mix, `rows` in every call, and CPU seconds a picture."""
    numbers = itertools.count()
    began, cpu, done = time.perf_counter(), time.process_time(), 0
    canvases = [kitchen.begin(_next(numbers)) for _ in range(rows)]
    while time.perf_counter() - began < seconds:
        kitchen.step(canvases)
        for place, canvas in enumerate(canvases):
            if canvas.finished:
                kitchen.finish(canvas)
                done += 1
                canvases[place] = kitchen.begin(_next(numbers))
    made = done + float(sum(canvas.done / canvas.steps for canvas in canvases))
    return made / (time.perf_counter() - began), (time.process_time() - cpu) / made


def _next(numbers: itertools.count[int]) -> Want:
    number = next(numbers)
    return _want(number, STEPS[number % len(STEPS)])


def _want(number: int, steps: int) -> Want:
    return {"steps": steps, "prompt": PROMPTS[number % len(PROMPTS)], "seed": number}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=4.0, help="of every figure")
    arguments = parser.parse_args()
    kitchen = Kitchen(CORES)
    pictures(kitchen, 1, 0.5)
    rates = denoiser(kitchen, [arguments.rows] if arguments.rows else SIZES, arguments.seconds / 2)
    rows = max(rates, key=lambda size: rates[size])
    print(json.dumps(asdict(Bare(rows, rates, *pictures(kitchen, rows, arguments.seconds)))))


if __name__ == "__main__":
    main()
