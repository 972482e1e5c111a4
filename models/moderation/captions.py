"""Harmless prompts from a grammar, in French and in English, to train the prompt moderator with.

Open collections hold many harmless English captions and hardly any French ones, and most French text in
them is hostile. A classifier trained on that learns that French is suspect. So: captions of ordinary
scenes, plain requests, pairs of the concepts the generator draws, and the innocent uses of words that
sound dangerous ("tuer le temps", "nude lipstick", "how to kill a Python process").
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from pathlib import Path

_TEXTS = tomllib.loads((Path(__file__).parent / "harmless.toml").read_text(encoding="utf-8"))
_LISTS = {
    name: [item.strip() for item in value.replace("\n", " ").split("|")]
    for name, value in _TEXTS.items()
    if isinstance(value, str)
}


def harmless(rng: random.Random, count: int, concepts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """`count` pairs (language, prompt); `concepts` are (English, French) names of things that can be drawn."""
    double, plain = _TEXTS["double_meaning"], _TEXTS["requests"]
    styles = _LISTS["styles_fr"] + _LISTS["styles_en"]
    made: list[tuple[str, str]] = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.30:
            made.append(("fr", _scene(rng, "fr")))
        elif kind < 0.40:
            made.append(("en", _scene(rng, "en")))
        elif kind < 0.58:
            made.append(("fr", _pair(rng, [fr for _, fr in concepts], "fr")))
        elif kind < 0.70:
            made.append(("en", _pair(rng, [en for en, _ in concepts], "en")))
        else:
            prompt = _expand(rng, rng.choice(double if kind < 0.88 else plain))
            if rng.random() < 0.3:
                prompt = f"{rng.choice(styles)} {prompt}"
            made.append(("fr" if _french(prompt) else "en", prompt))
    return [(language, _written(rng, prompt)) for language, prompt in made]


def _scene(rng: random.Random, language: str) -> str:
    """Somebody who does something somewhere, or a thing beside another."""

    def pick(name: str) -> str:
        return rng.choice(_LISTS[f"{name}_{language}"])

    if rng.random() < 0.6:
        looks = pick("looks") if language == "fr" else ""
        return f"{pick('styles')} {pick('people')} {looks} {pick('does')} {pick('places')}"
    second = f"{pick('relations')} {pick('things')}".replace("d' un", "d'un")
    return f"{pick('styles')} {pick('things')} {second} {pick('places')}"


def _pair(rng: random.Random, names: Sequence[str], language: str) -> str:
    """One or two of the concepts that the generator draws."""

    def pick(name: str) -> str:
        return rng.choice(_LISTS[f"{name}_{language}"])

    second = "" if rng.random() < 0.4 else f"{pick('relations')} {rng.choice(names)}"
    return f"{pick('styles')} {rng.choice(names)} {second} {pick('places')}"


def _expand(rng: random.Random, template: str) -> str:
    """Replace every {a|b|c} by one of its choices."""
    while "{" in template:
        head, rest = template.split("{", 1)
        choices, tail = rest.split("}", 1)
        template = head + rng.choice(choices.split("|")) + tail
    return template


def _french(prompt: str) -> bool:
    marks = (" le ", " la ", " de ", " du ", " un ", " une ", " des ", " et ", " à ", " au ")
    return any(mark in f" {prompt} " for mark in marks)


def _written(rng: random.Random, prompt: str) -> str:
    """The small differences of how people type: spacing, capitals, full stops, tags."""
    prompt = " ".join(prompt.split())
    if rng.random() < 0.4:
        prompt = prompt[:1].upper() + prompt[1:]
    if rng.random() < 0.3:
        prompt += rng.choice((".", "!", ", 4k", ", hd", " svp", " please", ", 8k uhd"))
    return prompt
