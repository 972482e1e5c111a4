"""What is refused from which score on, for one kind of caller: the outcome of the rules (`rules`).

A policy is data. Changing it needs no code, and its version stands in every verdict, so an old refusal can
always be traced to the rules that made it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MINOR_WORDS = re.compile(
    r"\b(?:child(?:ren)?|kids?|bab(?:y|ies)|toddlers?|infants?|minors?|underage|teens?|teenage(?:d|rs?)?|preteens?"
    r"|pupils?|school ?(?:boy|girl)s?|kindergart\w+|daughters?|little (?:girl|boy)s?|young (?:girl|boy)s?"
    r"|loli\w*|shota\w*|enfants?|gamines?|gosses?|bebes?|fillettes?|mineure?s?|ados?|adolescente?s?"
    r"|ecoli(?:er|ere)s?|collegiennes?|lyceennes?|petite?s? (?:fille|garcon)s?|jeunes? (?:fille|garcon)s?)\b"
)
_AGE = re.compile(r"\b(\d{1,2}) ?-? ?(?:years?|yrs?|yo|y/o|ans)\b")
ADULT_AGE = 18

IMAGE_CATEGORIES: Mapping[str, str] = {"sexual_drawing": "sexual", "suggestive": "sexual"}
"""The category of the shipped picture model's scores, where it is not their own name. Scores of other models are
named "category:label"."""
FLAGGED = ":remote"
"""Ends the name of a score that a remote endpoint has flagged by its own thresholds."""


@dataclass(frozen=True)
class Policy:
    """Immutable; every threshold is a probability."""

    version: str
    prompt: Mapping[str, float]
    """Category to the score from which a prompt is refused. A category not listed is scored, never refused."""
    minors_sexual: float
    """Sexual score from which a prompt that speaks of minors is refused as sexual_minors: far below `sexual`."""
    image: Mapping[str, float]
    """Picture score, as a picture model names it, to the value from which a picture is refused."""
    never_appealable: frozenset[str] = frozenset({"sexual_minors"})
    """Categories whose refusals cannot be questioned, and that no exemplar opens."""
    led_away_sexual: float | None = None
    """Sexual score from which a prompt is refused whose negative prompt leads away from clothes; None: as
    always."""

    @staticmethod
    def load(path: Path) -> Policy:
        """Read `policy.json`, the thresholds that the model's recipe calibrated. Raises FileNotFoundError, or
        ValueError naming what is malformed."""
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        try:
            return Policy(
                version=str(raw["version"]),
                prompt={str(k): _probability(k, v) for k, v in raw["prompt"].items()},
                minors_sexual=_probability("minors_sexual", raw["minors_sexual"]),
                image={str(k): _probability(k, v) for k, v in raw["image"].items()},
            )
        except KeyError as missing:
            raise ValueError(f"{path}: {missing} is missing") from None


def mentions_minor(folded: str) -> bool:
    """Whether a normalised text without accents speaks of a child, a teenager, or an age below 18."""
    if _MINOR_WORDS.search(folded):
        return True
    return any(int(age) < ADULT_AGE for age in _AGE.findall(folded))


def image_category(name: str) -> str:
    """What a picture score refuses as."""
    return IMAGE_CATEGORIES.get(name) or name.partition(":")[0]


def _probability(name: str, value: object) -> float:
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"policy threshold {name} must lie in (0, 1], not {value!r}")
    return float(value)
