"""An appeal: a refusal that its owner questions, and what becomes of it.

| state | who moves it here | what a crash leaves |
|---|---|---|
| `open` | the owner, by filing. A decision has one appeal, filing again finds it | filed or not: one script |
| `granted` | an operator; exemplar and credit in the same script | granted; the desk is told until it answers |
| `denied` | an operator; the prompt is removed, if the rules say so | denied or not: one script |

The last two are final. An appeal that nobody answers is forgotten with its prompt after `appeal_days`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.moderator.exemplars import Exemplar, Kind
from services.moderator.rules import Prompts, Rules
from services.moderator.verdict import Stage, Verdict, decision_id
from services.runtime.errors import Fault, Reason, invalid

MOST_NOTICE = 500
"""Characters of what an operator tells the owner."""
MAX_PROMPT = 32_000


class State(StrEnum):
    """Where an appeal stands."""

    OPEN = "open"
    GRANTED = "granted"
    DENIED = "denied"


class Credit(StrEnum):
    """What became of a granted appeal's credit."""

    NONE = ""
    DUE = "due"
    DONE = "done"
    REFUSED = "refused"
    """The desk does not know the account or the limit."""


@dataclass(frozen=True)
class Appeal:
    """One appeal. Times are Unix seconds."""

    id: str
    decision_id: str
    account_id: str
    stage: str
    category: str
    score: float
    policy_version: str
    prompt: str
    """Stored because its owner asked for it to be looked at; "" for a picture's, and once it is forgotten."""
    note: str
    language: str
    filed: float
    state: State = State.OPEN
    decided: float | None = None
    notice: str = ""
    """What the operator tells the owner."""
    exemplar_id: str = ""
    credit: Credit = Credit.NONE


def new_appeal(
    refusal: Verdict,
    *,
    job_id: str,
    account_id: str,
    prompt: str,
    note: str,
    language: str,
    filed: float,
    rules: Rules,
    key: bytes,
) -> Appeal:
    """The appeal against a refusal of the account's own, as it was recorded.

    The refusal holds no prompt, but its id is a keyed hash over the one that was refused: no other prompt can be
    put in its place. Raises NOT_APPEALABLE, and INVALID_ARGUMENT for a prompt or a note that is not right.
    """
    if refusal.category in rules.appeals.never:
        raise Fault(Reason.NOT_APPEALABLE, "cannot be appealed", category=refusal.category)
    check_text("note", note, rules.appeals.note)
    check_text("prompt", prompt, MAX_PROMPT)
    if refusal.stage is Stage.PROMPT:
        content = prompt.encode("utf-8")
        made = decision_id(Stage.PROMPT, job_id, account_id, refusal.policy_version, content, key=key)
        if made != refusal.decision_id:
            raise invalid("prompt", "must be the prompt that was refused")
    return Appeal(
        id=appeal_id(refusal.decision_id),
        decision_id=refusal.decision_id,
        account_id=account_id,
        stage=refusal.stage,
        category=refusal.category,
        score=refusal.score,
        policy_version=refusal.policy_version,
        prompt=prompt if refusal.stage is Stage.PROMPT else "",
        note=note,
        language=language,
        filed=filed,
    )


def appeal_id(decision: str) -> str:
    """ "apl_" and what follows "dec_": a decision has one appeal."""
    return "apl_" + decision.removeprefix("dec_")


def exemplar_of(appeal: Appeal, now: float) -> Exemplar | None:
    """What a grant adds to the book; nothing for a picture, whose prompt was not what was refused."""
    if not appeal.prompt:
        return None
    name = "exm_" + appeal.id.removeprefix("apl_")
    return Exemplar(name, Kind.ALLOW, appeal.category, appeal.prompt, appeal.account_id, now)


def shown(prompt: str, rules: Rules) -> str:
    """A prompt as the audit log shows it."""
    if rules.keeping.audit_prompts is Prompts.KEPT:
        return prompt[:500]
    return f"[{len(prompt)} characters]"


def check_text(field: str, text: str, most: int) -> None:
    """Raises INVALID_ARGUMENT for text that is too long or cannot be stored."""
    if len(text) > most:
        raise invalid(field, f"must be at most {most} characters, not {len(text)}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise invalid(field, "must be valid Unicode without lone surrogates") from None
