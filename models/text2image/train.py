"""Train the picture model: `python -m models.text2image.train --minutes 90`.

Rectified flow with x0 prediction: the loss is the squared velocity error, |x0_hat - x0|² / t². The
learning rate is warm, then flat, then falls to zero over the last part of the given minutes, which are
counted as time spent training, so a run killed at any moment resumes where its last checkpoint stands.
"""

import argparse
import dataclasses
import json
import math
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.text2image.captions import caption
from models.text2image.model import ModelConfig, PictureModel
from models.text2image.scenes import sample_scene
from models.text2image.sprites import load_sprites
from models.text2image.stream import Batch, SceneStream, open_encoder
from models.text2image.warm_start import exported_weights
from services.runtime.sentence_encoder import SentenceEncoder

# Below this noise level the loss no longer grows as 1/t²: there the drawing is settled, and what is left
# is grain, which would outweigh learning what a crab looks like.
LEAST_LEVEL = 0.35

GRID_PROMPTS = (
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


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Times in minutes or seconds as named; rates per step."""

    batch: int = 16
    part: int = 8  # rows a CPU worker takes at a time; divides the batch
    workers: int = os.cpu_count() or 1
    rate: float = 8e-4
    warm_steps: int = 150
    decay_from: float = 0.55  # share of the minutes after which the rate falls
    weight_decay: float = 0.01
    average: float = 0.998  # of the exponential moving average of weights, a step
    grid_minutes: float = 5.0
    save_minutes: float = 2.0
    seed: int = 7


def rate_share(step: int, done: float, config: TrainConfig) -> float:
    """The learning rate as a share of its peak; `done` is the share of training time spent, 0..1."""
    warm = min(1.0, (step + 1) / config.warm_steps)
    return warm * min(1.0, max(0.0, (1.0 - done) / (1.0 - config.decay_from)))


def sample_times(count: int, generator: torch.Generator) -> Tensor:
    """Noise levels t in (0, 1): logit-normal, leaning to the noisy side where the drawing is decided."""
    return torch.sigmoid(0.7 + 1.0 * torch.randn(count, generator=generator))


@dataclasses.dataclass(frozen=True)
class Noised:
    """Training inputs of B rows on one device; shapes as in PictureModel.forward."""

    clean: Tensor
    noise: Tensor
    t: Tensor
    tokens: Tensor
    mask: Tensor
    pooled: Tensor

    def rows(self, start: int, end: int) -> "Noised":
        """Rows start..end as views."""
        return Noised(*(getattr(self, field.name)[start:end] for field in dataclasses.fields(self)))


def add_noise(batch: Batch, generator: torch.Generator, device: torch.device) -> Noised:
    """`batch` with noise levels and noise, drawn on the CPU so that every device sees the same."""
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


@torch.no_grad()
def draw(
    model: PictureModel, encoder: SentenceEncoder, prompts: list[str], device: torch.device, steps: int = 16
) -> np.ndarray:
    """Pictures uint8[B, S, S, 3] for prompts, by guided Euler steps; for looking on during training."""
    encoded, count, size = encoder.encode(prompts), len(prompts), model.config.image_size
    tokens = torch.from_numpy(np.concatenate((encoded.tokens, np.zeros_like(encoded.tokens)))).to(device)
    mask = torch.from_numpy(np.concatenate((encoded.mask, encoded.mask)).astype(np.float32)).to(device)
    mask[count:] = 0.0
    mask[count:, 0] = 1.0
    pooled = torch.from_numpy(np.concatenate((encoded.sentence, np.zeros_like(encoded.sentence)))).to(device)
    x = torch.randn((count, 3, size, size), generator=torch.Generator().manual_seed(1)).to(device)
    levels = [float(level) for level in np.linspace(1.0, 0.0, steps + 1)]
    for now, after in pairwise(levels):
        both = torch.cat((x, x)).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            clean = model(both, torch.full((2 * count,), now, device=device), tokens, mask, pooled).float()
        guided = clean[count:] + 3.0 * (clean[:count] - clean[count:])
        x = x + (after - now) * (x - guided) / now
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


class Run:
    """Everything a checkpoint holds: weights, their average, the optimiser, and how far it has come."""

    def __init__(self, config: TrainConfig, model_config: ModelConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.model_config, self.device = config, model_config, device
        self.model = PictureModel(model_config).to(device, memory_format=torch.channels_last)
        self.average = PictureModel(model_config).to(device, memory_format=torch.channels_last)
        self.average.load_state_dict(self.model.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), config.rate, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )
        self.step, self.pictures, self.seconds = 0, 0, 0.0
        self.earlier: list[dict[str, object]] = []
        self.workers = ThreadPoolExecutor(config.workers) if device.type == "cpu" else None

    def save(self, path: Path) -> None:
        """Write the checkpoint; a kill at any moment leaves the old one or the new one, whole."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "model_config": dataclasses.asdict(self.model_config),
            "progress": (self.step, self.pictures, self.seconds),
            "earlier_runs": self.earlier,
            "training_runs": self.record(),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)

    def begin_with(self, folder: Path) -> None:
        """Take the weights of an exported model folder and its record of earlier runs; all else is new."""
        weights = exported_weights(folder / "unet" / "model.onnx", self.model_config)
        self.model.load_state_dict(weights)
        self.average.load_state_dict(weights)
        facts = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
        self.earlier = facts.get("training_runs", [{"pictures": "not recorded"}])

    def record(self) -> list[dict[str, object]]:
        """What went into the weights: one entry a run, the last one this."""
        device = torch.cuda.get_device_name() if self.device.type == "cuda" else f"{os.cpu_count()} CPU cores"
        now = {"pictures": self.pictures, "minutes": round(self.seconds / 60, 1), "device": device}
        return [*self.earlier, now]

    def resume(self, path: Path) -> None:
        """Continue from the checkpoint at `path`."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.pictures, self.seconds = state["progress"]
        self.earlier = state["earlier_runs"]

    def _part_gradients(self, rows: Noised) -> tuple[float, tuple[Tensor, ...]]:
        torch.set_num_threads(1)
        loss = loss_of(self.model, rows)
        return loss.item(), torch.autograd.grad(loss, list(self.model.parameters()))

    def set_gradients(self, rows: Noised) -> float:
        """Leave the mean gradient of all rows on the parameters; returns the loss.

        On a CPU the batch is cut in small parts that one-thread workers take as they get free: on a busy
        machine that is twice as fast as splitting every operation over the cores, which waits each time
        for the slowest core. Parts are added in order, so the result does not depend on the timing.
        """
        if self.workers is None:
            loss = loss_of(self.model, rows)
            self.optimiser.zero_grad()
            loss.backward()
            return loss.item()
        size = self.config.part
        cuts = [rows.rows(start, start + size) for start in range(0, self.config.batch, size)]
        results = list(self.workers.map(self._part_gradients, cuts))
        for parameter, *parts in zip(
            self.model.parameters(), *(gradients for _, gradients in results), strict=True
        ):
            parameter.grad = torch.stack(parts).mean(dim=0)
        return sum(loss for loss, _ in results) / len(results)

    def take_step(self, batch: Batch, generator: torch.Generator, done: float) -> float:
        """One optimiser step on `batch`; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate * rate_share(self.step, done, self.config)
        loss = self.set_gradients(add_noise(batch, generator, self.device))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.pictures += len(batch.pictures)
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
            for slow, fast in pairs:
                slow.lerp_(fast, 1.0 - keep)
        return loss


