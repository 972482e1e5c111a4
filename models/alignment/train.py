"""Trains the two heads and writes the judge's folder: `python -m models.alignment.train FOLDER`.

The image tower is frozen, so each picture passes it once; then the heads learn in a minute. A batch holds true
pairs only, and every other pair in it is taken for a wrong one (a contrastive loss, after Radford et al. 2021).
The scenes show nothing that is held out (see `scenes`), and never the emoji family kept as an unseen style.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from models.alignment.score import IMAGE, SIZE, TEXT
from models.alignment.tower import FEATURES, ImageTower
from models.text2image.captions import LANGUAGES, caption
from models.text2image.export import halve_weights_of
from models.text2image.render import Painter, as_array
from models.text2image.scenes import sample_scene
from models.text2image.scorer import distort
from models.text2image.sprites import load_sprites
from models.text2image.stream import open_encoder

SCENES = 10_000
SHARED = 192
"""Components of the space in which both towers end."""
BATCH, STEPS, RATE = 256, 2_000, 1e-3


class Head(nn.Module):
    """Features to a unit vector of the shared space."""

    def __init__(self, wide_in: int, hidden: int = 384) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.LayerNorm(wide_in),
            nn.Dropout(0.2),
            nn.Linear(wide_in, hidden),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(hidden, SHARED),
        )

    def forward(self, features: Tensor) -> Tensor:
        return F.normalize(self.net(features), dim=1)


class ImageSide(nn.Module):
    """Pixels [B, 3, S, S] to a unit vector [B, SHARED] and the tower's own features [B, 1280]."""

    def __init__(self, tower: ImageTower, head: Head) -> None:
        super().__init__()
        self.tower, self.head = tower, head

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features, quarters = self.tower(pictures)
        return self.head(quarters), features


@torch.no_grad()
def gather(encoder_folder: Path, cache: Path, tower: ImageTower, count: int) -> tuple[Tensor, Tensor]:
    """Features of `count` distorted training pictures [N, 4 × 1280], and of their captions [N, 2, 512]."""
    rng, painter, encoder = random.Random(21), Painter(load_sprites(cache), SIZE), open_encoder(encoder_folder)
    pictures, sentences = [], []
    for _ in tqdm(range(count // 16), desc="passing pictures through the tower", unit="batch"):
        scenes = [sample_scene(rng) for _ in range(16)]
        seen = np.stack([as_array(distort(painter.draw(scene, rng), rng)) for scene in scenes])
        pictures.append(tower(torch.from_numpy(seen))[1].half())
        said = [encoder.encode_sentences([caption(s, language, rng) for s in scenes]) for language in LANGUAGES]
        sentences.append(torch.from_numpy(np.stack(said, axis=1)))
    return torch.cat(pictures), torch.cat(sentences)


def learn(pictures: Tensor, sentences: Tensor, steps: int = STEPS) -> tuple[Head, Head]:
    """The picture's head and the prompt's."""
    torch.manual_seed(22)
    image, text = Head(4 * FEATURES), Head(sentences.shape[2])
    sharpness = nn.Parameter(torch.tensor(2.7))  # log of 1 / temperature
    parameters = [*image.parameters(), *text.parameters(), sharpness]
    optimiser = torch.optim.AdamW(parameters, RATE, weight_decay=0.05)
    for step in tqdm(range(steps), desc="heads", unit="step", mininterval=2):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, 2.0 * (1.0 - step / steps))
        rows = torch.randint(len(pictures), (BATCH,))
        language = torch.randint(len(LANGUAGES), (BATCH,))
        scores = sharpness.exp().clamp(max=50.0) * (
            image(pictures[rows].float()) @ text(sentences[rows, language]).T
        )
        true = torch.arange(BATCH)
        loss = F.cross_entropy(scores, true) + F.cross_entropy(scores.T, true)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return image.eval(), text.eval()


def write(module: nn.Module, example: Tensor, path: Path, outputs: list[str]) -> None:
    """Export with an open batch, weights stored as float16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {0: "B"} for name in ("input", *outputs)}
    torch.onnx.export(
        module.eval(), (example,), str(path), input_names=["input"], output_names=outputs, opset_version=17,
        dynamo=False, dynamic_axes=axes,
    )  # fmt: skip
    halve_weights_of(path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--scenes", type=int, default=SCENES)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # on a busy machine more threads wait for each other
    tower = ImageTower()
    pictures, sentences = gather(arguments.encoder, arguments.cache, tower, arguments.scenes)
    image, text = learn(pictures, sentences)
    write(ImageSide(tower, image), torch.zeros(2, 3, SIZE, SIZE), arguments.folder / IMAGE, ["vector", "features"])
    write(text, torch.zeros(2, sentences.shape[2]), arguments.folder / TEXT, ["vector"])


if __name__ == "__main__":
    main()
