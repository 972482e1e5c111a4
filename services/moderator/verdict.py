"""Scores and a policy in, a verdict out. Pure and deterministic: no clock, no randomness, no wire."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.moderator.policy import Policy

MAX_WORDS = 5


class Stage(StrEnum):
    """What was looked at."""

    PROMPT = "prompt"
    IMAGE = "image"


@dataclass(frozen=True)
class Verdict:
    """Whether it may go on, and the reasons if not."""

    allowed: bool
    decision_id: str
    stage: Stage
    category: str
    """The category that drove a refusal; empty when allowed."""
    score: float
    """Of that category; the highest of all when allowed."""
    policy_version: str
    scores: Mapping[str, float]
    words: tuple[str, ...] = ()

    def because_of(self, words: tuple[str, ...]) -> Verdict:
        """The same verdict with the words that drove it, strongest first, at most MAX_WORDS."""
        return replace(self, words=words[:MAX_WORDS])


def judge_prompt(
    scores: Mapping[str, float], *, speaks_of_minors: bool, policy: Policy, decision_id: str
) -> Verdict:
    """The category furthest beyond its threshold decides; anything sexual with minors goes before all.

    What sounds like sexual_minors but speaks of no minor is refused just the same, and called sexual.
    """
    beyond = {
        name: _log_odds(scores[name]) - _log_odds(limit)
        for name, limit in policy.prompt.items()
        if scores.get(name, 0.0) >= limit
    }
    sexual = scores.get("sexual", 0.0)
    if speaks_of_minors and ("sexual_minors" in beyond or sexual >= policy.minors_sexual):
        category = "sexual_minors"
    elif "sexual_minors" in beyond:
        category = "sexual"
    else:
        category = max(beyond, key=lambda name: (beyond[name], name), default="")
    if category in {"sexual", "sexual_minors"}:
        scores = {**scores, category: max(sexual, scores.get("sexual_minors", 0.0))}
    return _verdict(Stage.PROMPT, category, scores, policy, decision_id)


def judge_image(scores: Mapping[str, float], *, policy: Policy, decision_id: str) -> Verdict:
    """Every picture score refuses as sexual, each from its own threshold."""
    refused = any(scores.get(name, 0.0) >= limit for name, limit in policy.image.items())
    if refused:
        scores = {**scores, "sexual": max(scores.get(name, 0.0) for name in policy.image)}
    return _verdict(Stage.IMAGE, "sexual" if refused else "", scores, policy, decision_id)


def decision_id(stage: Stage, job_id: str, account_id: str, policy_version: str, content: bytes) -> str:
    """ "dec_" and 26 characters (130 bits of SHA-256): the same input gives the same id, retried or not."""
    digest = hashlib.sha256()
    for part in (stage.encode(), job_id.encode(), account_id.encode(), policy_version.encode(), content):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return "dec_" + base64.b32encode(digest.digest()).decode().lower()[:26]


def _log_odds(probability: float) -> float:
    """The scale on which a unit adds up its evidence, so on which distances to thresholds compare."""
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _verdict(stage: Stage, category: str, scores: Mapping[str, float], policy: Policy, identifier: str) -> Verdict:
    score = scores[category] if category else max(scores.values(), default=0.0)
    return Verdict(not category, identifier, stage, category, score, policy.version, scores)
