"""The picture model: a small convolutional UNet that reads a prompt and cleans a noisy picture.

Notable:
- it works on `patch` × `patch` pixel blocks (space-to-depth), so its finest grid is 32 × 32;
- it predicts the clean picture x0 from x_t = (1 - t)·x0 + t·noise, t in [0, 1] (rectified flow);
- the prompt's tokens first read each other (`Reading`), then the cells of the coarsest grid ask them what is to
  stand there (`Plan`). The plan enters the picture, and in training it must say in words what each cell holds:
  which of two things goes left is learned from that within minutes, and hardly at all from pixels;
- tokens also enter by cross-attention at the two lower sizes; the sentence vector is added to the time embedding;
- a row of a batch is computed alone: group norms and attention never mix rows, and padding tokens
  are masked out, so a picture does not depend on what else is in the batch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class ModelConfig:
    """Sizes. Widths in channels, `image_size` in pixels, dims in vector components."""

    image_size: int = 96
    patch: int = 3  # edge of the pixel blocks that the model works on
    widths: tuple[int, int, int] = (96, 144, 192)
    embed_dim: int = 256
    text_dim: int = 256  # token vectors are projected to this before the attentions
    token_dim: int = 1280
    pooled_dim: int = 512
    heads: int = 4
    groups: int = 16
    positions: int = 128  # prompt tokens that know their place in it
    readings: int = 2  # times the prompt's tokens read each other before the picture reads them
    names: tuple[int, ...] = ()  # lengths of the lists in whose words the plan is taught; none when it is not

    @property
    def cells(self) -> int:
        """Edge of the coarsest grid, on which the plan is made."""
        return self.image_size // self.patch // 4


def config_of(sizes: Mapping[str, Any]) -> ModelConfig:
    """A configuration out of JSON or a checkpoint, where tuples have become lists."""
    return ModelConfig(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in sizes.items()}
    )


def time_features(t: Tensor, dim: int) -> Tensor:
    """Sinusoids of t in [0, 1]: [B] -> [B, dim]."""
    half = dim // 2
    frequencies = torch.exp(torch.arange(half, device=t.device) * (-math.log(10_000.0) / half))
    angles = t[:, None].float() * 1000.0 * frequencies[None, :]  # [B, dim/2]
    return torch.cat((angles.cos(), angles.sin()), dim=1)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, heads: int) -> Tensor:
    """Multi-head attention: [B, L, C] asks [B, T, C] twice; `bias` [B, 1, 1, T] shuts tokens out. [B, L, C]."""
    query, key, value = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    scores = query @ key.transpose(2, 3) * query.shape[3] ** -0.5  # [B, heads, L, T]
    if bias is not None:
        scores = scores + bias
    mixed = scores.softmax(dim=3).to(value.dtype) @ value  # [B, heads, L, C/heads]
    return mixed.transpose(1, 2).flatten(2)


class Norm(nn.GroupNorm):
    """Group norm in its input's own type: autocast would widen it, which costs two more copies of it."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return F.group_norm(x, self.num_groups, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


class ResBlock(nn.Module):
    """Two 3×3 convolutions around a residual; the embedding scales and shifts between them."""

    def __init__(self, wide_in: int, wide_out: int, config: ModelConfig) -> None:
        super().__init__()
        self.norm1 = Norm(config.groups, wide_in)
        self.conv1 = nn.Conv2d(wide_in, wide_out, 3, padding=1)
        self.modulate = nn.Linear(config.embed_dim, 2 * wide_out)
        self.norm2 = Norm(config.groups, wide_out)
        self.conv2 = nn.Conv2d(wide_out, wide_out, 3, padding=1)
        self.skip = nn.Conv2d(wide_in, wide_out, 1) if wide_in != wide_out else nn.Identity()
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))  # [B, C, H, W]
        scale, shift = self.modulate(embedding)[:, :, None, None].chunk(2, dim=1)  # 2 × [B, C, 1, 1]
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        return self.skip(x) + h


