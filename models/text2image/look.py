"""Grids to look at while a model learns: the same prompts and seeds each time."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.text2image.captions import caption
from models.text2image.model import PictureModel
from models.text2image.scenes import sample_scene
from services.runtime.sentence_encoder import SentenceEncoder

PROMPTS = (
    "a crab next to a boat on a beach",
    "un crabe à côté d'une barque",
    "un crabe à côté d'un bateau sur la plage au coucher du soleil",
    "a fish and a crab at sea",
    "a croissant on a blue background, 3D style",
    "une fraise sur fond bleu, style plat",
    "a drawing of a cat on a green background",
    "un chien dans la neige",
    "un gâteau sur fond rose",
    "a house in a forest at night",
    "a rocket on a black background",
    "une pomme à gauche d'une banane sur fond blanc",
)
GRID = 24


def grid_prompts(seed: int) -> list[str]:
    """PROMPTS and as many captions of random scenes as fill the grid, in both languages."""
    rng = random.Random(seed)
    more = [caption(sample_scene(rng), "fr" if number % 2 else "en", rng) for number in range(GRID - len(PROMPTS))]
    return [*PROMPTS, *more]


def levels(steps: int) -> list[float]:
    """Noise levels 1 to 0, evenly."""
    return [float(level) for level in np.linspace(1.0, 0.0, steps + 1)]


def guided(
    model: PictureModel, x: Tensor, now: float, words: tuple[Tensor, Tensor, Tensor], guidance: float
) -> Tensor:
    """The picture float32[B, 3, S, S] that x at level `now` is heading for, pushed away from "no prompt".

    `words` are tokens, mask and pooled as PictureModel.forward takes them. A guidance of 1 asks once a row.
    """
    tokens, mask, pooled = words
    if guidance != 1.0:
        nothing = torch.zeros_like(mask)
        nothing[:, 0] = 1.0
        tokens = torch.cat((tokens, torch.zeros_like(tokens)))
        mask = torch.cat((mask, nothing))
        pooled = torch.cat((pooled, torch.zeros_like(pooled)))
        x = torch.cat((x, x))
    t = torch.full((len(x),), now, device=x.device)
    with torch.autocast(x.device.type, torch.bfloat16):
        clean = model(x.contiguous(memory_format=torch.channels_last), t, tokens, mask, pooled).float()
    if guidance == 1.0:
        return clean
    asked, free = clean.chunk(2)
    return free + guidance * (asked - free)


@torch.no_grad()
def draw(
    model: PictureModel, encoder: SentenceEncoder, prompts: Sequence[str], steps: int = 16, guidance: float = 3.0
) -> np.ndarray:
    """Pictures uint8[B, S, S, 3] for prompts, by Euler steps."""
    device, size = next(model.parameters()).device, model.config.image_size
    encoded = encoder.encode(list(prompts))
    parts = (encoded.tokens, encoded.mask.astype(np.float32), encoded.sentence)
    tokens, mask, pooled = (torch.from_numpy(part).to(device) for part in parts)
    x = torch.randn((len(prompts), 3, size, size), generator=torch.Generator().manual_seed(1)).to(device)
    for now, after in pairwise(levels(steps)):
        x = x + (after - now) * (x - guided(model, x, now, (tokens, mask, pooled), guidance)) / now
    pixels = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).cpu().numpy()


def save_grid(pictures: np.ndarray, path: Path, columns: int = 6, zoom: int = 2) -> None:
    """Pictures uint8[B, S, S, 3] as one PNG, enlarged `zoom` times."""
    size = pictures.shape[1] * zoom
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * (size + 2), rows * (size + 2)), (255, 255, 255))
    for index, pixels in enumerate(pictures):
        picture = Image.fromarray(pixels).resize((size, size), Image.Resampling.NEAREST)
        sheet.paste(picture, (index % columns * (size + 2), index // columns * (size + 2)))
    sheet.save(path)
