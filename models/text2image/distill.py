"""Few steps of many: `python -m models.text2image.distill TEACHER.pt --steps 2000`.

The teacher draws captions in FINE guided steps (two calls a step). The student learns to jump JUMP of them at
once, with the guidance folded in: 40 calls a picture become 4. The states it learns from are the teacher's own
on its way, so no picture is needed, and one drawing gives FINE lessons.

From x at level t the teacher's x' at level s stands where one Euler step with the clean estimate

    x0 = x - t · (x - x') / (t - s)

would have led; that estimate is what the student is to answer, at every level, so that more steps than
FINE / JUMP also do. Source of the idea: progressive distillation (Salimans and Ho 2022) and guidance
distillation (Meng et al. 2023), here in one stage over whole trajectories.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.text2image.export import load_average
from models.text2image.look import draw, grid_prompts, guided, levels, save_grid
from models.text2image.model import PictureModel
from models.text2image.noising import Noised
from models.text2image.run import Purpose, Run, TrainConfig, earlier_runs, training_device
from models.text2image.stream import numbered, open_encoder, order
from services.runtime.sentence_encoder import SentenceEncoder

STEPS = 2_000
FINE, JUMP = 16, 4
GUIDANCE = 3.0
ROLLOUT = 16
"""Pictures the teacher draws at a time."""
POOL = 12
"""Drawings kept to choose lessons from, so that a batch holds many prompts and levels."""
SLIDE = 2
"""Drawings that are replaced at a time; a fixed number, so that lessons are the same on any number of cores."""
STUDENT = Purpose("distillation", steps=FINE // JUMP, guidance=1.0)
DISTILLING = TrainConfig(rate=2e-4, warm_steps=50, decay_from=0.5)


@torch.no_grad()
def lessons(teacher: PictureModel, noise: Tensor, words: tuple[Tensor, Tensor, Tensor]) -> Noised:
    """FINE lessons a row of `noise` [B, 3, S, S]: every state of the teacher's way and where it should point."""
    steps = levels(FINE)
    way = [noise]
    for now, after in pairwise(steps):
        x = way[-1]
        way.append(x + (after - now) * (x - guided(teacher, x, now, words, GUIDANCE)) / now)
    clean, noises, times = [], [], []
    for start in range(FINE):
        end = min(start + JUMP, FINE)
        t, s, x = steps[start], steps[end], way[start]
        pointed = x - t * (x - way[end]) / (t - s)
        clean.append(pointed)
        noises.append((x - (1.0 - t) * pointed) / t)  # so that mixing them at t gives x again
        times.append(torch.full((len(x),), t, device=x.device))
    repeated = (part.repeat(FINE, *(1 for _ in part.shape[1:])) for part in words)
    return Noised(torch.cat(clean), torch.cat(noises), torch.cat(times), *repeated)


def stacked(parts: Sequence[Noised]) -> Noised:
    """Rows of several lessons as one batch, their prompts padded to the longest."""
    longest = max(part.mask.shape[1] for part in parts)

    def padded(part: Noised) -> Noised:
        room = longest - part.mask.shape[1]
        return dataclasses.replace(
            part, tokens=F.pad(part.tokens, (0, 0, 0, room)), mask=F.pad(part.mask, (0, room))
        )

    columns = zip(*(vars(padded(part)).values() for part in parts), strict=True)
    return Noised(*(torch.cat(column) for column in columns))


class Lessons:
    """Batches of lessons by number, from a pool of drawings that slides on: each lesson is used about once."""

    def __init__(self, teacher: PictureModel, encoder: SentenceEncoder, config: TrainConfig) -> None:
        self._teacher, self._encoder, self._config = teacher, encoder, config
        self._workers = ThreadPoolExecutor(config.workers)
        self._pool: dict[int, Noised] = {}

    def __call__(self, number: int) -> Noised:
        batch = self._config.batch
        first = number * batch // (ROLLOUT * FINE * SLIDE) * SLIDE
        window = range(first, first + POOL)
        missing = [part for part in window if part not in self._pool]
        self._pool |= zip(missing, self._workers.map(self._draw, missing), strict=True)
        self._pool = {part: self._pool[part] for part in window}
        rng = numbered(self._config.seed, number)
        chosen = [(self._pool[rng.choice(window)], rng.randrange(ROLLOUT * FINE)) for _ in range(batch)]
        return stacked([drawing.rows(slice(row, row + 1)) for drawing, row in chosen])

    def _draw(self, part: int) -> Noised:
        """Drawing number `part` of ROLLOUT pictures, on one thread: others draw beside it."""
        torch.set_num_threads(1)
        device, size = next(self._teacher.parameters()).device, self._teacher.config.image_size
        texts = [order(self._config.seed, part, row)[1] for row in range(ROLLOUT)]
        generator = torch.Generator().manual_seed(self._config.seed * 2_000_003 + part)
        noise = torch.randn((ROLLOUT, 3, size, size), generator=generator).to(device)
        encoded = self._encoder.encode(texts)
        parts = (encoded.tokens, encoded.mask.astype(np.float32), encoded.sentence)
        tokens, mask, pooled = (torch.from_numpy(values).to(device) for values in parts)
        return lessons(self._teacher, noise, (tokens, mask, pooled))


def distill(teacher_file: Path, steps: int, encoder_folder: Path, out: Path, config: TrainConfig) -> Path:
    """Make the student in `steps` in all (those of a run that was killed count); returns its checkpoint's path."""
    device, checkpoint = training_device(), out / "latest.pt"
    out.mkdir(parents=True, exist_ok=True)
    teacher, facts = load_average(teacher_file)
    teacher = teacher.to(device, memory_format=torch.channels_last)
    run = Run(config, teacher.config, device, STUDENT)
    if checkpoint.exists() and earlier_runs(checkpoint) == facts.training_runs:
        run.resume(checkpoint)  # of this very teacher
    else:
        run.model.load_state_dict(teacher.state_dict())
        run.average.load_state_dict(teacher.state_dict())
        run.earlier = facts.training_runs
    encoder, prompts = open_encoder(encoder_folder), grid_prompts(config.seed)

    def look(name: str) -> None:
        save_grid(draw(run.average, encoder, prompts, STUDENT.steps, STUDENT.guidance), out / f"{name}.png")

    save_grid(draw(teacher, encoder, prompts, FINE, GUIDANCE), out / "grid-teacher.png")
    run.learn(steps, Lessons(teacher, encoder, config), checkpoint, look)
    return checkpoint


def main() -> None:
    """Command line of the distilling stage alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teacher", type=Path, nargs="?", default=Path(".cache/fournil-mini/latest.pt"))
    parser.add_argument("--steps", type=int, default=STEPS, help="of 16 lessons each, in all")
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--out", type=Path, default=Path(".cache/fournil-mini-student"))
    arguments = parser.parse_args()
    distill(arguments.teacher, arguments.steps, arguments.encoder, arguments.out, DISTILLING)


if __name__ == "__main__":
    main()
