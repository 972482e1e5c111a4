"""Scores and a policy in, a verdict out. Pure and deterministic: no clock, no randomness, no wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.moderator.policy import FLAGGED, Policy, image_category

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
    appealable: bool = False
    """Whether a refusal may be questioned."""
    exemplar_id: str = ""
    """The exemplar that decided in the model's place, if one did."""
    beyond: tuple[str, ...] = ()
    """Every category that refuses it, the one that drove it first."""

    def because_of(self, words: tuple[str, ...]) -> Verdict:
        """The same verdict with the words that drove it, strongest first, at most MAX_WORDS."""
        return replace(self, words=words[:MAX_WORDS])

    def opened_by(self, exemplar_id: str) -> Verdict:
        """Allowed for an exemplar's sake; the scores stay what they are."""
        score = max(self.scores.values(), default=0.0)
        return replace(
            self,
            allowed=True,
            category="",
            score=score,
            words=(),
            appealable=False,
            exemplar_id=exemplar_id,
            beyond=(),
        )

    def closed_by(self, exemplar_id: str, category: str, *, appealable: bool) -> Verdict:
        """Refused for an exemplar's sake."""
        score = self.scores.get(category, 0.0)
        return replace(
            self,
            allowed=False,
            category=category,
            score=score,
            appealable=appealable,
            exemplar_id=exemplar_id,
            beyond=(category,),
        )


def judge_prompt(
    scores: Mapping[str, float],
    *,
    speaks_of_minors: bool,
    policy: Policy,
    decision_id: str,
    led_away_from_clothes: bool = False,
) -> Verdict:
    """The category furthest beyond its threshold decides; anything sexual with minors goes before all.

    What sounds like sexual_minors but speaks of no minor is refused just the same, and called sexual.
    """
    beyond = beyond_limits(scores, policy)
    sexual = scores.get("sexual", 0.0)
    if led_away_from_clothes and policy.led_away_sexual is not None and sexual >= policy.led_away_sexual:
        beyond.setdefault("sexual", log_odds(sexual) - log_odds(policy.led_away_sexual))
    if speaks_of_minors and ("sexual_minors" in beyond or sexual >= policy.minors_sexual):
        category = "sexual_minors"
    elif "sexual_minors" in beyond:
        category = "sexual"
    else:
        category = max(beyond, key=lambda name: (beyond[name], name), default="")
    if category in {"sexual", "sexual_minors"}:
        scores = {**scores, category: max(sexual, scores.get("sexual_minors", 0.0))}
    return _verdict(Stage.PROMPT, category, scores, policy, decision_id, beyond=tuple(beyond))


def beyond_limits(scores: Mapping[str, float], policy: Policy) -> dict[str, float]:
    """The categories whose score reaches their threshold, and by how much in log-odds."""
    return {
        name: log_odds(scores[name]) - log_odds(limit)
        for name, limit in policy.prompt.items()
        if scores.get(name, 0.0) >= limit
    }


def judge_image(scores: Mapping[str, float], *, policy: Policy, decision_id: str) -> Verdict:
    """The score furthest beyond its threshold decides, under its category; of a category's scores the highest is
    told. What a remote endpoint flags is refused whatever its score, unless the policy has a threshold for it."""
    limits = {name: 0.0 for name in scores if name.endswith(FLAGGED)} | dict(policy.image)
    beyond = {
        name: log_odds(scores[name]) - log_odds(limit)
        for name, limit in limits.items()
        if scores.get(name, -1.0) >= limit
    }
    category = image_category(max(beyond, key=lambda name: (beyond[name], name), default=""))
    if category:
        told = [score for name, score in scores.items() if image_category(name) == category]
        scores = {**scores, category: max(told)}
    return _verdict(Stage.IMAGE, category, scores, policy, decision_id, beyond=tuple(map(image_category, beyond)))


def decision_id(
    stage: Stage, job_id: str, account_id: str, policy_version: str, content: bytes, *, key: bytes = b""
) -> str:
    """ "dec_" and 26 characters (130 bits of HMAC-SHA-256 under `key`): the same input gives the same id, retried
    or not, and whoever has the key can check which input it was."""
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for part in (stage.encode(), job_id.encode(), account_id.encode(), policy_version.encode(), content):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return "dec_" + base64.b32encode(digest.digest()).decode().lower()[:26]


def log_odds(probability: float) -> float:
    """The scale on which a unit adds up its evidence, so on which distances to thresholds compare."""
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _verdict(
    stage: Stage,
    category: str,
    scores: Mapping[str, float],
    policy: Policy,
    identifier: str,
    *,
    beyond: tuple[str, ...],
) -> Verdict:
    score = scores[category] if category else max(scores.values(), default=0.0)
    return Verdict(
        allowed=not category,
        decision_id=identifier,
        stage=stage,
        category=category,
        score=score,
        policy_version=policy.version,
        scores=scores,
        appealable=bool(category) and category not in policy.never_appealable,
        beyond=tuple(dict.fromkeys((category, *beyond))) if category else (),
    )
