"""The contrast pairs, which nothing learned from: the shipped model does what its report says of it."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from models.moderation.example import CATEGORIES
from models.moderation.report import CONTRAST, contrast, tables
from models.moderation.scenes import scenes
from services.moderator.policy import Policy
from services.moderator.text import PromptModel

REPO = Path(__file__).resolve().parents[3]
FOLDER = REPO / "models" / "weights" / "prompt-moderator"
REPORT = json.loads((REPO / "docs" / "model" / "prompt-moderator.json").read_text(encoding="utf-8"))
PAIRS = tomllib.loads(CONTRAST.read_text(encoding="utf-8"))
ROUNDING = 0.02
"""Another processor's int8 kernels may turn a prompt or two that stand at a threshold."""


def test_there_are_enough_pairs_of_every_category_in_both_languages() -> None:
    for lines in PAIRS.values():
        assert len(lines) >= 150
        counts = Counter(line.split(": ", 1)[0] for line in lines)
        assert set(counts) <= set(CATEGORIES) and min(counts.values()) >= 5
        assert all(len(line.split(" ~ ")) == 2 for line in lines)


def test_no_pair_is_a_lesson() -> None:
    members = {m for lines in PAIRS.values() for line in lines for m in line.split(": ", 1)[1].split(" ~ ")}
    lessons = " | ".join(e.prompt.lower() for e in scenes(4_000, 7))
    assert not [m for m in members if m.lower() in lessons]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_shipped_model_tells_the_pairs_apart(language: str) -> None:
    found = contrast(PromptModel.load(FOLDER), Policy.load(FOLDER / "policy.json"))[language]
    for name, figure in REPORT["contrast"][language].items():
        assert found[name] == pytest.approx(figure, abs=ROUNDING), name


def test_the_docs_tell_the_figures_of_the_report() -> None:
    docs = (REPO / "docs" / "moderation.md").read_text(encoding="utf-8")
    assert tables(REPORT, docs) == docs, "run: python -m models.moderation.report"
