"""Makes bench/RESULTS.md from bench/out/*.json."""

import json
import os
import platform
from pathlib import Path

BENCH = Path(__file__).resolve().parent


def main() -> None:
    """Writes the table: every row that was measured, those that miss their goal too."""
    lines = [
        "# Benchmark results",
        "",
        "Ratios of two things measured in one run; absolute figures belong to the machine that made them.",
        f"Made by `make bench`: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.",
    ]
    for path in sorted((BENCH / "out").glob("*.json")):
        lines += [
            "",
            f"## {path.stem} (`make bench-{path.stem}`)",
            "",
            "| what | ours | other | ratio | goal | holds |",
        ]
        lines.append("|---|---|---|---|---|---|")
        for row in json.loads(path.read_text(encoding="utf-8")):
            cells = (
                row["name"],
                row["ours"],
                row["other"],
                row["ratio"],
                row["goal"],
                "yes" if row["holds"] else "no",
            )
            lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    (BENCH / "RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {BENCH / 'RESULTS.md'}")


if __name__ == "__main__":
    main()
