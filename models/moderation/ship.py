"""Writes what the service loads but for its limits: `careful.onnx`, `pieces.json`, `careful.json` and `words.npz`.

And, for `limits`, LEFT_OUT: what the models thought of prompts that they had not seen.

    python -m models.moderation.ship --data PROMPTS --emoji EMOJIBASE --words NAUGHTY --work WORK

Needs the runs of `tune` and `judge` in WORK, with every group left out, and that of `tune` with none.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
from pathlib import Path

from models.moderation import corpus, e5, left_out, settle
from models.moderation.export import export, rows_of
from models.moderation.groups import GROUPS
from models.moderation.judge import of_held
from models.moderation.limits import LEFT_OUT
from models.moderation.vocabulary import words
from services.moderator.careful import CarefulReader


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled *.jsonl.gz")
    parser.add_argument("--emoji", type=Path, required=True, help="unpacked npm emojibase-data")
    parser.add_argument("--words", type=Path, required=True, help="unpacked npm naughty-words")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/weights/prompt-moderator"))
    parser.add_argument("--left-out", type=Path, default=LEFT_OUT)
    arguments = parser.parse_args()
    left_out.join([arguments.work / f"without{index}.npz" for index in range(len(GROUPS))], arguments.left_out)

    labelled = corpus.labelled(arguments.data)
    model = e5.load(e5.shipped())
    lexicon = words(labelled, arguments.emoji, arguments.words, model, arguments.work / "words.npz")
    rows = rows_of(model, labelled, arguments.emoji, arguments.work / "kept.npy")
    export(model, arguments.work, None, rows, arguments.out)
    scale, _, _ = of_held(CarefulReader(arguments.out), lexicon)
    (arguments.out / "careful.json").write_text(settle.describe(scale), encoding="utf-8")
    shutil.copy(arguments.work / "words.npz", arguments.out / "words.npz")
    for path in sorted(arguments.out.iterdir()):
        data = path.read_bytes()
        print(f"{path.name}  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
