"""What the frozen layers of the careful reader make of each text, computed once and kept on disk.

Training reads every text several times, in several runs; the frozen half of the work is done here, in parts
that an interrupted run finds again.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from models.moderation.reader import Reader

PART = 1024
BATCH_TOKENS = 1024


@dataclass(frozen=True)
class Store:
    """States of N texts, one after the other."""

    states: list[NDArray[np.float16]]  # each [T,width]

    def batch(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """States [B,T,width] padded with zeros, mask [B,T]."""
        longest = max(len(self.states[r]) for r in rows)
        out = np.zeros((len(rows), longest, self.states[rows[0]].shape[1]), np.float32)
        mask = np.zeros((len(rows), longest), np.bool_)
        for i, r in enumerate(rows):
            out[i, : len(self.states[r])] = self.states[r]
            mask[i, : len(self.states[r])] = True
        return torch.from_numpy(out), torch.from_numpy(mask)


def token_ids(texts: Sequence[str], tokens: Tokenizer, most: int) -> list[list[int]]:
    """`<s> text </s>` of each, at most `most` numbers."""
    found = tokens.encode_batch(list(texts), add_special_tokens=False)
    return [[0, *one.ids[: most - 2], 2] for one in found]


def lowered(texts: Sequence[str], tokens: Tokenizer, reader: Reader, most: int, folder: Path) -> Store:
    """The states of `texts`, from `folder` where they are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [tuple(ids) for ids in token_ids(texts, tokens, most)]
    known = _known(folder)
    missing = sorted(set(wanted) - known.keys())
    random.Random(0).shuffle(missing)
    for start in range(0, len(missing), PART):
        part = missing[start : start + PART]
        name = hashlib.sha256(repr(part).encode()).hexdigest()[:24]
        numbers = np.array([n for ids in part for n in (len(ids), *ids)], np.int32)
        np.save(folder / f"{name}.states.npy", np.concatenate(_states(part, reader)))
        np.save(folder / f"{name}.ids.npy", numbers)
        print(f"frozen layers: {start + len(part)} of {len(missing)} texts", flush=True)
    known = _known(folder) if missing else known
    return Store([known[ids] for ids in wanted])


def _known(folder: Path) -> dict[tuple[int, ...], NDArray[np.float16]]:
    """Every text whose states lie in the folder, by its token ids."""
    known = {}
    for path in sorted(folder.glob("*.ids.npy")):
        numbers = np.load(path).tolist()
        flat = np.load(path.with_name(path.name.replace(".ids.", ".states.")), mmap_mode="r")
        at = row = 0
        while at < len(numbers):
            length = numbers[at]
            known[tuple(numbers[at + 1 : at + 1 + length])] = flat[row : row + length]
            at, row = at + 1 + length, row + length
    return known


def _states(part: Sequence[Sequence[int]], reader: Reader) -> list[NDArray[np.float16]]:
    order = sorted(range(len(part)), key=lambda i: len(part[i]))
    made: dict[int, NDArray[np.float16]] = {}
    while order:
        count = max(1, BATCH_TOKENS // len(part[order[min(len(order) - 1, 31)]]))
        rows, order = order[:count], order[count:]
        longest = len(part[rows[-1]])
        ids = torch.full((len(rows), longest), 1)
        for i, r in enumerate(rows):
            ids[i, : len(part[r])] = torch.tensor(part[r])
        with torch.autocast("cpu", torch.bfloat16):
            out = reader.lower(ids, ids != 1).float().numpy().astype(np.float16)
        made |= {r: out[i, : len(part[r])] for i, r in enumerate(rows)}
    return [made[i] for i in range(len(part))]
