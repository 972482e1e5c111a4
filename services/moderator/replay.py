"""`python -m services.moderator replay CASES.jsonl [--policy FILE]`: the settled prompts as regression cases.

CASES is what `fournil admin exemplars export` writes. Each case is judged twice, by the shipped models under the
policy (the bundled one when none is given): *unaided*, and *settled*, with all cases in the book. A case that is
not as it was settled even with the book is broken: the policy or the model would now break what people have
decided. One that is right unaided no longer needs its exemplar.

One JSON line a case goes to standard output, a summary to standard error. Exit code 1 when a case is broken.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.moderator.exemplars import Book, Exemplar, Kind
from services.moderator.likeness import Likeness
from services.moderator.models import Models
from services.moderator.rules_file import BUNDLED
from services.moderator.settled import Settled
from services.runtime.settings import SettingsError

WEIGHTS = Path(__file__).parents[2] / "models" / "weights"


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit code: 0 all hold, 1 some are broken, 2 wrong use."""
    parser = argparse.ArgumentParser(
        prog="python -m services.moderator replay", description="Replays settled cases."
    )
    parser.add_argument("cases", type=Path)
    parser.add_argument("--policy", type=Path, default=BUNDLED)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    try:
        cases = read_cases(given.cases)
        models = Models.load(given.weights)
        alone = models.screener(given.policy)
    except (OSError, ValueError, SettingsError) as error:
        sys.stderr.write(f"replay: {error}\n")
        return 2
    broken = unaided = 0
    shelf, likeness = Book(), Likeness(models.encoder)
    if cases:
        shelf.take(cases, np.stack([likeness.vector(one.prompt) for one in cases]))
    settled = Settled(shelf, likeness, lambda prompt: models.prompts.read(prompt).scores)
    together = models.screener(given.policy, settled)
    for case in cases:
        wanted = case.kind is Kind.ALLOW
        first, second = alone.prompt(case.prompt), together.prompt(case.prompt)
        broken += second.allowed is not wanted
        unaided += first.allowed is wanted
        row = {
            "id": case.id,
            "kind": case.kind,
            "holds": second.allowed is wanted,
            "unaided": first.allowed is wanted,
            "category": first.category or case.category,
            "score": round(first.score, 4),
        }
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    version = alone.policies.live.version
    summary = f"{len(cases)} cases under {version}: {broken} broken, {unaided} right without their exemplar"
    sys.stderr.write(summary + "\n")
    return 1 if broken else 0


def read_cases(path: Path) -> list[Exemplar]:
    """The lines of an export. Raises ValueError that names the line."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            raw = json.loads(line)
            cases.append(Exemplar(str(raw["id"]), Kind(raw["kind"]), str(raw["category"]), str(raw["prompt"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from None
    return cases
