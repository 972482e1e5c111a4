"""How the prompt moderator does on sources it has not learned from: `python -m models.moderation.report`.

Reads the left-out predictions of `limits`: each prompt was judged by a model that had seen no prompt of its group
of sources. Every slice has its line, with Wilson's 95 % bounds; `macro` averages the gate slices of a kind as
evaluate.py does. The contrast pairs are judged by the shipped model, which learned from none of them. No prompt
is written.
"""

from __future__ import annotations

import argparse
import json
import math
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.plots import Panel, Series, svg
from models.moderation.corpus import labelled
from models.moderation.example import Example
from models.reports import write_report
from services.moderator.policy import Policy
from services.moderator.text import PromptModel

DOCS = Path("docs/moderation.md")
MEANING = {
    "benign_t2i_en": "ordinary English picture prompts",
    "benign_t2i_fr": "ordinary French picture prompts",
    "benign_scary_t2i": "harmless picture prompts that sound alarming",
    "benign_scary_text": "harmless questions that sound alarming",
    "unsafe_t2i": "harmful picture prompts",
    "unsafe_obfuscated": "harmful ones in disguise",
    "unsafe_adversarial": "harmful ones written against a filter",
    "unsafe_text": "harmful texts that ask for no picture",
}
CONTRAST = Path(__file__).parent / "contrast.toml"
Judged = tuple[Example, bool, float]
"""A prompt, whether it was refused, and its score."""


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % bounds of a share (Wilson, 1927)."""
    z = 1.96
    share = hits / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - spread) / (1 + z * z / count), (middle + spread) / (1 + z * z / count)


def auroc(harmful: Sequence[float], harmless: Sequence[float]) -> float:
    """The chance that a harmful prompt scores above a harmless one; ties count half."""
    ranked = sorted([(s, 1) for s in harmful] + [(s, 0) for s in harmless])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += sum(mark for _, mark in ranked[at:end]) * (at + 1 + end) / 2
        at = end
    return (total - len(harmful) * (len(harmful) + 1) / 2) / (len(harmful) * len(harmless))


def figures(judged: Sequence[Judged], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Everything but the contrast pairs."""
    slices = {}
    macro = defaultdict(list)
    for name, flags in _grouped(judged, lambda e: e.slice).items():
        kind = kinds.get(name, {"kind": "benign_t2i_fr", "gate": False, "label": "safe"})
        low, high = wilson(sum(flags), len(flags))
        share = sum(flags) / len(flags)
        slices[name] = {
            "kind": kind["kind"], "gate": kind["gate"], "label": kind["label"], "prompts": len(flags),
            "refused": round(share, 4), "low": round(low, 4), "high": round(high, 4),
        }  # fmt: skip
        if kind["gate"] or kind["kind"] == "benign_t2i_fr":
            macro[kind["kind"]].append(share)
    gates = [one for one in judged if kinds.get(one[0].slice, {}).get("gate")]
    harmful = [one for one in gates if one[0].category != "none"]
    sources = defaultdict(lambda: ([], []))  # type: ignore[var-annotated]
    for example, _, score in judged:
        sources[example.source][example.category == "none"].append(score)
    return {
        "model": "prompt-moderator",
        "prompts": len(judged),
        "macro": {kind: round(sum(shares) / len(shares), 4) for kind, shares in sorted(macro.items())},
        "recall_by_category": _shares(harmful, lambda e: e.category),
        "refused_by_language": _shares(
            gates, lambda e: f"{e.language} {'harmless' if e.category == 'none' else 'harmful'}"
        ),
        "auroc": {s: round(auroc(*pair), 4) for s, pair in sorted(sources.items()) if pair[0] and pair[1]},
        "slices": slices,
    }


def contrast(model: PromptModel, policy: Policy) -> dict[str, dict[str, float]]:
    """For each language: both members of a pair right, safe ones passed, unsafe ones refused."""
    found = {}
    for language, lines in tomllib.loads(CONTRAST.read_text(encoding="utf-8")).items():
        pairs = [line.split(": ", 1)[1].split(" ~ ") for line in lines]
        flags = [[refused(model, policy, text) for text in pair] for pair in pairs]
        count = len(pairs)
        found[language] = {
            "pairs": count,
            "both_right": round(sum(not safe and unsafe for safe, unsafe in flags) / count, 4),
            "safe_passed": round(sum(not safe for safe, _ in flags) / count, 4),
            "unsafe_refused": round(sum(unsafe for _, unsafe in flags) / count, 4),
        }
    return found


def refused(model: PromptModel, policy: Policy, text: str) -> bool:
    """By threshold alone, without the rule for minors."""
    scores = model.read(text).scores
    return any(scores[name] >= limit for name, limit in policy.prompt.items())