class Attention(nn.Module):
    """Multi-head attention from picture places to `context` (or to the places themselves)."""

    def __init__(self, width: int, context_dim: int, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = Norm(config.groups, width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(context_dim, 2 * width)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, context: Tensor | None, bias: Tensor | None) -> Tensor:
        places = self.norm(x).flatten(2).transpose(1, 2)  # [B, H·W, C]
        key, value = self.key_value(places if context is None else context).chunk(2, dim=2)  # 2 × [B, T, C]
        mixed = self.out(attend(self.query(places), key, value, bias, self.heads))  # [B, H·W, C]
        return x + mixed.transpose(1, 2).reshape(x.shape)


class Reading(nn.Module):
    """The prompt's tokens read each other once: self-attention and a two-layer network around residuals."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.text_dim
        self.heads = config.heads
        self.norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)
        )
        for last in (self.out, self.think[-1]):
            nn.init.zeros_(last.weight)

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.query_key_value(self.norm(tokens)).chunk(3, dim=2)  # 3 × [B, T, D]
        tokens = tokens + self.out(attend(query, key, value, bias, self.heads))
        return tokens + self.think(tokens)


class Plan(nn.Module):
    """What is to stand where, read off the prompt alone: each cell of the coarsest grid asks the tokens."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.text_dim
        self.heads, self.edge = config.heads, config.cells
        self.cells = nn.Parameter(torch.randn(config.cells**2, width))
        self.key_value = nn.Linear(width, 2 * width)
        self.think = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.enter = nn.Linear(width, config.widths[2])

    def forward(self, tokens: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """The plan [B, cells², D], and what of it enters the picture [B, low, cells, cells]."""
        key, value = self.key_value(tokens).chunk(2, dim=2)  # 2 × [B, T, D]
        asking = self.cells[None].to(key.dtype)  # the same for every prompt
        plan = self.think(attend(asking, key, value, bias, self.heads))
        return plan, self.enter(plan).transpose(1, 2).unflatten(2, (self.edge, self.edge))


class Stage(nn.Module):
    """A residual block, then cross-attention to the prompt, then (at the lowest size) self-attention."""

    def __init__(
        self, wide_in: int, wide_out: int, config: ModelConfig, *, cross: bool, own: bool = False
    ) -> None:
        super().__init__()
        self.block = ResBlock(wide_in, wide_out, config)
        self.cross = Attention(wide_out, config.text_dim, config) if cross else None
        self.own = Attention(wide_out, wide_out, config) if own else None

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        x = self.block(x, embedding)
        if self.cross is not None:
            x = self.cross(x, context, bias)
        if self.own is not None:
            x = self.own(x, None, None)
        return x


class PictureModel(nn.Module):
    """x_t, t and a prompt in; the clean picture out."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        high, mid, low = config.widths
        self.embed_time = nn.Sequential(
            nn.Linear(128, config.embed_dim), nn.SiLU(), nn.Linear(config.embed_dim, config.embed_dim)
        )
        self.embed_pooled = nn.Linear(config.pooled_dim, config.embed_dim)
        self.embed_tokens = nn.Sequential(
            nn.Linear(config.token_dim, config.text_dim), nn.LayerNorm(config.text_dim)
        )
        self.places = nn.Parameter(torch.zeros(config.positions, config.text_dim))
        self.readings = nn.ModuleList([Reading(config) for _ in range(config.readings)])
        self.plan = Plan(config)
        self.say = nn.Linear(config.text_dim, sum(config.names)) if config.names else None
        block = 3 * config.patch**2
        self.enter = nn.Conv2d(block, high, 3, padding=1)
        self.down_high = nn.ModuleList([Stage(high, high, config, cross=False) for _ in range(2)])
        self.to_mid = nn.Conv2d(high, mid, 3, stride=2, padding=1)
        self.down_mid = nn.ModuleList([Stage(mid, mid, config, cross=cross) for cross in (False, True)])
        self.to_low = nn.Conv2d(mid, low, 3, stride=2, padding=1)
        self.bottom = nn.ModuleList([Stage(low, low, config, cross=True, own=True) for _ in range(3)])
        self.from_low = nn.Conv2d(low, mid, 3, padding=1)
        self.up_mid = nn.ModuleList(
            [Stage(2 * mid, mid, config, cross=True), Stage(mid, mid, config, cross=False)]
        )
        self.from_mid = nn.Conv2d(mid, high, 3, padding=1)
        self.up_high = nn.ModuleList([Stage(width, high, config, cross=False) for width in (2 * high, high)])
        self.leave_norm = Norm(config.groups, high)
        self.leave = nn.Conv2d(high, block, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
        """Estimate x0.

        x: [B, 3, S, S] in about [-1, 1]; t: [B] in [0, 1]; tokens: [B, T, 1280]; mask: [B, T], 1 for a
        token and 0 for padding, at least one 1 a row; pooled: [B, 512]. Returns [B, 3, S, S].
        """
        return self.drawn_and_said(x, t, tokens, mask, pooled)[0]

    def drawn_and_said(
        self, x: Tensor, t: Tensor, tokens: Tensor, mask: Tensor, pooled: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """`forward`, and what it was planned with, in words (see `spoken`)."""
        sentence = pooled * self.config.pooled_dim**0.5  # a unit vector, brought to unit variance
        embedding = F.silu(self.embed_time(time_features(t, 128)) + self.embed_pooled(sentence))  # [B, E]
        context, bias = self.read(tokens, mask)
        plan, planned = self.plan(context, bias)

        def through(stages: nn.ModuleList, h: Tensor) -> Tensor:
            for stage in stages:
                h = stage(h, embedding, context, bias)
            return h

        high = through(self.down_high, self.enter(F.pixel_unshuffle(x, self.config.patch)))  # [B, high, 32, 32]
        mid = through(self.down_mid, self.to_mid(high))  # [B, mid, 16, 16]
        h = through(self.bottom, self.to_low(mid) + planned)  # [B, low, 8, 8]
        h = self.from_low(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        h = through(self.up_mid, torch.cat((h, mid), dim=1))
        h = self.from_mid(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        h = through(self.up_high, torch.cat((h, high), dim=1))
        h = self.leave(F.silu(self.leave_norm(h)))  # [B, 3·patch², 32, 32]
        return F.pixel_shuffle(h, self.config.patch), self.spoken(plan)

    def read(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The prompt as the picture asks it: tokens [B, T, D] that know each other; the bias [B, 1, 1, T]."""
        bias = ((1.0 - mask) * -30_000.0)[:, None, None, :].to(tokens.dtype)
        context = self.embed_tokens(tokens) + self.places[: tokens.shape[1]]
        for reading in self.readings:
            context = reading(context, bias)
        return context, bias

    def spoken(self, plan: Tensor) -> tuple[Tensor, ...]:
        """A plan [B, cells², D] in words: for each list of N names, logits [B, N, cells²]; () if not taught."""
        return () if self.say is None else self.say(plan).transpose(1, 2).split(self.config.names, dim=1)
