"""How the prompt moderator does on sources it has not learned from: `python -m models.moderation.report`.

Reads the left-out predictions of `train --predictions`: each prompt was judged by a model that had seen no
prompt of its group of sources. The summaries count prompts for pictures only, from sources whose labels are
sound; every source has its line. No prompt is written.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from models.moderation.corpus import Example, labelled
from models.reports import write_report

NOISY = {"coprov2_train", "nibbler_r1", "i2p_hard", "diffusiondb_ir"}

Judged = tuple[Example, bool]


def figures(judged: list[Judged]) -> dict[str, object]:
    """Shares refused: of harmless prompts (lower is better), of harmful ones (higher is better)."""
    harmless = [one for one in judged if one[0].category == "none"]
    harmful = [one for one in judged if one[0].category != "none"]
    return {
        "model": "prompt-moderator",
        "prompts": len(judged),
        "harmless_refused": {
            "by_language": _shares(_sound(harmless), lambda example: example.language),
            "by_source": _shares(harmless, lambda example: example.source),
        },
        "harmful_refused": {
            "by_language": _shares(_sound(harmful), lambda example: example.language),
            "by_category": _shares(_sound(harmful), lambda example: example.category),
            "by_source": _shares(harmful, lambda example: example.source),
        },
        "noisy_sources": sorted(NOISY),
    }


def _sound(judged: Iterable[Judged]) -> list[Judged]:
    return [one for one in judged if one[0].for_picture and one[0].source not in NOISY]


def _shares(judged: Iterable[Judged], key: Callable[[Example], str]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[bool]] = {}
    for example, refused in judged:
        groups.setdefault(key(example), []).append(refused)
    return {
        name: {"prompts": len(flags), "refused": round(sum(flags) / len(flags), 4)}
        for name, flags in sorted(groups.items())
    }


def main() -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled *.jsonl.gz")
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.predictions.open(encoding="utf-8") as lines:
        flagged = {row["id"]: bool(row["flagged"]) for row in map(json.loads, lines)}
    report = figures([(example, flagged[example.id]) for example in labelled(arguments.data)])
    write_report(report, arguments.report)
    print(json.dumps({name: report[name] for name in ("harmless_refused", "harmful_refused")}, indent=2))


if __name__ == "__main__":
    main()