def plot(judged: Sequence[Judged], kinds: Mapping[str, Any], path: Path) -> None:
    """Refused shares of each kind of prompt against the distance to the threshold, macro over gate slices."""
    steps = [i / 100 for i in range(2, 99, 2)]
    colours = {
        "unsafe_t2i": "#1b7837", "unsafe_obfuscated": "#7fbf7b", "benign_scary_t2i": "#d95f02", "benign_t2i_en":
        "#7570b3", "benign_t2i_fr": "#e7298a",
    }  # fmt: skip
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for example, _, score in judged:
        kind = kinds.get(example.slice, {"kind": "benign_t2i_fr", "gate": True})
        if kind["gate"] or kind["kind"] == "benign_t2i_fr":
            scores[kind["kind"]][example.slice].append(score)
    series = []
    for kind, colour in colours.items():
        parts = list(scores[kind].values())
        points = [
            (t, 100 * sum(sum(s >= t for s in part) / len(part) for part in parts) / len(parts)) for t in steps
        ]
        series.append(Series(kind, colour, points))
    path.parent.mkdir(parents=True, exist_ok=True)
    panel = Panel("refused, %", series, height=320)
    path.write_text(svg([panel], "score; 0.5 is the shipped threshold"), encoding="utf-8")


def tables(report: Mapping[str, Any], docs: str) -> str:
    """The text of docs/moderation.md with its two tables, between the marks, written anew."""
    macro, contrast_ = report["macro"], report["contrast"]
    lines = ["| kind of prompt | refused, averaged over its slices |", "|---|---|"]
    lines += [f"| {MEANING[kind]} | {100 * macro[kind]:.1f} % |" for kind in MEANING if kind in macro]
    for language, one in contrast_.items():
        right, passed = 100 * one["both_right"], 100 * one["safe_passed"]
        what = f"contrast pairs, {language}: both right / harmless ones passed"
        lines.append(f"| {what} | {right:.1f} % / {passed:.1f} % |")
    docs = _between(docs, "macro", lines)
    lines = ["| slice | kind | prompts | refused | 95 % bounds |", "|---|---|---|---|---|"]
    ordered = sorted(report["slices"].items(), key=lambda item: (item[1]["label"], item[1]["kind"], item[0]))
    for name, one in ordered:
        kind = one["kind"] + ("" if one["gate"] else ", report only")
        bounds = f"{100 * one['low']:.1f}–{100 * one['high']:.1f}"
        lines.append(f"| {name} | {kind} | {one['prompts']} | {100 * one['refused']:.1f} % | {bounds} |")
    return _between(docs, "slices", lines)


def _between(text: str, name: str, lines: Sequence[str]) -> str:
    first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, rest = text.split(first, 1)
    return head + first + "\n".join(lines) + "\n" + last + rest.split(last, 1)[1]


def _grouped(judged: Iterable[Judged], key: Any) -> dict[str, list[bool]]:
    groups: dict[str, list[bool]] = {}
    for example, flag, _ in judged:
        groups.setdefault(key(example), []).append(flag)
    return dict(sorted(groups.items()))


def _shares(judged: Iterable[Judged], key: Any) -> dict[str, dict[str, float]]:
    return {
        name: {"prompts": len(flags), "refused": round(sum(flags) / len(flags), 4)}
        for name, flags in _grouped(judged, key).items()
    }


def main() -> None:
    """Write the report and the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled *.jsonl.gz, with SLICES.json")
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=Path("models/weights/prompt-moderator"))
    parser.add_argument("--report", type=Path, default=Path("docs/model/prompt-moderator.json"))
    arguments = parser.parse_args()
    kinds = json.loads((arguments.data / "SLICES.json").read_text(encoding="utf-8"))
    with arguments.predictions.open(encoding="utf-8") as lines:
        answers = {row["id"]: row for row in map(json.loads, lines)}
    known = [e for e in labelled(arguments.data) if e.id in answers]
    judged = [(e, answers[e.id]["flagged"], answers[e.id]["score"]) for e in known]
    report = figures(judged, kinds)
    report["contrast"] = contrast(
        PromptModel.load(arguments.weights), Policy.load(arguments.weights / "policy.json")
    )
    write_report(report, arguments.report)
    DOCS.write_text(tables(report, DOCS.read_text(encoding="utf-8")), encoding="utf-8")
    plot(judged, kinds, arguments.report.with_suffix(".svg"))
    print(
        json.dumps({name: report[name] for name in ("macro", "recall_by_category", "auroc", "contrast")}, indent=2)
    )


if __name__ == "__main__":
    main()
