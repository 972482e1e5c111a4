"""The rules of moderation: what one file says, and the policy that follows for one kind of caller.

A threshold starts as the model's recipe calibrated it (`policy.json` beside the weights), so that a model that is
trained anew changes one place only. The rules move it by *shifts* on the scale of log-odds, on which a model adds
up its evidence (+0.7 asks for twice the odds), or put a *limit* in its place; first for everybody, then for the
level that the caller asked for (`moderation=low`), for its tier, and for its account.

Categories that can never be appealed are not made laxer by level, tier or account, whatever the file says.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from services.moderator.policy import Policy

MOST_POLICIES = 4_096
"""Policies that a rule book remembers: one for each tier, level and account with rules of its own."""


class Level(StrEnum):
    """How strictly a caller asks to be judged; OpenAI's `moderation` parameter."""

    AUTO = "auto"
    LOW = "low"


class Prompts(StrEnum):
    """What the audit log keeps of a prompt."""

    KEPT = "kept"
    REDACTED = "redacted"


@dataclass(frozen=True)
class Change:
    """How thresholds are changed. "*" in `shift` stands for every category without a shift of its own."""

    shift: Mapping[str, float] = field(default_factory=dict)
    """Log-odds added to a threshold."""
    limit: Mapping[str, float] = field(default_factory=dict)
    """A threshold in place of the calibrated one; shifts come on top."""
    off: frozenset[str] = frozenset()
    """Categories that are scored and never refused."""


@dataclass(frozen=True)
class AppealRules:
    """Who may question what, how often, and what a won appeal gives."""

    never: frozenset[str] = frozenset({"sexual_minors"})
    open_per_account: int = 5
    filed_per_day: int = 10
    granted_per_account: int = 50
    """Exemplars that come from one account's appeals, at most."""
    open_total: int = 10_000
    note: int = 2_000
    """Characters of the owner's note."""
    credit_policy: str = "daily"
    credit_amount: int = 1
    """What a won appeal credits; 0 for nothing."""


@dataclass(frozen=True)
class ExemplarRules:
    """How close a prompt must be to an exemplar; docs/moderation.md says how the figures were found."""

    most_allows: int = 8_000
    most_blocks: int = 2_000
    likeness: float = 0.75
    """Cosine of the sentence vectors, at least."""
    word_likeness: float = 0.55
    """Cosine of an added word with a word of the exemplar's, at least."""
    margin: float = 1.5
    """Log-odds by which a score may exceed the exemplar's own."""


@dataclass(frozen=True)
class Keeping:
    """How long things are kept, and how much of a prompt."""

    appeal_days: int = 90
    audit_days: int = 365
    audit_entries: int = 100_000
    audit_prompts: Prompts = Prompts.REDACTED
    forget_denied: bool = True
    """The prompt of an appeal that was not granted is removed when it is decided."""


@dataclass(frozen=True)
class Rules:
    """What a policy file says."""

    name: str
    prompt: Change = field(default_factory=Change)
    image: Change = field(default_factory=Change)
    minors_sexual: float | None = None
    led_away_sexual: float | None = 0.3
    levels: Mapping[Level, Change] = field(default_factory=dict)
    tiers: Mapping[str, Change] = field(default_factory=dict)
    accounts: Mapping[str, Change] = field(default_factory=dict)
    appeals: AppealRules = field(default_factory=AppealRules)
    exemplars: ExemplarRules = field(default_factory=ExemplarRules)
    keeping: Keeping = field(default_factory=Keeping)


class RuleBook:
    """Rules over a model's calibrated thresholds. Immutable but for its memory of policies; thread-safe."""

    def __init__(self, rules: Rules, calibrated: Policy, text: str = "") -> None:
        """`text` is the file that the rules were read from."""
        self.rules = rules
        self.text = text
        self.version = version_of(rules, calibrated)
        self._calibrated = calibrated
        self._policies: dict[tuple[str, Level, str], Policy] = {}

    def policy(self, tier: str = "", level: Level = Level.AUTO, account_id: str = "") -> Policy:
        """The policy for a caller; a tier or an account without rules of its own is judged as everybody is."""
        rules = self.rules
        key = (tier if tier in rules.tiers else "", level, account_id if account_id in rules.accounts else "")
        if key not in self._policies:
            if len(self._policies) >= MOST_POLICIES:
                self._policies.clear()
            changes = [
                change
                for change in (rules.levels.get(level), rules.tiers.get(key[0]), rules.accounts.get(key[2]))
                if change is not None
            ]
            self._policies[key] = self._resolve(changes)
        return self._policies[key]

    def _resolve(self, changes: list[Change]) -> Policy:
        rules, calibrated = self.rules, self._calibrated
        never = rules.appeals.never
        everybody = changed(calibrated.prompt, rules.prompt)
        limits = dict(everybody)
        for change in changes:
            limits = changed(limits, change)
        for name in never & everybody.keys():
            limits[name] = min(limits.get(name, 1.0), everybody[name])
        return Policy(
            version=self.version,
            prompt=limits,
            minors_sexual=rules.minors_sexual or calibrated.minors_sexual,
            image=changed(calibrated.image, rules.image),
            never_appealable=never,
            led_away_sexual=rules.led_away_sexual,
        )


def changed(limits: Mapping[str, float], change: Change) -> dict[str, float]:
    """The thresholds after a change."""
    merged = {**limits, **change.limit}
    every = change.shift.get("*", 0.0)
    return {
        name: shifted(limit, change.shift.get(name, every))
        for name, limit in merged.items()
        if name not in change.off
    }


def shifted(probability: float, log_odds: float) -> float:
    """A probability moved on the scale of log-odds, within what a float32 score can reach."""
    if log_odds == 0.0:
        return probability
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    moved = math.log(bounded / (1 - bounded)) + log_odds
    return 1 / (1 + math.exp(-min(max(moved, -13.0), 13.0)))


def version_of(rules: Rules, calibrated: Policy) -> str:
    """The rules' name and ten characters of a hash over all that they and the model's thresholds say."""

    def plain(value: Any) -> Any:
        return sorted(value) if isinstance(value, frozenset) else str(value)

    facts = {"rules": asdict(rules), "calibrated": asdict(calibrated)}
    text = json.dumps(facts, default=plain, sort_keys=True)
    return f"{rules.name}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
