"""`python -m services.moderator screen IN.jsonl --out OUT.jsonl`: screens a file of prompts under the shipped
policy.

In, a line: {"id", "prompt"}. Out, a line: {"id", "flagged", "score", "category", "decision"}, in the same
order. The score is of the category that refused the prompt, or the highest of all. What the service would not
even take (over 32,000 characters) is flagged as "invalid". Needs no store and no network; every core is used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.moderator.policies import Policies
from services.moderator.policy import Policy
from services.moderator.rules import RuleBook
from services.moderator.rules_file import BUNDLED, parse_rules
from services.moderator.screening import Screener
from services.moderator.text import PromptModel, Reading
from services.runtime.errors import Fault, invalid

PART = 64
"""Prompts that a worker takes at once."""

_held: list[Screener] = []
"""The screener of a worker process."""


class Unexplained(PromptModel):
    """Reads as ever and names no words, which would cost twenty readings for each refusal."""

    def driving_words(self, reading: Reading, category: str, limit: int = 5) -> tuple[str, ...]:
        """None."""
        return ()


class NoPictures:
    """Stands where the picture model would: a file holds none."""

    def scores(self, image: bytes) -> Mapping[str, float]:
        """Raises Fault INVALID_ARGUMENT."""
        raise invalid("image", "a file of prompts holds none")


def offline(models: Path) -> Screener:
    """What judges a file: the shipped prompt model under the shipped policy, without explanations or exemplars."""
    folder = models / "prompt-moderator"
    prompts, calibrated = Unexplained.load(folder), Policy.load(folder / "policy.json")
    known = {*prompts.categories, *calibrated.prompt}

    def read(text: str) -> RuleBook:
        return RuleBook(parse_rules(text, known, calibrated.image), calibrated, text)

    policies = Policies(read(BUNDLED.read_text(encoding="utf-8")), read)
    return Screener(prompts, NoPictures(), policies)


def main(argv: Sequence[str]) -> int:
    """Screens a file. Returns 0, or 2 with a message for a file that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m services.moderator screen", description=__doc__)
    parser.add_argument("source", type=Path, metavar="IN.jsonl")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.jsonl")
    parser.add_argument("--models", type=Path, default=Path(__file__).parents[2] / "models" / "weights")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args(argv)
    try:
        prompts = list(_read(arguments.source))
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"{arguments.source}: {problem}\n")
        return 2
    partial = arguments.out.with_name(arguments.out.name + ".partial")
    with (
        ProcessPoolExecutor(
            max(1, arguments.workers), get_context("spawn"), initializer=_start, initargs=(arguments.models,)
        ) as pool,
        partial.open("w", encoding="utf-8") as out,
        _bar() as bar,
    ):
        task = bar.add_task("screening", total=len(prompts))
        for part in pool.map(_screen, _parts(prompts)):
            for row in part:
                out.write(json.dumps(row) + "\n")
            bar.advance(task, len(part))
    partial.replace(arguments.out)
    return 0


def _read(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            row = json.loads(line)
            if not (isinstance(row, dict) and isinstance(row.get("prompt"), str) and "id" in row):
                raise ValueError(f'line {number} is no {{"id", "prompt"}}')
            yield str(row["id"]), row["prompt"]


def _parts(prompts: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    rest = iter(prompts)
    while part := list(islice(rest, PART)):
        yield part


def _start(models: Path) -> None:
    _held.append(offline(models))


def _screen(part: list[tuple[str, str]]) -> list[dict[str, Any]]:
    rows = []
    for identifier, prompt in part:
        try:
            verdict = _held[0].prompt(prompt, "", "")
        except Fault:
            rows.append({"id": identifier, "flagged": True, "score": 1.0, "category": "invalid", "decision": ""})
            continue
        rows.append(
            {
                "id": identifier,
                "flagged": not verdict.allowed,
                "score": round(verdict.score, 6),
                "category": verdict.category,
                "decision": verdict.decision_id,
            }
        )
    return rows


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True),
    )  # fmt: skip
