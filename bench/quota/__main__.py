"""`python -m bench.quota`: every question, then the rows.

    python -m bench.quota [--quick] [--peers FOLDER] [--only wire client peers crowd outage]

About six minutes, of which the crowd of a million takes two; `--quick` takes one, without the crowd.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import uvloop

from bench.quota import client, crowd, outage, wire
from bench.quota.place import open_accounts, policy_store, store_in
from services.local_mesh.store import LocalStore
from services.quota.redis_office import TAG
from services.runtime.pipelined import PipelinedLink

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
OUT = REPO / "bench" / "out"
PARTS = ("wire", "client", "peers", "crowd", "outage")
Row = dict[str, object]


def main() -> None:
    """Runs, prints and writes bench/out/quota.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="short rounds, and no crowd")
    parser.add_argument("--peers", type=Path, default=REPO / ".venv-quota-peers", help="where they are installed")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()
    parts = [part for part in arguments.only if not (arguments.quick and part == "crowd")]
    rows = uvloop.run(_measure(parts, arguments.peers, 3 if arguments.quick else 7))
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "quota.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(rows, indent=2))
    print(f"{len(rows)} rows in {OUT / 'quota.json'}; {os.cpu_count()} cores")


async def _measure(parts: list[str], peers: Path, rounds: int) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as name:
        folder = Path(name)
        with store_in(folder / "store") as local:
            link = PipelinedLink(local.url, tag=TAG, budget=5.0)
            await open_accounts(policy_store(link))
            await link.close()
            if "wire" in parts:
                rows += _wire_rows(await wire.compare(local, 2.0, rounds))
            if "client" in parts or "peers" in parts:
                ours = await client.compare(local, rounds)
                rows += _client_rows(ours)
                if "peers" in parts:
                    found = await asyncio.to_thread(_peers, local, peers)
                    rows += [row for peer in found for row in _peer_rows(ours["whole"], peer)]
        if "crowd" in parts:
            with store_in(folder / "crowd") as local:
                rows += _crowd_rows(*await crowd.measure(local))
        if "outage" in parts:
            rows += _outage_rows(await outage.measure(folder / "outage"))
    return rows


def _row(name: str, ours: float, other: float, *, least: float | None = None, most: float | None = None) -> Row:
    """The ratio, and whether it is at least or at most what we want; a figure without a goal holds."""
    ratio = ours / other
    goal = f">= {least}" if least is not None else f"<= {most}" if most is not None else "none"
    holds = (least is None or ratio >= least) and (most is None or ratio <= most)
    values = {"ours": round(ours, 4), "other": round(other, 4), "ratio": round(ratio, 3)}
    return {"name": name, **values, "goal": goal, "holds": holds}


def _wire_rows(ways: list[wire.Way]) -> list[Row]:
    noop, *desk = ways
    rows = []
    for way in desk:
        least = 0.75 if way.name.startswith("one") else 6.0
        name = way.name.replace("one", "one a call,").replace("32", "32 a call,")
        rows.append(_row(f"{name} / grpc.aio no-op: decisions/s", way.rate, noop.rate, least=least))
        rows.append(_row(f"{name} / grpc.aio no-op: µs of CPU, of desk and store", way.micros, noop.micros))
        if way.late:
            rows.append(_row(f"{name}: not answered within a second / decided", way.late, way.decided))
    return rows


def _client_rows(ours: dict[str, dict[str, float]]) -> list[Row]:
    link, other = ours["ours"], ours["redis.asyncio"]
    return [
        _row("link / redis.asyncio, same script: µs of CPU a decision", link["micros"], other["micros"], most=0.1),
        _row("link / redis.asyncio, same script: decisions/s", link["rate"], other["rate"], least=1.0),
    ]


def _peers(local: LocalStore, folder: Path) -> list[dict[str, object]]:
    """What those that are installed found."""
    commands = [[str(folder / "bin" / "python"), str(HERE / "peers.py")]]
    node = shutil.which("node")
    if node and (folder / "node_modules" / "rate-limiter-flexible").is_dir():
        commands.append([node, str(folder / "peer.mjs")])
    else:
        print("rate-limiter-flexible: not installed (npm; make bench-quota-peers), left out", file=sys.stderr)
    lines: list[str] = []
    for command in commands:
        if not Path(command[0]).exists():
            print(f"{command[0]}: not there (make bench-quota-peers), left out", file=sys.stderr)
            continue
        done = subprocess.run([*command, local.url, "6000"], stdout=subprocess.PIPE, text=True, check=True, env={})
        lines += done.stdout.splitlines()
    return [json.loads(line) for line in lines]


def _peer_rows(ours: dict[str, float], peer: dict[str, object]) -> list[Row]:
    if "missing" in peer:
        print(f"{peer['peer']}: {peer['missing']}, left out", file=sys.stderr)
        return []
    theirs = peer["refused"]
    assert isinstance(theirs, dict)
    charges = "charges what it refuses" if peer["charges_refused"] else "does not charge what it refuses"
    name = f"all limits at once / one window of {peer['peer']} ({charges})"
    return [
        _row(f"{name}, refused: µs of CPU a decision", ours["micros"], theirs["micros"], most=1.0),
        _row(f"{name}, refused: decisions/s", ours["rate"], theirs["rate"], least=1.0),
    ]


def _crowd_rows(table: dict[int, dict[str, float]], ticket: float) -> list[Row]:
    few, *more = table
    rows = [
        _row(
            f"{call}: {many:,} waiting / {few:,}: µs of the store", table[many][call], table[few][call], most=1.25
        )
        for many in more
        for call in table[many]
    ]
    return [*rows, _row("a waiting ticket and its account: bytes / 1,024", ticket, 1024)]


def _outage_rows(found: dict[str, float]) -> list[Row]:
    return [
        _row("store stopped: longest wait for an answer / 0.1 s", found["stopped"], 0.1, most=1.0),
        _row("store killed: longest wait for an answer / 0.1 s", found["dead"], 0.1, most=1.0),
        _row("store continued: first right answer after / 1 s", found["continued"], 1.0, most=1.0),
        _row("store restarted: first right answer after / 1 s", found["restarted"], 1.0, most=1.0),
        _row("decisions while nobody could decide", found["open"], 1.0, most=0.0),
        _row("errors other than UNAVAILABLE", found["other errors"], 1.0, most=0.0),
        _row("errors after the first right answer", found["errors after"], 1.0, most=0.0),
    ]


if __name__ == "__main__":
    main()
