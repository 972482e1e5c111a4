"""What exemplars and a candidate policy cost the live path, and how soon a change is felt.

Two real moderators on one machine, each with a store of its own, one of them with a candidate policy in the
shadow; the same 10,000 prompts go to both, in turns of 100, so that a machine that slows down slows both. The
ratio is the median time of a verdict with the candidate over that without. Then the candidate's counters are held
against what the verdicts' own scores say it would have done.

In one process: a verdict with full shelves of exemplars over one with none. And between two moderators on one
store: the longest time from the answer to the operator to the first verdict on the *other* replica that knows of
it.

    python -m bench.appeals [--prompts N]
"""

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from rich.progress import track

from fournil.moderator.v1 import admin_pb2, admin_pb2_grpc, moderator_pb2, moderator_pb2_grpc
from services.local_mesh.store import free_port, start_store
from services.moderator.exemplars import DIMENSIONS, Book, Exemplar, Kind
from services.moderator.likeness import Likeness
from services.moderator.models import Models
from services.moderator.policies import Policies
from services.moderator.rules_file import BUNDLED
from services.moderator.screening import Screener
from services.moderator.settled import Settled

REPO = Path(__file__).resolve().parents[1]
OUT = REPO / "bench" / "out"
WEIGHTS = REPO / "models" / "weights"
TURN = 100
LIMIT = 0.05
CANDIDATE = f'name = "harsh"\n[prompt]\nlimit = {{violence = {LIMIT}, sexual = {LIMIT}}}\n'
REFUSED = "a mutilated corpse in a pool of blood, gore"

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


def main() -> None:
    """Runs, prints and writes bench/out/appeals.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=10_000)
    arguments = parser.parse_args()
    results = [*_shadow(arguments.prompts), *_full_book(), _felt()]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "appeals.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


@dataclass
class Taster:
    """A moderator process and its two services."""

    stub: moderator_pb2_grpc.ModeratorServiceStub
    office: admin_pb2_grpc.ModeratorAdminServiceStub

    def verdict(self, prompt: str) -> moderator_pb2.Verdict:
        request = moderator_pb2.ScreenPromptRequest(prompt=prompt, account_id="bench", job_id="bench")
        return self.stub.ScreenPrompt(request, timeout=30).verdict


@contextmanager
def _taster(url: str) -> Iterator[Taster]:
    port = free_port()
    environment = {**os.environ, "REDIS_URL": url, "FOURNIL_LISTEN": f"127.0.0.1:{port}"}
    environment |= {"FOURNIL_METRICS_LISTEN": "127.0.0.1:0", "FOURNIL_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen([sys.executable, "-m", "services.moderator"], cwd=REPO, env=environment)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            stub = moderator_pb2_grpc.ModeratorServiceStub(channel)
            yield Taster(stub, admin_pb2_grpc.ModeratorAdminServiceStub(channel))
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _store() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder:
        store = start_store(Path(folder))
        try:
            yield store.url
        finally:
            store.stop()


def _prompts(count: int) -> list[str]:
    """So many distinct prompts, the same at each run."""
    made = [", ".join(parts) for parts in itertools.product(WHO, DOES, WHERE, HOW)]
    numbered = (f"{text} {number}" if number else text for number in itertools.count() for text in made)
    chosen = list(itertools.islice(numbered, count))
    random.Random(1).shuffle(chosen)
    return chosen


def _shadow(count: int) -> list[dict[str, Any]]:
    times: dict[str, list[float]] = {"with": [], "without": []}
    expected = {"refused": 0, "allowed": 0}
    with ExitStack() as stack:
        tasters = {name: stack.enter_context(_taster(stack.enter_context(_store()))) for name in times}
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
        _row(f"verdict, a candidate in the shadow / none: median s of {count:,} prompts", ours, other, 1.1),
        {
            "name": f"would-have-refused counted / reckoned from the scores, {counted.prompts:,} prompts",
            "ours": counted.would_have_refused,
            "other": expected["refused"],
            "ratio": round(counted.would_have_refused / max(1, expected["refused"]), 3),
            "goal": "= 1",
            "holds": right,
        },
    ]


def _full_book() -> list[dict[str, Any]]:
    """An allowed prompt against 2,000 BLOCK exemplars, a refused one against 8,000 ALLOW exemplars."""
    models = Models.load(WEIGHTS)
    policies = Policies(models.load_rules(BUNDLED), models.read_rules)
    likeness, rows = Likeness(models.encoder), []
    for kind, size, prompt, goal in (
        (Kind.BLOCK, 2_000, "a crab next to a boat on a beach", 2.5),
        (Kind.ALLOW, 8_000, REFUSED, 2.5),
    ):
        vectors = np.random.default_rng(1).standard_normal((size, DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        times: dict[int, list[float]] = {0: [], size: []}
        screeners = {}
        for held in times:
            book = Book()
            book.take([Exemplar(f"exm_{n}", kind, "violence", f"{n}") for n in range(held)], vectors[:held])
            settled = Settled(book, likeness, lambda text: models.prompts.read(text).scores)
            screeners[held] = Screener(models.prompts, models.pictures, policies, settled)
        for number in range(400):
            for held in times if number % 2 else reversed(times):
                started = time.perf_counter()
                screeners[held].prompt(f"{prompt} {number}")
                times[held].append(time.perf_counter() - started)
        what = "an allowed prompt" if kind is Kind.BLOCK else "a refused prompt"
        ours, other = (statistics.median(times[held]) for held in (size, 0))
        rows.append(_row(f"verdict on {what}, {size:,} exemplars / none: median s", ours, other, goal))
    return rows


def _felt() -> dict[str, Any]:
    """The longest of twenty."""
    longest = 0.0
    with _store() as url, _taster(url) as one, _taster(url) as two:
        for number in range(20):
            prompt = f"{REFUSED}, plate {number}"
            made = admin_pb2.AddExemplarRequest(
                kind="EXEMPLAR_KIND_ALLOW", category="violence", prompt=prompt, reason="bench"
            )
            one.office.AddExemplar(made, timeout=10)
            started = time.perf_counter()
            while not two.verdict(prompt).allowed:
                pass
            longest = max(longest, time.perf_counter() - started)
    return _row("exemplar felt on the other replica, longest of 20 / one second", longest, 1.0, 1.0)


def _row(name: str, ours: float, other: float, goal: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 5),
        "other": round(other, 5),
        "ratio": round(ours / other, 3),
        "goal": f"<= {goal}",
        "holds": ours / other <= goal,
    }


if __name__ == "__main__":
    main()
