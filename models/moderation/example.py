"""One labelled prompt, and the categories that the prompt moderator tells apart."""

from __future__ import annotations

from dataclasses import dataclass

CATEGORIES = (
    "sexual", "sexual_minors", "violence", "shocking", "hate", "harassment", "self_harm",
    "illicit", "dangerous", "privacy", "public_figure", "disinformation", "ip",
)  # fmt: skip


@dataclass(frozen=True)
class Example:
    """One prompt with its label; `category` is "none" for a harmless one, "other" for one we have no unit for."""

    prompt: str
    category: str
    language: str
    source: str
    slice: str
    weight: float = 1.0
    id: str = ""
    """Of a labelled prompt; empty for a made one."""
    twin: str = ""
    """What the two twins of one language share; empty for an example without a twin."""
    for_picture: bool = False
    """Whether it was written to ask for a picture, and not as a text of another kind."""
