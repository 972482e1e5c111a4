"""The 13 categories of OpenAI's moderation form and ours: for whoever answers in that form, or asks in it."""

from collections.abc import Mapping

OURS: Mapping[str, str] = {
    "sexual": "sexual",
    "sexual/minors": "sexual_minors",
    "violence": "violence",
    "violence/graphic": "shocking",
    "hate": "hate",
    "hate/threatening": "hate",
    "harassment": "harassment",
    "harassment/threatening": "harassment",
    "self-harm": "self_harm",
    "self-harm/intent": "self_harm",
    "self-harm/instructions": "self_harm",
    "illicit": "illicit",
    "illicit/violent": "illicit",
}
"""OpenAI's name to ours. Several of theirs are one of ours: our models do not tell them apart."""

WITHOUT_A_NAME_THERE = ("dangerous", "disinformation", "ip", "privacy", "public_figure")
"""Ours that OpenAI has no name for."""
