"""The careful reader in torch: the first layers of multilingual-e5-small and a head with one logit a category.

The lower layers stay as they are, so what they make of a text is computed once and kept; only the upper ones
learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.moderation.e5 import E5


class Dropout:
    """Dropout whose masks are cut from one row of random numbers: drawing them anew took a fifth of a step."""

    LENGTH = 1 << 23

    def __init__(self, share: float) -> None:
        kept = torch.rand(self.LENGTH, generator=torch.Generator().manual_seed(0)) >= share
        self.scale = kept.to(torch.bfloat16) / (1 - share)

    def __call__(self, x: Tensor) -> Tensor:
        """x of any shape up to LENGTH numbers, some of them zero and the others larger."""
        at = int(torch.randint(self.LENGTH - x.numel() + 1, ()))
        return x * self.scale[at : at + x.numel()].view(x.shape)


class Layer(nn.Module):
    """One encoder layer of BERT, layer norms after the sums."""

    def __init__(self, width: int, heads: int, middle: int, epsilon: float, dropout: Dropout) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.ao = nn.Linear(width, width)
        self.aln = nn.LayerNorm(width, epsilon)
        self.fi = nn.Linear(width, middle)
        self.fo = nn.Linear(middle, width)
        self.oln = nn.LayerNorm(width, epsilon)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """x [B,T,width], seen [B,1,1,T] true where there is a token -> [B,T,width]."""
        b, t, width = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # written out: for so few tokens torch's fused kernel takes a third of a bfloat16 step on a CPU
        close = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        out = close.masked_fill(~seen, -1e4).softmax(-1).to(v.dtype) @ v
        out = self.ao(out.transpose(1, 2).reshape(b, t, width))
        x = self.aln(x + (self.dropout(out) if self.training else out))
        out = self.fo(F.gelu(self.fi(x)))
        return self.oln(x + (self.dropout(out) if self.training else out))


class Reader(nn.Module):
    """`below` frozen layers and `above` learning ones; the head reads the mean and the first token."""

    def __init__(self, e5: E5, below: int, above: int, categories: int, dropout: float = 0.1) -> None:
        super().__init__()
        t = {k: torch.from_numpy(v) for k, v in e5.tensors.items()}
        self.below, self.dropout = below, Dropout(dropout)
        self.word = nn.Embedding.from_pretrained(t["emb.word"] + t["emb.type"][0], freeze=True)
        self.place = nn.Embedding.from_pretrained(t["emb.pos"], freeze=True)
        self.norm = nn.LayerNorm(e5.width, e5.epsilon)
        self.norm.load_state_dict({"weight": t["emb.ln.w"], "bias": t["emb.ln.b"]})
        self.layers = nn.ModuleList()
        for index in range(below + above):
            layer = Layer(e5.width, e5.heads, e5.middle, e5.epsilon, self.dropout)
            at = f"l{index}."
            state = {
                f"{n}.{p}": t[f"{at}{n}.{p[0]}"]
                for n in ("ao", "aln", "fi", "fo", "oln")
                for p in ("weight", "bias")
            }
            state |= {f"qkv.{p}": torch.cat([t[f"{at}{n}.{p[0]}"] for n in "qkv"]) for p in ("weight", "bias")}
            layer.load_state_dict(state)
            self.layers.append(layer)
        self.head = nn.Linear(2 * e5.width, categories)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -2.0)
        for module in (self.norm, *self.layers[:below]):
            module.requires_grad_(False)

    @torch.no_grad()
    def lower(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What the frozen layers make of ids [B,T]: [B,T,width]."""
        places = torch.arange(ids.shape[1])
        x = self.norm(self.word(ids) + self.place(places))
        for layer in self.layers[: self.below]:
            layer.eval()
            x = layer(x, mask[:, None, None, :])
        return x

    def upper(self, x: Tensor, mask: Tensor) -> Tensor:
        """Logits [B,K] from what `lower` made."""
        for layer in self.layers[self.below :]:
            x = layer(x, mask[:, None, None, :])
        weight = mask[:, :, None].to(x.dtype)
        mean = (x * weight).sum(1) / weight.sum(1)
        pooled = torch.cat([mean, x[:, 0]], 1)
        return self.head(self.dropout(pooled) if self.training else pooled)

    @torch.no_grad()
    def largest(self, rows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.float32]]:
        """The largest absolute value of each channel that goes into each matrix, over texts as token ids."""
        found: dict[str, NDArray[np.float32]] = {}

        def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
            def note(_: nn.Module, given: tuple[Tensor, ...]) -> None:
                most = given[0].abs().flatten(0, -2).amax(0).numpy()
                found[name] = np.maximum(found.get(name, most), most)

            return note

        self.eval()
        watching = [
            getattr(layer, name).register_forward_pre_hook(watch(f"l{index}.{name}"))
            for index, layer in enumerate(self.layers)
            for name in ("qkv", "ao", "fi", "fo")
        ]
        for ids in rows:
            seen = torch.ones(1, len(ids), dtype=torch.bool)
            self.upper(self.lower(torch.tensor([list(ids)]), seen), seen)
        for hook in watching:
            hook.remove()
        return found

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights by the names that `graph.build` reads."""
        found = {"emb.word": self.word.weight, "emb.pos": self.place.weight}
        found |= {"emb.ln.w": self.norm.weight, "emb.ln.b": self.norm.bias}
        found |= {"head.w": self.head.weight, "head.b": self.head.bias}
        for index, layer in enumerate(self.layers):
            for name in ("ao", "aln", "fi", "fo", "oln"):
                part = getattr(layer, name)
                found |= {f"l{index}.{name}.w": part.weight, f"l{index}.{name}.b": part.bias}
            for p, rows in (("w", layer.qkv.weight), ("b", layer.qkv.bias)):
                for n, piece in zip("qkv", rows.chunk(3), strict=True):
                    found[f"l{index}.{n}.{p}"] = piece
        return {k: v.detach().numpy() for k, v in found.items()}
