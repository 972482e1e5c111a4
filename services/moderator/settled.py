"""Verdicts that exemplars change: what a granted appeal opens, and what an operator's exemplar closes.

An ALLOW exemplar opens a refusal only

- for its own text, or for a close paraphrase of it (`likeness`);
- never in a category that cannot be appealed;
- if the prompt, in every category that refuses it, scores no worse than the exemplar itself by `margin`: what
  people
  have allowed is as bad as that, and no worse. (Its own text is allowed whatever it scores.)

So a thousand exemplars open a thousand prompts and their paraphrases; they do not add up to anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.moderator.exemplars import Book, Exemplar, Kind, plain
from services.moderator.likeness import Likeness
from services.moderator.policy import Policy
from services.moderator.rules import ExemplarRules
from services.moderator.verdict import Verdict, beyond_limits, log_odds

REMEMBERED = 1_024
"""Exemplars whose own scores are kept."""

Scores = Callable[[str], Mapping[str, float]]
"""A prompt to its scores by category."""


class Settled:
    """Asks the book. Safe to call from several threads."""

    def __init__(self, book: Book, likeness: Likeness, scores: Scores) -> None:
        self._book, self._likeness = book, likeness
        self._scores = lru_cache(REMEMBERED)(scores)

    def settle(self, verdict: Verdict, prompt: str, policy: Policy, rules: ExemplarRules) -> Verdict:
        """The verdict on a prompt after what people have settled."""
        vector: NDArray[np.float32] | None = None
        if not verdict.allowed and self._book.shelf(Kind.ALLOW).items:
            vector = self._likeness.vector(prompt)
            if opening := self._opening(verdict, prompt, vector, policy, rules):
                verdict = verdict.opened_by(opening.id)
        if verdict.allowed and self._book.shelf(Kind.BLOCK).items:
            vector = self._likeness.vector(prompt) if vector is None else vector
            if closing := self._closing(prompt, vector, rules):
                appealable = closing.category not in policy.never_appealable
                verdict = verdict.closed_by(closing.id, closing.category, appealable=appealable)
        return verdict

    def blocked(self, prompt: str, rules: ExemplarRules) -> str:
        """Id of the BLOCK exemplar that closes a prompt, "" for none."""
        if not self._book.shelf(Kind.BLOCK).items:
            return ""
        closing = self._closing(prompt, self._likeness.vector(prompt), rules)
        return closing.id if closing else ""

    def _opening(
        self, verdict: Verdict, prompt: str, vector: NDArray[np.float32], policy: Policy, rules: ExemplarRules
    ) -> Exemplar | None:
        beyond = beyond_limits(verdict.scores, policy)
        if policy.never_appealable & {verdict.category, *beyond}:
            return None
        shelf = self._book.shelf(Kind.ALLOW)
        if equal := shelf.equal.get(plain(prompt)):
            return equal
        for exemplar in shelf.nearest(vector, rules.likeness):
            if not self._likeness.paraphrase(prompt, exemplar.prompt, rules):
                continue
            own = self._scores(exemplar.prompt)
            refused_for = beyond.keys() | {verdict.category}
            if all(
                log_odds(verdict.scores.get(name, 0.0)) <= log_odds(own.get(name, 0.0)) + rules.margin
                for name in refused_for
            ):
                return exemplar
        return None

    def _closing(self, prompt: str, vector: NDArray[np.float32], rules: ExemplarRules) -> Exemplar | None:
        shelf = self._book.shelf(Kind.BLOCK)
        if equal := shelf.equal.get(plain(prompt)):
            return equal
        for exemplar in shelf.nearest(vector, rules.likeness):
            if self._likeness.paraphrase(prompt, exemplar.prompt, rules):
                return exemplar
        return None
