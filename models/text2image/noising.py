"""Noisy pictures and the loss: rectified flow with x0 prediction, and a plan in words.

x_t = (1 - t) · clean + t · noise for t in (0, 1]; the model estimates `clean`, and the loss is the squared
error of the velocity, |x0_hat - x0|² / t². Where the plan is taught (see `planning`), the cross-entropy of what
each cell is said to hold is added.
"""

import dataclasses
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from models.text2image.model import PictureModel
from models.text2image.stream import Drawn, Words

# Below this noise level the loss no longer grows as 1/t²: there the drawing is settled, and what is left
# is grain, which would outweigh learning what a crab looks like.
LEAST_LEVEL = 0.35
FIRST_LEVEL, NEARLY_NOISE = 0.9, 0.35
PLAN_WEIGHT = 0.1
"""Of the plan's cross-entropy, in nats a cell, beside the velocity's squared error."""


@dataclasses.dataclass(frozen=True)
class Noised:
    """Training inputs of B rows on one device; shapes as in PictureModel.forward."""

    clean: Tensor
    noise: Tensor
    t: Tensor
    tokens: Tensor
    mask: Tensor
    pooled: Tensor
    plan: Tensor | None = None  # int64[B, lists of names, cells²]; None where it is not taught

    def rows(self, chosen: slice | Tensor) -> "Noised":
        """Some of the rows."""
        return Noised(*(column[chosen] for column in self.columns()))

    def columns(self) -> list[Tensor]:
        """What there is, in order."""
        return [column for column in vars(self).values() if column is not None]

    def copied(self) -> "Noised":
        """The same in memory of its own."""
        return Noised(*(column.clone() for column in self.columns()))

    def copy_(self, other: "Noised") -> None:
        """Take over the values of a batch of the same shapes."""
        for mine, theirs in zip(self.columns(), other.columns(), strict=True):
            mine.copy_(theirs)


def sample_times(count: int, generator: torch.Generator) -> Tensor:
    """Noise levels t in (0, 1]: logit-normal, and for a share of NEARLY_NOISE even between FIRST_LEVEL and 1.

    Which thing stands where can be seen in x_t from about FIRST_LEVEL down, so only above it can the prompt's
    words teach it, and a logit-normal comes there once in fifteen times.
    """
    common = torch.sigmoid(0.7 + 1.0 * torch.randn(count, generator=generator))
    first = 1.0 - (1.0 - FIRST_LEVEL) * torch.rand(count, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < NEARLY_NOISE, first, common)


def add_noise(drawn: Drawn, words: Words, seed: int, device: torch.device) -> Noised:
    """A batch with noise levels and noise; on one kind of device the same for the same seed."""
    generator = torch.Generator(device).manual_seed(seed)
    t = sample_times(len(drawn.pictures), torch.Generator().manual_seed(seed)).to(device)
    clean = torch.from_numpy(drawn.pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    noise = torch.randn(clean.shape, generator=generator, device=device)
    prompts = (torch.from_numpy(part).to(device) for part in (words.tokens, words.mask, words.pooled))
    tokens, mask, pooled = (part.float() for part in prompts)
    return Noised(clean, noise, t, tokens, mask, pooled, torch.from_numpy(drawn.plans).to(device))


def loss_of(model: PictureModel, rows: Noised) -> Tensor:
    """Mean squared velocity error, held back below LEAST_LEVEL, and the plan's part where it is taught."""
    level = rows.t[:, None, None, None]
    noisy = (1.0 - level) * rows.clean + level * rows.noise
    noisy = noisy.contiguous(memory_format=torch.channels_last)
    with torch.autocast(noisy.device.type, torch.bfloat16):
        estimate, said = model.drawn_and_said(noisy, rows.t, rows.tokens, rows.mask, rows.pooled)
    error = (estimate.float() - rows.clean) / level.clamp(min=LEAST_LEVEL)
    loss = error.square().mean()
    return loss if rows.plan is None else loss + PLAN_WEIGHT * said_wrong(said, rows.plan)


def said_wrong(said: Sequence[Tensor], plan: Tensor) -> Tensor:
    """Cross-entropy in nats a cell, summed over lists of N names; [B, N, cells²] each, int64[B, lists, cells²]."""
    parts = [F.cross_entropy(names.float(), held) for names, held in zip(said, plan.unbind(dim=1), strict=True)]
    return torch.stack(parts).sum()
