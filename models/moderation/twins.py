"""Twins: a harmful prompt and a harmless one that is near it in words, form, length and subject, in two languages.

What separates twins is what decides, so nothing else can be learned from them: not a word, not a style, not a
length. Each line of `twins/*.toml` was written for this and stands in English and French ("english ~ french");
`unsafe[i]` and `safe[i]` of a table belong together. Tables of the category "none" hold harmless lines alone.

One pair in HELD is no lesson: on those every model's logit is calibrated, so that models which learned from
different sources mean the same by it.
"""

from __future__ import annotations

import tomllib
import zlib
from pathlib import Path

from models.moderation import scenes
from models.moderation.example import Example

FOLDER = Path(__file__).parent / "twins"
HELD = 16


def twins(*, held: bool = False) -> list[Example]:
    """The lessons, or what is held back from them: each line once in each language."""
    made = []
    for path in sorted(FOLDER.glob("*.toml")):
        for table in tomllib.loads(path.read_text(encoding="utf-8"))["scene"]:
            for index, line in enumerate(table["safe"]):
                if (zlib.crc32(line.encode()) % HELD == 0) != held:
                    continue
                if table["category"] == "none":
                    made += _both(line, "none", "")
                else:
                    made += [*_both(table["unsafe"][index], table["category"], line), *_both(line, "none", line)]
    return made


def _both(line: str, category: str, twin: str) -> list[Example]:
    return [
        Example(
            text, category, language, "twins", f"twins_{language}", twin=twin and f"{language} {twin}",
            for_picture=True,
        )
        for language, text in zip(("en", "fr"), scenes.pair(line), strict=True)
    ]  # fmt: skip
