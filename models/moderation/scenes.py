"""Harmful and harmless scenes from a grammar, in English and French, worded mildly.

Every scene file pairs what is refused with what merely sounds like it, and every frame ("a photo of", "draw",
", artstation") holds both, so that the subject decides and not the style. The collections have hardly any harmful
French prompts for pictures; here each line stands in both languages.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.moderation.example import Example

FOLDER = Path(__file__).parent / "scenes"
Pair = tuple[str, str]
STAGED = 0.2
"""Share of the harmless scenes that are harmful ones in a film, a game or on a stage."""

_SLOT = re.compile(r"\{(\w+)\}")
_VOWEL = "aeiouhyâàéèêëîïôœùûAEIOUHÉÈÊÎÔÂ"


def scenes(count: int, seed: int) -> list[Example]:
    """`count` examples, harmful and harmless, English and French by turns; the same seed gives the same."""
    rng = random.Random(seed)
    words = {name: [pair(item) for item in items] for name, items in _read("words").items()}
    frames = {name: [pair(item) for item in items] for name, items in _read("frames").items() if name != "after"}
    after = _read("frames")["after"]
    found = [scene for path in sorted(FOLDER.glob("*.toml")) for scene in _read(path.stem).get("scene", ())]
    harmful = [(scene, pair(item)) for scene in found for item in scene["unsafe"]]
    harmless = [pair(item) for scene in found for item in scene["safe"]]
    staged = [(scene, line) for scene, line in harmful if scene.get("fiction")]
    made = []
    for index in range(count):
        category, frame = "none", rng.choice(frames["both"])
        if index % 2:
            scene, line = rng.choice(harmful)
            category = scene["category"]
            if scene.get("fiction") and rng.random() < 0.15:
                frame = rng.choice(frames["real"])
        elif rng.random() < STAGED:
            _, line = rng.choice(staged)
            frame = rng.choice(frames["fictional"])
        else:
            line = rng.choice(harmless)
        language = index // 2 % 2
        whole = _filled(rng, _put(frame, line), words)[language]
        if rng.random() < 0.3:
            whole += ", " + rng.choice(frames["tails"])[language]
        name = ("en", "fr")[language]
        text = _written(rng, whole + rng.choice(after), name)
        made.append(Example(text, category, name, "scenes", f"scenes_{name}", for_picture=True))
    return made


def shared_frames() -> tuple[list[Pair], list[str]]:
    """Frames that harmful and harmless scenes share, and what may follow them."""
    read = _read("frames")
    return [pair(item) for item in read["both"]], read["after"]


def _put(frame: Pair, line: Pair) -> Pair:
    return frame[0].replace("{}", line[0]), frame[1].replace("{}", line[1])


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def pair(item: str) -> Pair:
    """The English and the French of a line."""
    english, french = item.split("~")
    return english.strip(), french.strip()


def _filled(rng: random.Random, line: Pair, words: dict[str, Sequence[Pair]]) -> Pair:
    """Both languages with the same words in the slots, the n-th slot of a name with the n-th word drawn for it."""
    while _SLOT.search(line[0]):
        chosen: dict[str, list[Pair]] = {}
        for name in _SLOT.findall(line[0]):
            chosen.setdefault(name, []).append(rng.choice(words[name]))
        line = (_with(line[0], chosen, 0), _with(line[1], chosen, 1))
    return line


def _with(text: str, chosen: dict[str, list[Pair]], language: int) -> str:
    turns: Counter[str] = Counter()

    def word(match: re.Match[str]) -> str:
        name = match[1]
        turns[name] += 1
        pairs = chosen.get(name, [("", "")])
        return pairs[(turns[name] - 1) % len(pairs)][language]

    return _SLOT.sub(word, text)


def joined(text: str, language: str) -> str:
    """French elided and contracted where a frame and a line meet; blanks single."""
    text = " ".join(text.split())
    if language == "fr":
        text = re.sub(rf"\b([dD])e (?=[{_VOWEL}])", r"\1'", text)
        text = text.replace(" de les ", " des ").replace(" de le ", " du ").replace(" à le ", " au ")
    return text


def _written(rng: random.Random, text: str, language: str) -> str:
    text = joined(text, language)
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.3:
        text += "."
    return text
