"""`python -m bench.surge`: the simulated surges and the real one, then rows and plots; below ten minutes."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.surge.figures import figures
from bench.surge.judge import Row, Run, real_rows, rows
from bench.surge.orders import ORDERS
from bench.surge.pictures import draw
from bench.surge.real import POLICY, SCENE, Real, run_real
from bench.surge.scene import Scene
from bench.surge.simulated import simulate
from bench.traffic.figures import percentile
from services.quota.policy_file import load_policy

REPO = Path(__file__).resolve().parents[2]
OUT, DOCS = REPO / "bench" / "out", REPO / "docs" / "surge"
SIMULATED = Path(__file__).with_name("policy.toml")
MINUTE = replace(
    Scene(), peak=5.0, ends=260.0, burst=1.5, burst_at=100.0, burst_length=60.0, deaths=(), greedy_users=1
)
"""A gentler burst: 1.5 times what the ovens can draw, for a minute."""


def main() -> None:
    """Runs, prints, writes bench/out/surge.json and docs/surge/*.svg."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=("simulated", "real"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    results: list[Row] = []
    if arguments.only != "real":
        results += _simulated("simulated, 50x", Scene(), tuple(ORDERS), arguments.seed, "simulated")
        results += _simulated(
            "simulated, 5x, paid 1.5x for a minute", MINUTE, tuple(ORDERS)[:2], arguments.seed, ""
        )
    if arguments.only != "simulated":
        results += _real(asyncio.run(run_real(seed=arguments.seed)))
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "surge.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    for row in results:
        print(
            f"{'    ' if row['holds'] else 'NO  '}{row['name']}: "
            f"{row['ours']} / {row['other']} (goal {row['goal']})"
        )
    print(f"{len(results)} rows in {OUT / 'surge.json'}; {time.monotonic() - began:.0f} s, {os.cpu_count()} cores")


def _simulated(name: str, scene: Scene, orders: Sequence[str], seed: int, plots: str) -> list[Row]:
    policy = load_policy(SIMULATED)
    logs = asyncio.run(simulate(scene, policy, orders, seed))
    runs = {order: Run(log, figures(log, policy.weights, scene.rate)) for order, log in logs.items()}
    for order, run in runs.items():
        _show(f"{name}, {order}", run)
    if plots:
        draw(DOCS, plots, runs)
    return rows(name, runs)


def _real(real: Real) -> list[Row]:
    run = Run(real.log, figures(real.log, load_policy(POLICY).weights, SCENE.rate))
    _show("real run", run)
    print(
        f"    at most {real.most_waiting} live, asks at most {real.late:.2f} s late, Reserve p50 "
        f"{percentile(real.reserve_times, 0.5):.3f} p99 {percentile(real.reserve_times, 0.99):.3f} s; "
        f"{real.accounts_made:.0f} accounts made a second; tries again {real.retries}"
    )
    draw(DOCS, "real", {"ours": run})
    return rows("real run", {"ours": run}) + real_rows(real)


def _show(name: str, run: Run) -> None:
    log, seen = run.log, run.figures
    print(
        f"{name}: {log.ended:.0f} s, asked {dict(log.asked)}, let in {len(log.tickets)}, "
        f"refused {dict(log.refusals)}"
    )
    for tier in seen.waits:
        told = ", ".join(f"p{100 * share:g} {seen.wait(tier, share):.1f}" for share in (0.5, 0.9, 0.99))
        print(f"    {tier}: {len(seen.waits[tier])} started; wait {told} s; share {seen.share[tier]:.3f}")
    print(
        f"    free gap {seen.gap:.2f} s of oven time, {seen.gap_clock:.2f} s by the clock; ETA error p50 "
        f"{percentile(seen.eta, 0.5):.3f} p90 {percentile(seen.eta, 0.9):.3f}, at half p50 "
        f"{percentile(seen.eta_half, 0.5):.3f} p90 {percentile(seen.eta_half, 0.9):.3f}, within the range "
        f"{seen.within:.2f}; {seen.rises} places rose; greedy / other account {seen.greed:.2f}"
    )
    for change in log.levels:
        print(f"    {change.at:6.1f} s {change.level}: {change.cause}")
    for trouble in (*log.unexplained[:3], *log.wrong[:3]):
        print(f"    {trouble}")


if __name__ == "__main__":
    main()
