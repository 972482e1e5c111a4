"""A verdict in a sentence, in French and English alike."""

from __future__ import annotations

from services.moderator.verdict import Stage, Verdict
from services.runtime.categories import category

_ALLOWED = ("Nothing stands against it.", "Rien ne s’y oppose.")
_REFUSED = {
    Stage.PROMPT: ("This prompt was refused: {category}.", "Cette invite a été refusée : {category}."),
    Stage.IMAGE: ("This picture was refused: {category}.", "Cette image a été refusée : {category}."),
}
_WORDS = (" What decided: {words}.", " Ce qui a décidé : {words}.")
_APPEAL = (
    " If that is wrong, file an appeal against decision {decision}.",
    " Si c’est une erreur, contestez la décision {decision}.",
)
_FINAL = (" This cannot be appealed.", " Ce refus ne peut pas être contesté.")


def sentence(verdict: Verdict, language: str, *, probe: bool = False) -> str:
    """The verdict for its owner, in "fr" or "en". A `probe` refused nothing: no word of appeals."""
    french = language == "fr"
    if verdict.allowed:
        return _ALLOWED[french]
    text = _REFUSED[verdict.stage][french].format(category=category(verdict.category, language))
    if verdict.words:
        quoted = ", ".join(f"« {word} »" if french else f"“{word}”" for word in verdict.words)
        text += _WORDS[french].format(words=quoted)
    if probe:
        return text
    return text + (_APPEAL if verdict.appealable else _FINAL)[french].format(decision=verdict.decision_id)
