"""Writes docs/clients.md's tables from what the last run of the suite saw.

python -m tests.conformance.report
"""

import json
from typing import Any

from tests.conformance.environments import CACHE, REPO, clients

PAGE = REPO / "docs" / "clients.md"
MARK = "<!-- what follows is written by make conformance -->\n"
SCENES = {
    "b64": "`b64_json`",
    "url": "`url`",
    "alias": "`gpt-image-1`",
    "stream": "stream",
    "stream_refused": "refusal in a stream",
    "refusal": "refusal",
    "quota": "allowance spent",
    "overload": "too fast, twice",
    "rejoin": "connection lost",
    "edit": "edit",
    "mask": "with a mask",
    "models": "models",
    "moderations": "moderations",
}


def main() -> None:
    """Writes it. Clients that were not run are told so."""
    seen = json.loads((CACHE / "seen.json").read_text(encoding="utf-8"))
    lines = ["| client | version | " + " | ".join(SCENES.values()) + " |"]
    lines.append("|---" * (len(SCENES) + 2) + "|")
    for client in clients():
        if client.name not in seen:
            lines.append(f"| {client.name} | not available where this was run |" + " |" * len(SCENES))
            continue
        run = seen[client.name]
        cells = [cell(run["scenes"][scene]) for scene in SCENES]
        lines.append(f"| {client.name} | {run['version']} | " + " | ".join(cells) + " |")
    before = PAGE.read_text(encoding="utf-8").split(MARK, maxsplit=1)[0]
    PAGE.write_text(before + MARK + "\n" + "\n".join(lines) + "\n", encoding="utf-8")


def cell(scene: dict[str, Any]) -> str:
    """What came of it, the attempts, the pictures charged."""
    told, attempts = scene["told"], len(scene["attempts"])
    if "lacks" in told:
        return "–"
    tries = f"{attempts} attempt{'s' * (attempts > 1)}"
    if "error" in told:
        error = told["error"]
        code = f" `{error['code']}`" if error["code"] else ""
        return f"{error['class']}{code}, {tries}"
    if "models" in told:
        return f"{len(told['models'])} listed, retrieved"
    if "moderations" in told:
        return ", ".join(told["moderations"])
    events = f"{len(told['events'])} events, " if "events" in told else ""
    return f"{events}{tries}, {scene['used']} charged"


if __name__ == "__main__":
    main()
