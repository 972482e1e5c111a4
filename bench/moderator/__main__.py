"""The prompt's screening beside the baselines: what is refused of harmless and harmful prompts, and what it costs.

    python -m bench.moderator [--data FOLDER] [--lists FOLDER]

Two kinds of prompts: the gate slices of the open collections, where every trained judge is one that has not
seen the prompt's group of sources (ours: the figures of docs/model/prompt-moderator.json, made by the recipe),
and the contrast pairs of models/moderation/contrast.toml, which nobody has learned from. Peers run in
`.venv-moderator-peers` (`make bench-moderator-peers`); without it, or without the data, only what is left is
measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.moderator import pictures
from models.moderation import corpus
from models.moderation.groups import GROUPS
from services.moderator.policy import Policy
from services.moderator.text import PromptModel

REPO = Path(__file__).resolve().parents[2]
OUT = REPO / "bench" / "out"
PEERS = REPO / ".venv-moderator-peers" / "bin" / "python"
WEIGHTS = REPO / "models" / "weights" / "prompt-moderator"
MEASURES = (
    "benign_t2i_en",
    "benign_t2i_fr",
    "benign_scary_t2i",
    "unsafe_t2i",
    "unsafe_adversarial",
    "unsafe_obfuscated",
)
LIMITS = {"benign_t2i_en": 0.005, "benign_t2i_fr": 0.01, "benign_scary_t2i": 0.04}
MOST_OF_A_SLICE = 200
P50_MS, P95_MS = 6.0, 12.0

Asked = tuple[str, str, int]
"""Measure and slice ("contrast" and a pair's number), group left out."""


def main() -> None:
    """Runs, prints the table and writes bench/out/moderator.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data" / "moderation")
    parser.add_argument("--lists", type=Path, default=REPO / ".cache" / "naughty-words-1.2.0")
    arguments = parser.parse_args()
    asked, texts = _contrast()
    if arguments.data.is_dir():
        more, prompts = _gates(arguments.data)
        asked, texts = asked + more, texts + prompts
    ours, times = _ours(texts)
    report = json.loads((REPO / "docs" / "model" / "prompt-moderator.json").read_text(encoding="utf-8"))
    table = {"ours": {**report["macro"], "pairs": _summary(asked, ours)["pairs"], "ms": statistics.median(times)}}
    if PEERS.exists() and arguments.data.is_dir():
        for name, answer in _peers(asked, texts, arguments).items():
            table[name] = {**_summary(asked, answer["flags"]), "ms": answer["ms"]}
    _print(table)
    rows = _rows(table, times)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "moderator.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _contrast() -> tuple[list[Asked], list[str]]:
    pairs = tomllib.loads((REPO / "models" / "moderation" / "contrast.toml").read_text(encoding="utf-8"))
    asked, texts = [], []
    for index, line in enumerate(line for lines in pairs.values() for line in lines):
        for text, measure in zip(line.split(": ", 1)[1].split(" ~ "), ("safe", "unsafe"), strict=True):
            asked.append((f"pair_{measure}", str(index), -1))
            texts.append(text)
    return asked, texts


def _gates(data: Path) -> tuple[list[Asked], list[str]]:
    """At most MOST_OF_A_SLICE prompts of each gate slice about pictures, in the order of their ids."""
    kinds = json.loads((data / "SLICES.json").read_text(encoding="utf-8"))
    by: dict[str, list[corpus.Example]] = defaultdict(list)
    for example in sorted(corpus.labelled(data), key=lambda e: e.id):
        by[example.slice].append(example)
    asked, texts = [], []
    for name, examples in sorted(by.items()):
        kind = kinds.get(name, {"kind": "benign_t2i_fr", "gate": True})
        if kind["kind"] not in MEASURES or not (kind["gate"] or kind["kind"] == "benign_t2i_fr"):
            continue
        group = next(i for i, sources in enumerate(GROUPS) if examples[0].source in sources)
        for example in examples[:MOST_OF_A_SLICE]:
            asked.append((kind["kind"], name, group))
            texts.append(example.prompt)
    return asked, texts


def _ours(texts: Sequence[str]) -> tuple[list[bool], list[float]]:
    """The shipped model's flags and its CPU milliseconds, prompt by prompt on one thread."""
    model, policy = PromptModel.load(WEIGHTS), Policy.load(WEIGHTS / "policy.json")
    flags, times = [], []
    model.read("a crab beside a boat")
    for text in texts:
        started = time.process_time()
        scores = model.read(text).scores
        times.append(1000 * (time.process_time() - started))
        flags.append(any(scores[name] >= limit for name, limit in policy.prompt.items()))
    return flags, times


def _peers(asked: Sequence[Asked], texts: Sequence[str], arguments: argparse.Namespace) -> Mapping[str, Any]:
    question = {"texts": list(texts), "left_out": GROUPS, "group": [group for _, _, group in asked]}
    command = [str(PEERS), "-m", "bench.moderator.peers", str(arguments.data), str(arguments.lists)]
    done = subprocess.run(
        command, input=json.dumps(question), stdout=subprocess.PIPE, text=True, cwd=REPO, check=False
    )
    if done.returncode:
        print("the peers failed; see above", file=sys.stderr)
        return {}
    answers: Mapping[str, Any] = json.loads(done.stdout)
    return answers


def _summary(asked: Sequence[Asked], flags: Sequence[bool]) -> dict[str, float]:
    """Share refused of each measure, averaged over its slices, and the share of pairs with both members right."""
    slices: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for (measure, name, _), flag in zip(asked, flags, strict=True):
        slices[measure][name].append(flag)
    found = {m: statistics.fmean(statistics.fmean(v) for v in slices[m].values()) for m in MEASURES if m in slices}
    safe, unsafe = slices["pair_safe"], slices["pair_unsafe"]
    found["pairs"] = statistics.fmean(not safe[name][0] and unsafe[name][0] for name in safe)
    return found


def _print(table: Mapping[str, Mapping[str, float]]) -> None:
    print("| judge | " + " | ".join(MEASURES) + " | pairs right | CPU ms |\n|" + "---|" * (len(MEASURES) + 3))
    for name, row in table.items():
        shares = [f"{100 * row[m]:.1f} %" if m in row else "" for m in (*MEASURES, "pairs")]
        print(f"| {name} | {' | '.join(shares)} | {row['ms']:.1f} |")


def _rows(table: Mapping[str, Mapping[str, float]], times: Sequence[float]) -> list[dict[str, object]]:
    ours = table["ours"]
    rows = [_row(f"{m} refused / what may be", ours[m], limit, lower=True) for m, limit in LIMITS.items()]
    for name, row in table.items():
        if name != "ours":
            rows.append(
                _row(f"harmful picture prompts refused: ours / {name}", ours["unsafe_t2i"], row["unsafe_t2i"])
            )
            rows.append(_row(f"contrast pairs right: ours / {name}", ours["pairs"], row["pairs"]))
    rows.append(_row("CPU ms a prompt, median / limit", statistics.median(times), P50_MS, lower=True))
    rows.append(
        _row("CPU ms a prompt, 95th percentile / limit", statistics.quantiles(times, n=20)[-1], P95_MS, lower=True)
    )
    for kind, spent in pictures.measured().items():
        for which, one in zip(("median", "95th percentile"), spent, strict=True):
            rows.append(_row(f"CPU ms a picture, {kind}, {which} / limit", one, pictures.LIMIT_MS, lower=True))
    return rows


def _row(name: str, ours: float, other: float, *, lower: bool = False) -> dict[str, object]:
    ratio = round(ours / max(other, 1e-3), 3)
    holds = ratio <= 1 if lower else ratio >= 1
    goal = "<= 1" if lower else ">= 1"
    return {
        "name": name,
        "ours": round(ours, 4),
        "other": round(other, 4),
        "ratio": ratio,
        "goal": goal,
        "holds": holds,
    }


if __name__ == "__main__":
    main()
