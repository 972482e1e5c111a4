"""A scorer of pictures: which concept, which ground colour. It judges what the default model draws.

A small convolutional classifier, trained on renderings of the same sprites with strong distortions and
none of the held-out combinations; a part of the renderings are one place of a picture of two things. Its own
accuracy is measured first, on held-out combinations, on a drawing style it has never seen, and on held-out
pairs. It reads no prompt: it is a classifier, not a CLIP.
"""

import random
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor, nn

from models.text2image.concepts import CONCEPTS
from models.text2image.render import Painter, SpriteBook, as_array
from models.text2image.scenes import COLOURS, STYLES, Ground, Scene, Thing, held_out, held_out_combinations

WINDOWS = {
    "left": ((0.27, 0.5), (0.73, 0.5)),
    "right": ((0.73, 0.5), (0.27, 0.5)),
    "above": ((0.5, 0.26), (0.5, 0.74)),
    "below": ((0.5, 0.74), (0.5, 0.26)),
}
"""Centres of the two places of a relation, the first thing's first, as shares of the edge (see `layout`)."""
WINDOW = 0.54
"""Edge of a place's window."""

SIZE = 64
"""Edge in pixels of what it looks at; drawings of other sizes are reduced to it (see `judge`)."""

CONCEPT_KEYS = tuple(concept.key for concept in CONCEPTS)
COLOUR_KEYS = tuple(COLOURS)


@dataclass(frozen=True)
class Labelled:
    """B pictures float32[B, 3, S, S] in [-1, 1] with concept and colour numbers int64[B]."""

    pictures: np.ndarray
    concepts: np.ndarray
    colours: np.ndarray


