"""Noisy pictures and the loss: rectified flow with x0 prediction.

x_t = (1 - t) · clean + t · noise for t in (0, 1]; the model estimates `clean`, and the loss is the squared
error of the velocity, |x0_hat - x0|² / t².
"""

import dataclasses

import torch
from torch import Tensor

from models.text2image.stream import Batch

# Below this noise level the loss no longer grows as 1/t²: there the drawing is settled, and what is left
# is grain, which would outweigh learning what a crab looks like.
LEAST_LEVEL = 0.35
FIRST_LEVEL, NEARLY_NOISE = 0.9, 0.35


@dataclasses.dataclass(frozen=True)
class Noised:
    """Training inputs of B rows on one device; shapes as in PictureModel.forward."""

    clean: Tensor
    noise: Tensor
    t: Tensor
    tokens: Tensor
    mask: Tensor
    pooled: Tensor

    def rows(self, chosen: slice | Tensor) -> "Noised":
        """Some of the rows."""
        return Noised(*(getattr(self, field.name)[chosen] for field in dataclasses.fields(self)))


def sample_times(count: int, generator: torch.Generator) -> Tensor:
    """Noise levels t in (0, 1]: logit-normal, and for a share of NEARLY_NOISE even between FIRST_LEVEL and 1.

    Which thing stands where can be seen in x_t from about FIRST_LEVEL down, so only above it can the prompt's
    words teach it, and a logit-normal comes there once in fifteen times.
    """
    common = torch.sigmoid(0.7 + 1.0 * torch.randn(count, generator=generator))
    first = 1.0 - (1.0 - FIRST_LEVEL) * torch.rand(count, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < NEARLY_NOISE, first, common)


def add_noise(batch: Batch, seed: int, device: torch.device) -> Noised:
    """`batch` with noise levels and noise, drawn on the CPU so that every device sees the same."""
    generator = torch.Generator().manual_seed(seed)
    clean = torch.from_numpy(batch.pictures)
    t = sample_times(len(clean), generator)
    noise = torch.randn(clean.shape, generator=generator)
    words = (torch.from_numpy(part).to(device) for part in (batch.tokens, batch.mask, batch.pooled))
    return Noised(clean.to(device), noise.to(device), t.to(device), *words)


def loss_of(model: torch.nn.Module, rows: Noised) -> Tensor:
    """Mean squared velocity error, held back below LEAST_LEVEL."""
    level = rows.t[:, None, None, None]
    noisy = (1.0 - level) * rows.clean + level * rows.noise
    noisy = noisy.contiguous(memory_format=torch.channels_last)
    with torch.autocast(noisy.device.type, torch.bfloat16):
        estimate = model(noisy, rows.t, rows.tokens, rows.mask, rows.pooled)
    error = (estimate.float() - rows.clean) / level.clamp(min=LEAST_LEVEL)
    return error.square().mean()
