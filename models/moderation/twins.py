"""Twins: a harmful prompt and a harmless one that is near it in words, form, length and subject, in two languages.

What separates twins is what decides, so nothing else can be learned from them: not a word, not a style, not a
length. Each line of `twins/*.toml` was written for this and stands in English and French ("english ~ french");
`unsafe[i]` and `safe[i]` of a table belong together. Tables of the category "none" hold harmless lines alone.
Lines with `frame = true` name a scene and can be put into the frames of `scenes`; the others are whole prompts.

One pair in HELD is no lesson: on those every model's logit is calibrated, so that models which learned from
different sources mean the same by it.
"""

from __future__ import annotations

import random
import tomllib
import zlib
from pathlib import Path

from models.moderation import scenes
from models.moderation.example import Example

FOLDER = Path(__file__).parent / "twins"
FRAMED = 0.65
"""Share of the scenes that get a frame, where frames are used; the rest stand as they are."""
HELD = 16
_SEED = 8
_BARE = ("{}", "{}")


def twins(*, held: bool = False, framed: bool = False) -> list[Example]:
    """The lessons, or what is held back from them: each line once in each language, a pair in one frame.

    Deterministic.
    """
    frames, after = scenes.shared_frames()
    made = []
    for path in sorted(FOLDER.glob("*.toml")):
        for table in tomllib.loads(path.read_text(encoding="utf-8"))["scene"]:
            for index, line in enumerate(table["safe"]):
                if (zlib.crc32(line.encode()) % HELD == 0) != held:
                    continue
                frame, tail = _BARE, ""
                if framed and table["frame"]:
                    rng = random.Random(f"{_SEED} {line}")  # a new line changes no other one
                    frame = rng.choice(frames) if rng.random() < FRAMED else _BARE
                    tail = rng.choice(after)
                if table["category"] == "none":
                    made += _both(line, "none", frame, tail, "")
                else:
                    made += _both(table["unsafe"][index], table["category"], frame, tail, line)
                    made += _both(line, "none", frame, tail, line)
    return made


def _both(line: str, category: str, frame: scenes.Pair, tail: str, twin: str) -> list[Example]:
    languages = zip(("en", "fr"), scenes.pair(line), frame, strict=True)
    return [
        Example(
            (text if put == "{}" else scenes.joined(put.replace("{}", text), language)) + tail,
            category, language, "twins", f"twins_{language}", twin=twin and f"{language} {twin}", for_picture=True,
        )
        for language, text, put in languages
    ]  # fmt: skip
