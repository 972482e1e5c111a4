"""Which texts the lexicon's words come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from models.moderation import corpus, lexicon
from models.moderation.e5 import E5
from models.moderation.example import Example
from models.moderation.scenes import scenes
from models.moderation.twins import twins
from services.moderator.lexicon import Lexicon


def words(labelled: Sequence[Example], emoji: Path, naughty: Path, model: E5, path: Path) -> Lexicon:
    """Read `words.npz`, written first if it is not there. Prompts made to be unreadable teach no words."""
    if path.exists():
        return Lexicon.load(path)
    readable = [e for e in labelled if e.source not in ("ring_a_bell", "obfuscation_hand")]
    readable += [*corpus.captions(emoji, 6_000, 1), *scenes(8_000, 7), *twins()]
    listed = [e.prompt for e in corpus.bare_words(emoji)]
    for name in ("en", "fr", "fr-CA-u-sd-caqc"):
        listed += json.loads((naughty / f"{name}.json").read_text("utf-8"))
    harmless, harmful = ([e.prompt for e in readable if (e.category != "none") == bad] for bad in (False, True))
    print(f"{lexicon.write(harmless, harmful, listed, model, path)} words")
    return Lexicon.load(path)
