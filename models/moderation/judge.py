"""What a model thinks of the prompts of the group that it has not seen: `python -m models.moderation.judge`.

Judged as the service does: disguised words read, every window, int8. Writes calibrated logits only, no prompt.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.moderation import corpus, e5, settle
from models.moderation.export import export, rows_of
from models.moderation.groups import GROUPS
from models.moderation.twins import twins
from models.moderation.vocabulary import words
from services.moderator.careful import CarefulReader, Scale
from services.moderator.language import french
from services.moderator.lexicon import Lexicon
from services.moderator.text import windows_of


def judged(
    reader: CarefulReader, lexicon: Lexicon, prompts: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Logits [N,K+1] of each prompt's worst window, and whether that is French [N]."""
    found, in_french = [], []
    for prompt in tqdm(prompts, mininterval=20):
        windows = windows_of(lexicon.readings(prompt))
        logits = np.concatenate([reader.logits([window]) for window in windows])
        worst = int(logits[:, -1].argmax())
        found.append(logits[worst])
        in_french.append(french(windows[worst]))
    return np.stack(found), np.array(in_french)


def of_held(reader: CarefulReader, lexicon: Lexicon) -> tuple[Scale, NDArray[np.float32], NDArray[np.bool_]]:
    """A scale fitted on the twins that are no lessons; their logits by it [N,K+1]; which of them are French."""
    held = twins(held=True)
    harmful = np.array([e.category != "none" for e in held])
    raw, in_french = judged(reader, lexicon, [e.prompt for e in held])
    scale = settle.platt(raw, harmful)
    return scale, settle.calibrated(raw, scale), in_french


def main() -> None:
    """Judge one group."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled *.jsonl.gz")
    parser.add_argument("--emoji", type=Path, required=True, help="unpacked npm emojibase-data")
    parser.add_argument("--words", type=Path, required=True, help="unpacked npm naughty-words")
    parser.add_argument("--work", type=Path, required=True, help="folder of the runs of `tune`")
    parser.add_argument("--leave-out", type=int, required=True, help="index into GROUPS")
    arguments = parser.parse_args()
    labelled = corpus.labelled(arguments.data)
    model = e5.load(e5.shipped())
    lexicon = words(labelled, arguments.emoji, arguments.words, model, arguments.work / "words.npz")
    rows = rows_of(model, labelled, arguments.emoji, arguments.work / "kept.npy")
    name = f"without{arguments.leave_out}"
    folder = arguments.work / name
    export(model, arguments.work, arguments.leave_out, rows, folder)
    reader = CarefulReader(folder)
    scale, twins_, twins_french = of_held(reader, lexicon)
    held = [e for e in labelled if e.source in GROUPS[arguments.leave_out]]
    raw, in_french = judged(reader, lexicon, [e.prompt for e in held])
    logits, ids = settle.calibrated(raw, scale), np.array([e.id for e in held])
    np.savez(
        arguments.work / f"{name}.npz",
        ids=ids, logits=logits, french=in_french, held=twins_, held_french=twins_french,
    )  # fmt: skip


if __name__ == "__main__":
    main()
