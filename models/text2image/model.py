"""The picture model: a small convolutional UNet that reads a prompt and cleans a noisy picture.

Notable:
- it works on 2×2 pixel blocks (space-to-depth), so most work happens at a quarter of the pixels;
- it predicts the clean picture x0 from x_t = (1 - t)·x0 + t·noise, t in [0, 1] (rectified flow);
- the prompt's tokens first read each other, so that a thing's word knows whether it is the one on the left
  (`Reading`); then they enter by cross-attention at the two lower sizes, and the picture's places know where
  they are (`canvas`). The sentence vector is added to the time embedding;
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

    image_size: int = 64
    widths: tuple[int, int, int] = (64, 128, 192)
    embed_dim: int = 256
    text_dim: int = 256  # token vectors are projected to this before the attentions
    token_dim: int = 1280
    pooled_dim: int = 512
    heads: int = 4
    groups: int = 16
    positions: int = 128  # prompt tokens that know their place; 0 for a model that knows no order
    readings: int = 2  # times the prompt's tokens read each other before the picture reads them
    canvas: bool = True  # whether places of the lowest size know where they are


_BEFORE: dict[str, Any] = {"positions": 0, "readings": 0, "canvas": False}
"""Sizes that older configurations do not name: they had none of it."""


def config_of(sizes: Mapping[str, Any]) -> ModelConfig:
    """A configuration out of JSON or a checkpoint, where tuples have become lists."""
    told = {**_BEFORE, **sizes}
    return ModelConfig(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
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


class ResBlock(nn.Module):
    """Two 3×3 convolutions around a residual; the embedding scales and shifts between them."""

    def __init__(self, wide_in: int, wide_out: int, config: ModelConfig) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(config.groups, wide_in)
        self.conv1 = nn.Conv2d(wide_in, wide_out, 3, padding=1)
        self.modulate = nn.Linear(config.embed_dim, 2 * wide_out)
        self.norm2 = nn.GroupNorm(config.groups, wide_out)
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
        self.norm = nn.GroupNorm(config.groups, width)
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
        self.places = nn.Parameter(torch.zeros(config.positions, config.text_dim)) if config.positions else None
        self.readings = nn.ModuleList([Reading(config) for _ in range(config.readings)])
        edge = config.image_size // 8
        self.canvas = nn.Parameter(torch.zeros(low, edge, edge)) if config.canvas else None
        self.enter = nn.Conv2d(12, high, 3, padding=1)
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
        self.leave_norm = nn.GroupNorm(config.groups, high)
        self.leave = nn.Conv2d(high, 12, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
        """Estimate x0.

        x: [B, 3, S, S] in about [-1, 1]; t: [B] in [0, 1]; tokens: [B, T, 1280]; mask: [B, T], 1 for a
        token and 0 for padding, at least one 1 a row; pooled: [B, 512]. Returns [B, 3, S, S].
        """
        sentence = pooled * self.config.pooled_dim**0.5  # a unit vector, brought to unit variance
        embedding = F.silu(self.embed_time(time_features(t, 128)) + self.embed_pooled(sentence))  # [B, E]
        context = self.embed_tokens(tokens)  # [B, T, text_dim]
        if self.places is not None:
            context = context + self.places[: tokens.shape[1]]
        bias = ((1.0 - mask) * -30_000.0)[:, None, None, :].to(context.dtype)  # [B, 1, 1, T]
        for reading in self.readings:
            context = reading(context, bias)

        def through(stages: nn.ModuleList, h: Tensor) -> Tensor:
            for stage in stages:
                h = stage(h, embedding, context, bias)
            return h

        high = through(self.down_high, self.enter(F.pixel_unshuffle(x, 2)))  # [B, high, S/2, S/2]
        mid = through(self.down_mid, self.to_mid(high))  # [B, mid, S/4, S/4]
        h = self.to_low(mid)  # [B, low, S/8, S/8]
        h = through(self.bottom, h if self.canvas is None else h + self.canvas)
        h = self.from_low(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        h = through(self.up_mid, torch.cat((h, mid), dim=1))
        h = self.from_mid(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        h = through(self.up_high, torch.cat((h, high), dim=1))
        h = self.leave(F.silu(self.leave_norm(h)))  # [B, 12, S/2, S/2]
        return F.pixel_shuffle(h, 2)
