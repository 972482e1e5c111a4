"""What the prompt moderator learns from: open labelled prompts, harmless captions, and words on lists.

Nothing of it is copied into the repository; every source is named on the command line of `train`.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.moderation.captions import harmless
from models.moderation.example import Example


def labelled(folder: Path) -> list[Example]:
    """Every row of the *.jsonl.gz files."""
    rows: list[Example] = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                category = row["category"] if row["label"] == "unsafe" else "none"
                where = (row["lang"], row["source"], row["slice"])
                rows.append(Example(row["prompt"], category, *where, id=row["id"], for_picture=row["t2i"]))
    return rows


def concepts(emoji: Path) -> list[tuple[str, str]]:
    """(English, French) names of the things pictured in the emojibase-data folder."""
    english, french = (_things(emoji, language) for language in ("en", "fr"))
    return [(thing["label"], french[code]["label"]) for code, thing in english.items() if code in french]


def bare_words(emoji: Path) -> list[Example]:
    """Names and tags of things, alone: a single word is a prompt too, and mostly a harmless one."""
    found = []
    for language in ("en", "fr"):
        words = {
            w for thing in _things(emoji, language).values() for w in (thing["label"], *thing.get("tags", ()))
        }
        found += [Example(word, "none", language, "bare_words", "bare_words") for word in sorted(words)]
    return found


def _things(emoji: Path, language: str) -> dict[str, dict[str, Any]]:
    """Animals, food, places, activities and objects by code; no symbols, flags or gestures."""
    entries = json.loads((emoji / language / "data.json").read_text("utf-8"))
    return {e["hexcode"]: e for e in entries if e.get("group") in (3, 4, 5, 6, 7)}


def captions(emoji: Path, count: int, seed: int) -> list[Example]:
    """Harmless prompts in both languages, from the grammar and the emoji names."""
    rng = random.Random(seed)
    return [
        Example(prompt, "none", language, "grammar", f"grammar_{language}")
        for language, prompt in harmless(rng, count, concepts(emoji))
    ]


def listed_words(folder: Path, harmless_captions: Sequence[Example], seed: int) -> list[Example]:
    """The words of naughty-words, alone and put into harmless captions; the category is the lists', sexual.

    The captions themselves are counter-examples, so the word is learned and not what stands around it. The
    lists hold harmless words too ("nude"); their low trust lets the other sources settle those.
    """
    rng = random.Random(seed)
    by_language = {lang: [e for e in harmless_captions if e.language == lang] for lang in ("en", "fr")}
    examples = []
    for name, language in (("en", "en"), ("fr", "fr"), ("fr-CA-u-sd-caqc", "fr")):
        for word in json.loads((folder / f"{name}.json").read_text("utf-8")):
            prompts = [word]
            for caption in rng.sample(by_language[language], 8 if language == "fr" else 3):
                around = caption.prompt.split()
                around[rng.randrange(len(around))] = word
                prompts.append(" ".join(around))
            examples += [Example(p, "sexual", language, "listed_words", "listed_words") for p in prompts]
    return examples


def disguised(examples: list[Example], share: float, seed: int) -> Iterator[Example]:
    """Copies of some examples, harmless ones as often as others, with a letter starred out or dropped."""
    rng = random.Random(seed)
    for example in rng.sample(examples, int(len(examples) * share)):
        words = example.prompt.split()
        for index in rng.sample(range(len(words)), max(1, len(words) // 3)) if words else ():
            word = words[index]
            if len(word) > 3:
                at = rng.randrange(1, len(word) - 1)
                words[index] = word[:at] + rng.choice(("*", "", word[at] * 2)) + word[at + 1 :]
        yield replace(example, prompt=" ".join(words), id="", twin="")
