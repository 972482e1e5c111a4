"""A candidate policy in the shadow: what it costs a verdict, and whether it is counted right."""

import itertools
import random
import statistics
import time
from contextlib import ExitStack
from typing import Any

from rich.progress import track

from bench.appeals.rows import row
from bench.appeals.taster import store, taster
from fournil.moderator.v1 import admin_pb2

TURN = 100
LIMIT = 0.05
CANDIDATE = f'name = "harsh"\n[prompt]\nlimit = {{violence = {LIMIT}, sexual = {LIMIT}}}\n'

WHO = [
    "a crab", "an old sailor", "two knights", "a nude statue", "a boxer", "un chat noir", "une sorcière",
    "des pirates",
]  # fmt: skip
DOES = [
    "sleeps", "fights a dragon", "cuts a melon", "with a knife", "eats ramen", "danse", "saigne", "se bat",
]  # fmt: skip
WHERE = [
    "on a beach",
    "in a museum",
    "in a dark forest",
    "on a boat",
    "dans la neige",
    "au marché",
    "sous la pluie",
]
HOW = ["oil painting", "soft light", "film still", "aquarelle", "au fusain", "in pixels", "gros plan", "at night"]


def shadow(count: int) -> list[dict[str, Any]]:
    """Two rows, over so many prompts."""
    times: dict[str, list[float]] = {"with": [], "without": []}
    expected = {"refused": 0, "allowed": 0}
    with ExitStack() as stack:
        tasters = {name: stack.enter_context(taster(stack.enter_context(store()))) for name in times}
        judging = tasters["with"].office
        judging.TryPolicy(admin_pb2.TryPolicyRequest(policy=CANDIDATE, reason="bench"))
        time.sleep(1.0)
        prompts = _prompts(count)
        turns = [prompts[start : start + TURN] for start in range(0, count, TURN)]
        for number, turn in enumerate(track(turns, description="with and without a candidate")):
            for name in ("with", "without") if number % 2 else ("without", "with"):
                for prompt in turn:
                    started = time.perf_counter()
                    verdict = tasters[name].verdict(prompt)
                    times[name].append(time.perf_counter() - started)
                    if name == "with":
                        harsh = max(verdict.scores["violence"], verdict.scores["sexual"]) >= LIMIT
                        expected["refused"] += harsh and verdict.allowed
        time.sleep(1.5)
        counted = judging.GetPolicies(admin_pb2.GetPoliciesRequest()).policies
    ours, other = statistics.median(times["with"]), statistics.median(times["without"])
    right = counted.prompts == count and counted.would_have_refused == expected["refused"]
    print(counted)
    return [
        row(f"verdict, a candidate in the shadow / none: median s of {count:,} prompts", ours, other, 1.1),
        {
            "name": f"would-have-refused counted / reckoned from the scores, {counted.prompts:,} prompts",
            "ours": counted.would_have_refused,
            "other": expected["refused"],
            "ratio": round(counted.would_have_refused / max(1, expected["refused"]), 3),
            "goal": "= 1",
            "holds": right,
        },
    ]


def _prompts(count: int) -> list[str]:
    """So many distinct prompts, the same at each run."""
    made = [", ".join(parts) for parts in itertools.product(WHO, DOES, WHERE, HOW)]
    numbered = (f"{text} {number}" if number else text for number in itertools.count() for text in made)
    chosen = list(itertools.islice(numbered, count))
    random.Random(1).shuffle(chosen)
    return chosen