def distort(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Turn, blur, recolour and add grain a little: what a drawing model gets slightly wrong."""
    picture = picture.rotate(rng.uniform(-8, 8), Image.Resampling.BILINEAR, fillcolor=picture.getpixel((1, 1)))
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.3)))
    picture = ImageEnhance.Color(picture).enhance(rng.uniform(0.7, 1.3))
    picture = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.9, 1.1))
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(0, 10), (*picture.size, 3))
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))


def windows(pictures: np.ndarray, relation: str) -> tuple[np.ndarray, np.ndarray]:
    """The two places of float32[N, 3, S, S], each enlarged to [N, 3, S, S]; the first thing's place first."""
    size = pictures.shape[2]
    edge = round(WINDOW * size)
    parts = []
    for x, y in WINDOWS[relation]:
        left, top = (min(max(0, round(c * size - edge / 2)), size - edge) for c in (x, y))
        part = torch.from_numpy(pictures[:, :, top : top + edge, left : left + edge].copy())
        parts.append(F.interpolate(part, (size, size), mode="bilinear", antialias=True).numpy())
    return parts[0], parts[1]


def _labelled(
    painter: Painter, combinations: list[tuple[str, str, str]], rng: random.Random, distorted: bool
) -> Labelled:
    pictures = []
    for concept, colour, style in combinations:
        scene = Scene((Thing(concept),), style, Ground(colour=colour))
        picture = painter.draw(scene, rng)
        if distorted and rng.random() < 0.35:
            picture = _one_of_two(painter, scene, rng)
        pictures.append(as_array(distort(picture, rng) if distorted else picture))
    return Labelled(
        np.stack(pictures),
        np.array([CONCEPT_KEYS.index(concept) for concept, _, _ in combinations]),
        np.array([COLOUR_KEYS.index(colour) for _, colour, _ in combinations]),
    )


def _one_of_two(painter: Painter, scene: Scene, rng: random.Random) -> Image.Image:
    """The scene's thing as it stands in its place beside another."""
    relation, other = rng.choice(tuple(WINDOWS)), Thing(rng.choice(CONCEPT_KEYS))
    pair = Scene((*scene.things, other), scene.style, scene.ground, relation)
    place, _ = windows(as_array(painter.draw(pair, rng))[None], relation)
    return Image.fromarray(((place[0].transpose(1, 2, 0) + 1.0) * 127.5).clip(0, 255).astype(np.uint8))


def _training_combinations(count: int, rng: random.Random) -> list[tuple[str, str, str]]:
    chosen: list[tuple[str, str, str]] = []
    while len(chosen) < count:
        combination = (rng.choice(CONCEPT_KEYS), rng.choice(COLOUR_KEYS), rng.choice(STYLES))
        if not held_out(*combination):
            chosen.append(combination)
    return chosen


class Scorer(nn.Module):
    """[B, 3, 64, 64] -> concept logits [B, concepts] and ground colour logits [B, colours]."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, 192)
        layers: list[nn.Module] = []
        for wide_in, wide_out in pairwise(widths):
            layers += [
                nn.Conv2d(wide_in, wide_out, 3, stride=2 if wide_in == 3 else 1, padding=1),
                nn.BatchNorm2d(wide_out),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.body = nn.Sequential(*layers)  # [B, 192, 2, 2]
        self.concept = nn.Sequential(nn.Dropout(0.2), nn.Linear(192 * 4, len(CONCEPT_KEYS)))
        self.colour = nn.Linear(3 * 8 * 8, len(COLOUR_KEYS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        small = F.adaptive_avg_pool2d(x, 8)  # the ground is judged from colours alone
        return self.concept(self.body(x).flatten(1)), self.colour(small.flatten(1))

    @torch.no_grad()
    def likelihoods(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities of concepts [B, K] and ground colours [B, C] for float32[B, 3, 64, 64]."""
        self.eval()
        concept, colour = self(torch.from_numpy(pictures))
        return concept.log_softmax(dim=1).numpy(), colour.log_softmax(dim=1).numpy()


def _accuracy(scorer: Scorer, labelled: Labelled) -> dict[str, float]:
    concepts, colours = scorer.likelihoods(labelled.pictures)
    return {
        "concept": float((concepts.argmax(axis=1) == labelled.concepts).mean()),
        "colour": float((colours.argmax(axis=1) == labelled.colours).mean()),
    }


def train_scorer(
    sprites: SpriteBook, steps: int = 2500, seed: int = 11
) -> tuple[Scorer, dict[str, dict[str, float]]]:
    """Train a scorer; returns it with its accuracy on renderings it has not seen.

    `held_out`: combinations kept from training, in the three styles. `unseen_style`: a fourth style,
    whose sprites it has never seen, so this figure says whether it knows the things or their pictures.
    """
    torch.manual_seed(seed)
    rng = random.Random(seed)
    painter, scorer = Painter(sprites, SIZE), Scorer()
    optimiser = torch.optim.AdamW(scorer.parameters(), 2e-3, weight_decay=1e-2)
    for step in range(steps):
        scorer.train()
        batch = _labelled(painter, _training_combinations(64, rng), rng, distorted=True)
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1.0, (steps - step) / (0.7 * steps))
        concept, colour = scorer(torch.from_numpy(batch.pictures))
        loss = F.cross_entropy(concept, torch.from_numpy(batch.concepts), label_smoothing=0.05)
        loss = loss + F.cross_entropy(colour, torch.from_numpy(batch.colours))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % 250 == 0:
            print(f"scorer step {step + 1} of {steps}  loss {loss.item():.3f}", flush=True)
    unseen = [(concept, colour, "unseen") for concept in CONCEPT_KEYS for colour in COLOUR_KEYS]
    accuracy = {
        "held_out": _accuracy(scorer, _labelled(painter, held_out_combinations(), rng, distorted=True)),
        "unseen_style": _accuracy(scorer, _labelled(painter, unseen, rng, distorted=False)),
    }
    return scorer, accuracy


def load_or_train(sprites: SpriteBook, path: Path, steps: int) -> tuple[Scorer, dict[str, dict[str, float]]]:
    """The scorer kept at `path`, trained there first if it is absent, with its accuracies."""
    if path.exists():
        kept = torch.load(path, weights_only=True)
        scorer = Scorer()
        scorer.load_state_dict(kept["weights"])
        return scorer, kept["accuracy"]
    scorer, accuracy = train_scorer(sprites, steps)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"weights": scorer.state_dict(), "accuracy": accuracy}, path)
    return scorer, accuracy
