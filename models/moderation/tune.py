"""Fine-tunes a careful reader: `python -m models.moderation.tune --leave-out 0 ...`, or with nothing left out.

The lower layers are frozen and read every text once, so that a run takes about half an hour on one core. A
finished run is never repeated; an interrupted one goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from models.moderation import e5
from models.moderation.batches import batched, mates
from models.moderation.cache import Store, lowered
from models.moderation.example import CATEGORIES, Example
from models.moderation.groups import GROUPS
from models.moderation.lessons import gather
from models.moderation.pieces import tokeniser
from models.moderation.reader import Reader
from models.moderation.targets import targets
from services.moderator.normalise import normalise
from services.moderator.text import split

BELOW, ABOVE = 5, 3
TOKENS = 64
CHECKPOINT = 300


@dataclass(frozen=True)
class Recipe:
    """Chosen with whole groups of sources left out."""

    passes: float = 3.0
    rate: float = 2e-4
    head_rate: float = 1e-3
    decay: float = 0.02
    warm: float = 0.06
    forget: float = 0.08
    """Share of tokens hidden from the upper layers while learning."""
    by_category: float = 0.5
    """What the category logits count beside the one for harmful or not."""
    by_pair: float = 0.3
    """What the difference between twins counts beside what each of them says."""
    margin: float = 2.0
    """Log-odds by which the harmful twin is to stand above the harmless one."""


def first_window(examples: Sequence[Example]) -> list[str]:
    """What the reader sees of each."""
    return [split(normalise(e.prompt))[0] for e in examples]


def loss(
    logits: Tensor, harmful: Tensor, count: Tensor, categories: tuple[Tensor, Tensor], share: float
) -> Tensor:
    """Cross-entropy of the last logit (harmful or not, counted so much) plus a share of that of the categories.

    `categories` are labels and weights [B,K].
    """
    labels, weights = categories
    whole = F.binary_cross_entropy_with_logits(logits[:, -1], harmful, count)
    apart = F.binary_cross_entropy_with_logits(logits[:, :-1], labels, weights, reduction="none").sum(1).mean()
    return whole + share * apart


def apart(logits: Tensor, pairs: Sequence[tuple[int, int]], margin: float) -> Tensor:
    """How far each harmful twin is from standing above its harmless one, by rows of logits [B,K]; summed."""
    if not pairs:
        return logits.new_zeros(())
    rows = torch.tensor(pairs)
    return F.softplus(margin - (logits[rows[:, 0], -1] - logits[rows[:, 1], -1])).sum()


def train(reader: Reader, store: Store, examples: Sequence[Example], *, saved: Path, seed: int) -> None:
    """Learn from the examples, whose states `store` has in the same order."""
    recipe = Recipe()
    labels_, weights_ = targets(examples)
    labels, weights = torch.from_numpy(labels_), torch.from_numpy(weights_)
    harmful = torch.tensor([float(e.category != "none") for e in examples])
    count = torch.tensor([e.weight for e in examples])
    mate = mates(examples)
    head = list(reader.head.parameters())
    upper = [p for layer in reader.layers[reader.below :] for p in layer.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": upper, "lr": recipe.rate}, {"params": head, "lr": recipe.head_rate}],
        weight_decay=recipe.decay,
        fused=True,
    )
    batches = batched([len(s) for s in store.states], mate, recipe.passes, seed)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda s: min((s + 1) / (recipe.warm * len(batches)), 0.5 + 0.5 * math.cos(math.pi * s / len(batches))),
    )
    step, began, smooth = 0, time.monotonic(), 0.0
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        reader.load_state_dict(state["reader"], strict=False)
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        step = state["step"]
    reader.train()
    while step < len(batches):
        rows = batches[step]
        torch.manual_seed(seed * 1_000_003 + step)
        x, mask = store.batch(rows)
        hidden = torch.rand(mask.shape) < recipe.forget
        hidden[:, 0] = False
        with torch.autocast("cpu", torch.bfloat16):
            out = reader.upper(x, mask & ~hidden).float()
        at = torch.tensor(rows)
        value = loss(out, harmful[at], count[at], (labels[at], weights[at]), recipe.by_category)
        pairs = [(i, i + 1) for i, row in enumerate(rows) if row in mate]
        value = value + recipe.by_pair / len(rows) * apart(out, pairs, recipe.margin)
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        step += 1
        smooth = 0.97 * smooth + 0.03 * float(value.detach()) if smooth else float(value.detach())
        if step % 50 == 0:
            print(
                f"{saved.stem} step {step}/{len(batches)} loss {smooth:.4f} {time.monotonic() - began:.0f}s",
                flush=True,
            )
        if step % CHECKPOINT == 0 or step == len(batches):
            upper_state = {k: v for k, v in reader.state_dict().items() if not k.startswith("word")}
            state = {"reader": upper_state, "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict()}
            torch.save(state | {"step": step}, saved)
    reader.eval()


def checkpoint(left_out: int | None) -> str:
    """The name of a run's file."""
    return f"{'all' if left_out is None else f'without{left_out}'}.pt"


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--emoji", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder of states, checkpoints")
    parser.add_argument("--leave-out", type=int, help="index into GROUPS; nothing is left out without it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    name = checkpoint(arguments.leave_out)
    model = e5.load(e5.shipped())
    torch.manual_seed(1)
    reader = Reader(model, BELOW, ABOVE, len(CATEGORIES) + 1)
    examples = gather(arguments.data, arguments.emoji, arguments.words)
    out = () if arguments.leave_out is None else GROUPS[arguments.leave_out]
    reader.eval()
    store = lowered(first_window(examples), tokeniser(model), reader, TOKENS, arguments.work / "states")
    kept = [i for i, e in enumerate(examples) if e.source not in out]
    print(f"{name}: {len(kept)} of {len(examples)} examples", flush=True)
    part = Store([store.states[i] for i in kept])
    train(reader, part, [examples[i] for i in kept], saved=arguments.work / name, seed=11)


if __name__ == "__main__":
    main()
