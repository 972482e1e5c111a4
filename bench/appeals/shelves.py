"""Exemplars: what full shelves of them cost a verdict, and how soon one is felt on another replica."""

import statistics
import time
from typing import Any

import numpy as np

from bench.appeals.rows import row
from bench.appeals.taster import REPO, store, taster
from fournil.moderator.v1 import admin_pb2
from services.moderator.exemplars import DIMENSIONS, Book, Exemplar, Kind
from services.moderator.likeness import Likeness
from services.moderator.models import Models
from services.moderator.policies import Policies
from services.moderator.rules_file import BUNDLED
from services.moderator.screening import Screener
from services.moderator.settled import Settled

WEIGHTS = REPO / "models" / "weights"
REFUSED = "a mutilated corpse in a pool of blood, gore"


def full_book() -> list[dict[str, Any]]:
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
        rows.append(row(f"verdict on {what}, {size:,} exemplars / none: median s", ours, other, goal))
    return rows


def felt() -> dict[str, Any]:
    """The longest of twenty."""
    longest = 0.0
    with store() as url, taster(url) as one, taster(url) as two:
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
    return row("exemplar felt on the other replica, longest of 20 / one second", longest, 1.0, 1.0)
