"""Makes bench/RESULTS.md from bench/out/*.json: the sections that were run are written anew, the others stay.

What stands in prose between a section's heading and its table stays too: whoever runs a bench looks whether it is
still true.
"""

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
RESULTS = BENCH / "RESULTS.md"
HEAD = """# Benchmark results

Ratios of two things measured in one run; absolute figures belong to the machine that made them.
Made by `make bench`: {cores} cores, {machine}, Python {python}.
"""
TABLE = "| what | ours | other | ratio | goal | holds |\n|---|---|---|---|---|---|\n"

_SECTION = re.compile(r"^## (\w+) \(`make bench-\w+`\)\n", re.M)


def main() -> None:
    """Writes it."""
    known = sections(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for path in sorted((BENCH / "out").glob("*.json")):
        known[path.stem] = prose(known.get(path.stem, "")) + table(json.loads(path.read_text(encoding="utf-8")))
    facts = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    parts = [HEAD.format(**facts)]
    parts += [f"## {name} (`make bench-{name}`)\n\n{text.strip()}\n" for name, text in sorted(known.items())]
    RESULTS.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {RESULTS}")


def sections(text: str) -> dict[str, str]:
    """The sections of the file by name, without their headings."""
    found = list(_SECTION.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return {one[1]: text[one.end() : end].strip() for one, end in zip(found, ends, strict=True)}


def prose(section: str) -> str:
    """What stands before a section's table."""
    before = section.split("| what |", 1)[0].strip()
    return f"{before}\n\n" if before else ""


def table(rows: list[dict[str, Any]]) -> str:
    """Every row that was measured, those that miss their goal too."""
    lines = [
        [*(row[key] for key in ("name", "ours", "other", "ratio", "goal")), "yes" if row["holds"] else "no"]
        for row in rows
    ]
    return TABLE + "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


if __name__ == "__main__":
    main()
