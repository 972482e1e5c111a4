"""What exemplars and a candidate policy cost the live path, how soon a change is felt, and what an appeal costs.

Two real moderators on one machine, each with a store of its own, one of them with a candidate policy in the
shadow; the same 10,000 prompts go to both, in turns of 100, so that a machine that slows down slows both. The
ratio is the median time of a verdict with the candidate over that without. Then the candidate's counters are held
against what the verdicts' own scores say it would have done (`shadow`).

In one process: a verdict with full shelves of exemplars over one with none. And between two moderators on one
store: the longest time from the answer to the operator to the first verdict on the *other* replica that knows of
it (`shelves`). On one moderator: pictures appealed and granted over prompts (`answered`).

    python -m bench.appeals [--prompts N]
"""

import argparse
import json
from pathlib import Path

from bench.appeals.answered import answered
from bench.appeals.shadow import shadow
from bench.appeals.shelves import felt, full_book

OUT = Path(__file__).resolve().parents[1] / "out"


def main() -> None:
    """Runs, prints and writes bench/out/appeals.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=10_000)
    arguments = parser.parse_args()
    results = [*shadow(arguments.prompts), *full_book(), felt(), answered()]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "appeals.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
