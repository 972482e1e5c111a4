"""The work of one screening, run in a worker thread: models, policies, exemplars, verdict. Knows no wire and no
store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from services.moderator.led_away import led_away
from services.moderator.normalise import fold, normalise
from services.moderator.policies import Choice, Policies
from services.moderator.policy import Policy, mentions_minor
from services.moderator.rules import Level, RuleBook
from services.moderator.settled import Settled
from services.moderator.text import PromptModel
from services.moderator.verdict import Stage, Verdict, decision_id, judge_image, judge_prompt
from services.runtime.errors import invalid

MAX_PROMPT = 32_000
"""Characters."""


class PictureScores(Protocol):
    """The part of a picture model that screening needs."""

    def scores(self, image: bytes) -> Mapping[str, float]:
        """Scores by the names that the policy uses, 0 to 1; raises Fault INVALID_ARGUMENT."""
        ...


class Compare(Protocol):
    """Where verdicts of two policies are counted."""

    def note(self, stage: Stage, pair: tuple[str, str], live: str, candidate: str) -> None:
        """What was looked at, the versions of the live and the candidate policy, and the category that each
        refuses it for ("" is none)."""
        ...


@dataclass(frozen=True)
class Caller:
    """Who asks, and how strictly it asks to be judged."""

    account_id: str = ""
    tier: str = ""
    level: Level = Level.AUTO

    def policy(self, book: RuleBook) -> Policy:
        """What a rule book has for this caller."""
        return book.policy(self.tier, self.level, self.account_id)


Judge = Callable[[Policy, str], Verdict]
"""Scores, judged by a policy, under a decision id."""


@dataclass(frozen=True)
class Screener:
    """Models, policies and exemplars together; safe to call from several threads."""

    prompts: PromptModel
    pictures: PictureScores
    policies: Policies
    settled: Settled | None = None
    compared: Compare | None = None
    key: bytes = b""
    """Under which decision ids are made; the same on every replica."""

    def prompt(
        self, text: str, job_id: str = "", caller: Caller | str = "", negative: str = "", *, probe: bool = False
    ) -> Verdict:
        """The verdict on a prompt; a `probe` is not counted beside a candidate. Raises Fault INVALID_ARGUMENT over
        MAX_PROMPT characters."""
        for field, value in (("prompt", text), ("negative_prompt", negative)):
            if len(value) > MAX_PROMPT:
                raise invalid(field, f"at most {MAX_PROMPT} characters, not {len(value)}")
        caller = Caller(caller) if isinstance(caller, str) else caller
        choice = self.policies.choose(caller.account_id)
        reading = self.prompts.read(text)
        away = led_away(negative)
        minors = away.adults or mentions_minor(fold(normalise(text)))

        def judge(policy: Policy, identifier: str) -> Verdict:
            return judge_prompt(
                reading.scores,
                speaks_of_minors=minors,
                policy=policy,
                decision_id=identifier,
                led_away_from_clothes=away.clothes,
            )

        policy = caller.policy(choice.deciding)
        content = text.encode("utf-8", "surrogatepass")
        verdict = judge(policy, self._id(Stage.PROMPT, job_id, caller, policy, content))
        if not probe:
            self._compare(choice, caller, verdict, judge)
        if self.settled is not None and not (away.clothes or away.adults):
            verdict = self.settled.settle(verdict, text, policy, choice.deciding.rules.exemplars)
        if verdict.allowed or verdict.category not in reading.scores:
            return verdict
        # Sexual with minors may be seen by either unit; the stronger one knows the words.
        blamed = verdict.category
        if blamed in {"sexual", "sexual_minors"}:
            blamed = max(("sexual", "sexual_minors"), key=lambda name: reading.scores.get(name, 0.0))
        return verdict.because_of(self.prompts.driving_words(reading, blamed))

    def picture(
        self,
        image: bytes,
        job_id: str = "",
        caller: Caller | str = "",
        more: Mapping[str, float] | None = None,
        *,
        probe: bool = False,
    ) -> Verdict:
        """The verdict on a picture, by this screener's models and by the scores that others gave it (`more`); a
        `probe` is not counted beside a candidate. Raises Fault INVALID_ARGUMENT if it cannot be read."""
        caller = Caller(caller) if isinstance(caller, str) else caller
        choice = self.policies.choose(caller.account_id)
        scores = {**self.pictures.scores(image), **(more or {})}

        def judge(policy: Policy, identifier: str) -> Verdict:
            return judge_image(scores, policy=policy, decision_id=identifier)

        policy = caller.policy(choice.deciding)
        verdict = judge(policy, self._id(Stage.IMAGE, job_id, caller, policy, image))
        if not probe:
            self._compare(choice, caller, verdict, judge)
        return verdict

    def _id(self, stage: Stage, job_id: str, caller: Caller, policy: Policy, content: bytes) -> str:
        return decision_id(stage, job_id, caller.account_id, policy.version, content, key=self.key)

    def _compare(self, choice: Choice, caller: Caller, verdict: Verdict, judge: Judge) -> None:
        """Counts what the policy that does not decide says of the same scores. That verdict has no decision id,
        which would be another hash over the whole picture."""
        if choice.counted is None or self.compared is None:
            return
        other = judge(caller.policy(choice.counted), "")
        live, candidate = (other, verdict) if choice.canary else (verdict, other)
        pair = (live.policy_version, candidate.policy_version)
        self.compared.note(verdict.stage, pair, live.category, candidate.category)