@dataclasses.dataclass(frozen=True)
class Places:
    """Folders: fetched pictures, the prompt encoder's weights, and where checkpoints and grids go."""

    cache: Path
    encoder: Path
    out: Path


def train(
    minutes: float,
    places: Places,
    config: TrainConfig,
    model_config: ModelConfig,
    begin: Path | None = None,
) -> Path:
    """Train for `minutes` in all (earlier runs into `places.out` count); returns the checkpoint's path.

    A new run begins with random weights, or with those of the exported model folder `begin`.
    """
    # Workers split the batch instead of torch splitting operations; see Run.set_gradients.
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    out = places.out
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "latest.pt"
    run = Run(config, model_config, device)
    if checkpoint.exists():
        run.resume(checkpoint)
    elif begin is not None:
        run.begin_with(begin)
    encoder = open_encoder(places.encoder)
    # A resumed run goes on with fresh scenes instead of repeating those it has seen.
    seed = config.seed * 1_000_003 + run.step
    stream = SceneStream(load_sprites(places.cache), encoder, model_config.image_size, seed)
    generator = torch.Generator().manual_seed(seed)
    picker = random.Random(config.seed)
    prompts = list(GRID_PROMPTS)
    while len(prompts) < 24:
        prompts.append(caption(sample_scene(picker), "fr" if len(prompts) % 2 else "en", picker))
    count = sum(parameter.numel() for parameter in run.model.parameters())
    print(f"training {count / 1e6:.1f}M parameters on {device}, from step {run.step}", flush=True)
    smooth, limit, marked = 0.0, minutes * 60, (run.pictures, run.seconds)
    next_grid = run.seconds + 60 * min(2.0, config.grid_minutes)
    next_save = run.seconds + 60 * config.save_minutes
    painting = ThreadPoolExecutor(1)
    ahead = painting.submit(stream.batch, config.batch)
    while run.seconds < limit:
        began = time.monotonic()
        batch = ahead.result()
        ahead = painting.submit(stream.batch, config.batch)
        loss = run.take_step(batch, generator, run.seconds / limit)
        smooth = loss if smooth == 0 else smooth + 0.02 * (loss - smooth)
        run.seconds += time.monotonic() - began
        if run.step % 50 == 0:
            left = (limit - run.seconds) / 60
            rate = (run.pictures - marked[0]) / (run.seconds - marked[1])
            marked = run.pictures, run.seconds
            line = f"step {run.step}  pictures {run.pictures}  loss {smooth:.4f}"
            line += f"  {rate:.0f} pictures/s  {left:.0f} min left"
            print(line, flush=True)
        if run.seconds >= next_save:
            run.save(checkpoint)
            next_save = run.seconds + 60 * config.save_minutes
        if run.seconds >= next_grid:
            save_grid(draw(run.average, encoder, prompts, device), out / f"grid-{run.step:06d}.png")
            next_grid = run.seconds + 60 * config.grid_minutes
    painting.shutdown(cancel_futures=True)
    run.save(checkpoint)
    save_grid(draw(run.average, encoder, prompts, device), out / "grid-final.png")
    return checkpoint


def main() -> None:
    """Command line of the training step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=90.0, help="training time in all")
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--out", type=Path, default=Path(".cache/fournil-mini"))
    parser.add_argument("--rate", type=float, default=TrainConfig.rate, help="highest learning rate")
    parser.add_argument("--begin", type=Path, help="a model folder to go on from instead of random weights")
    arguments = parser.parse_args()
    places = Places(arguments.cache, arguments.encoder, arguments.out)
    config = TrainConfig(rate=arguments.rate)
    train(arguments.minutes, places, config, ModelConfig(), arguments.begin)


if __name__ == "__main__":
    main()
