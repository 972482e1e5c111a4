"""Thresholds keep within what may be refused, and a category that is told apart well gets the lower one."""

from pathlib import Path

import numpy as np
import pytest

from models.moderation.example import CATEGORIES, Example
from models.moderation.left_out import ALLOWED, LeftOut, join, kinds, moved, read, scores
from models.moderation.thresholds import SPAN, log_odds, thresholds
from models.moderation.twins import twins

CLEAR, VAGUE = CATEGORIES.index("violence"), CATEGORIES.index("privacy")
COUNT = 640
Mean = tuple[int, float]
"""Which category a text seems to be of, and its log-odds of harm."""


def judged(examples: list[Example], means: list[Mean]) -> LeftOut:
    logits = np.full((len(examples), len(CATEGORIES) + 1), -9.0, np.float32)
    for row, (category, odds) in enumerate(means):
        logits[row, [category, -1]] = 9.0, odds
    return LeftOut(examples, logits, np.zeros(len(examples), np.bool_))


def harmless(rng: np.random.Generator) -> LeftOut:
    """Prompts of slices that have a budget: what is taken for violence is seldom taken for much, privacy is."""
    slices = ["compbench", "overt_benign_scary", "rab_safe_counterpart"]
    examples = [Example("a prompt", "none", "en", "open", name) for name in slices for _ in range(COUNT)]
    examples += [Example("une phrase", "none", "fr", "synthetic_fr", "synth_fr")] * COUNT
    means = []
    for example in examples:
        alarming = example.slice.startswith(("overt", "rab"))
        category = (CLEAR, VAGUE)[rng.integers(2)]
        centre = (1.5 if category == VAGUE else -2.0) if alarming else -4.0
        means.append((int(category), float(rng.normal(centre, 1.0))))
    return judged(examples, means)


def harmful(rng: np.random.Generator) -> LeftOut:
    both = [CLEAR, VAGUE] * 200
    examples = [Example("a prompt", CATEGORIES[c], "en", "twins", "twins_en") for c in both]
    return judged(examples, [(c, float(rng.normal(2.0, 1.0))) for c in both])


def spent(left: LeftOut, refused: np.ndarray, limits: dict[str, float]) -> dict[str, float]:
    flags = (scores(left) >= np.array([limits[name] for name in CATEGORIES])).any(1) | refused
    return {
        kind: float(np.mean([flags[rows].mean() for rows in parts]))
        for kind, parts in kinds(left.examples).items()
    }


def test_the_budget_is_kept_and_goes_where_more_is_caught() -> None:
    rng = np.random.default_rng(1)
    left, held = harmless(rng), harmful(rng)
    refused = np.zeros(len(left.examples), np.bool_)
    limits = thresholds(left, refused, [held, held])
    used = spent(left, refused, limits)
    assert all(used[kind] <= share for kind, share in ALLOWED.items())
    assert used["alarming"] > 0.9 * ALLOWED["alarming"]
    clear, vague = (float(log_odds(np.array(limits[CATEGORIES[c]]))) for c in (CLEAR, VAGUE))
    assert clear < vague - 0.5 * SPAN


def test_what_another_rule_refuses_uses_the_budget_too() -> None:
    rng = np.random.default_rng(2)
    left, held = harmless(rng), harmful(rng)
    refused = np.zeros(len(left.examples), np.bool_)
    lax = thresholds(left, refused, [held])
    refused[COUNT : COUNT + COUNT // 32] = True  # of OVERT's
    assert spent(left, refused, lax)["alarming"] > ALLOWED["alarming"]
    assert spent(left, refused, thresholds(left, refused, [held]))["alarming"] <= ALLOWED["alarming"]


def test_what_was_judged_is_read_as_it_was_joined(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    back, width = len(twins(held=True)), len(CATEGORIES) + 1
    for part, ids in enumerate((["b", "c"], ["a"])):
        np.savez(
            tmp_path / f"{part}.npz", ids=np.array(ids), logits=rng.normal(size=(len(ids), width)),
            french=np.array([i == "c" for i in ids]), held=np.full((back, width), part),
            held_french=np.zeros(back, np.bool_),
        )  # fmt: skip
    join([tmp_path / "0.npz", tmp_path / "1.npz"], tmp_path / "all.npz")
    examples = [Example("x", "none", "en", "s", "s", id=i) for i in ("a", "b", "unknown", "c")]
    left, held = read(examples, tmp_path / "all.npz")
    assert [e.id for e in left.examples] == ["a", "b", "c"]
    assert left.french.tolist() == [False, False, True]
    assert [float(one.logits[0, 0]) for one in held] == [0.0, 1.0]
    assert moved(left, 0.5).logits[2, -1] == pytest.approx(left.logits[2, -1] + 0.5)
    assert moved(left, 0.5).logits[0, -1] == left.logits[0, -1]
