"""Runs the edge's benches and writes bench/out/edge.json: of parts that are not run the rows stay as they were.

python -m bench.edge [--parts pictures,crowd,bare,copies] [--pictures N]
"""

import argparse
import json
from pathlib import Path

import uvloop

from bench.edge import bare, copies, crowd, pictures

OUT = Path(__file__).resolve().parents[1] / "out" / "edge.json"


def main() -> None:
    """Runs, prints and writes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parts", default="pictures,crowd,bare,copies")
    parser.add_argument("--pictures", type=int, default=48, help="each way at each concurrency")
    parser.add_argument("--held", type=int, default=500)
    parser.add_argument("--watchers", type=int, default=2_000)
    arguments = parser.parse_args()
    parts = arguments.parts.split(",")
    rows: list[dict[str, object]] = []
    if "pictures" in parts:
        rows += pictures.rows(arguments.pictures)
    if "crowd" in parts:
        rows += uvloop.run(crowd.rows(arguments.held, arguments.watchers))
    if "bare" in parts:
        rows += uvloop.run(bare.rows())
    if "copies" in parts:
        rows += uvloop.run(copies.rows())
    known = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else []
    new = {row["name"] for row in rows}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    kept = [row for row in known if row["name"] not in new]
    OUT.write_text(json.dumps(kept + rows, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
