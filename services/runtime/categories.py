"""The categories of moderation in words, in English and French: what is refused, in whoever's answer it stands."""

from collections.abc import Mapping

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "sexual": ("sexual content", "contenu sexuel"),
    "sexual_minors": ("sexual content with minors", "contenu sexuel impliquant des mineurs"),
    "violence": ("violence", "violence"),
    "hate": ("hate", "haine"),
    "harassment": ("harassment", "harcèlement"),
    "self_harm": ("self-harm", "automutilation"),
    "illicit": ("illicit activity", "activité illicite"),
    "dangerous": ("dangerous activity", "activité dangereuse"),
    "privacy": ("privacy", "vie privée"),
    "public_figure": ("public figure", "personnalité publique"),
    "disinformation": ("disinformation", "désinformation"),
    "ip": ("intellectual property", "propriété intellectuelle"),
    "shocking": ("shocking content", "contenu choquant"),
}


def category(name: str, language: str) -> str:
    """A category in words, in "fr" or "en"; one that is not known here by its name."""
    return CATEGORIES.get(name, (name, name))[language == "fr"]
