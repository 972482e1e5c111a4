"""The work of one screening, run in a worker thread: models, policy, verdict. Knows no wire and no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.moderator.normalise import fold, normalise
from services.moderator.policy import Policy, mentions_minor
from services.moderator.text import PromptModel
from services.moderator.verdict import Stage, Verdict, decision_id, judge_image, judge_prompt
from services.runtime.errors import invalid

MAX_PROMPT = 32_000
"""Characters."""


class PictureScores(Protocol):
    """The part of the image model that screening needs."""

    def scores(self, image: bytes) -> Mapping[str, float]:
        """Scores by the names that the policy uses, 0 to 1; raises Fault INVALID_ARGUMENT."""
        ...


@dataclass(frozen=True)
class Screener:
    """Both models under one policy; safe to call from several threads."""

    prompts: PromptModel
    pictures: PictureScores
    policy: Policy

    def prompt(self, text: str, job_id: str, account_id: str) -> Verdict:
        """The verdict on a prompt. Raises Fault INVALID_ARGUMENT over MAX_PROMPT characters."""
        if len(text) > MAX_PROMPT:
            raise invalid("prompt", f"at most {MAX_PROMPT} characters, not {len(text)}")
        content = text.encode("utf-8", "surrogatepass")
        identifier = decision_id(Stage.PROMPT, job_id, account_id, self.policy.version, content)
        reading = self.prompts.read(text)
        minors = mentions_minor(fold(normalise(text)))
        verdict = judge_prompt(reading.scores, speaks_of_minors=minors, policy=self.policy, decision_id=identifier)
        if verdict.allowed:
            return verdict
        # Sexual with minors may be seen by either unit; the stronger one knows the words.
        blamed = verdict.category
        if blamed in {"sexual", "sexual_minors"}:
            blamed = max(("sexual", "sexual_minors"), key=lambda name: reading.scores[name])
        return verdict.because_of(self.prompts.driving_words(reading, blamed))

    def picture(self, image: bytes, job_id: str, account_id: str) -> Verdict:
        """The verdict on a picture. Raises Fault INVALID_ARGUMENT if it cannot be read."""
        identifier = decision_id(Stage.IMAGE, job_id, account_id, self.policy.version, image)
        return judge_image(self.pictures.scores(image), policy=self.policy, decision_id=identifier)
