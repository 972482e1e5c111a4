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
from concurrent.futures import Future, ThreadPoolExecutor
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
from models.text2image.run import FOR_TRAINING, Purpose, Run, TrainConfig, earlier_runs, training_device
from models.text2image.stream import MOST_TOKENS, numbered, open_encoder, order
from services.runtime.sentence_encoder import Encoded, SentenceEncoder

STEPS = {"cpu": 2_000, "cuda": 600}
FINE, JUMP = 16, 4
GUIDANCE = 3.0
POOL = 12
"""Drawings kept to choose lessons from, so that a batch holds many prompts and levels."""
SLIDE = 2
"""Drawings that are replaced at a time; a fixed number, so that lessons are the same on any number of cores."""
STUDENT = Purpose("distillation", steps=FINE // JUMP, guidance=1.0)
DISTILLING = {
    "cpu": TrainConfig(rate=2e-4, warm_steps=50, decay_from=0.5, keep_at=()),
    "cuda": TrainConfig(batch=256, rate=3e-4, warm_steps=50, decay_from=0.5, keep_at=()),
}


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
    """Rows of several lessons as one batch, their prompts padded to the longest, or to MOST_TOKENS on a GPU."""
    on_gpu = parts[0].clean.device.type == "cuda"
    longest = MOST_TOKENS if on_gpu else max(part.mask.shape[1] for part in parts)

    def padded(part: Noised) -> Noised:
        room = longest - part.mask.shape[1]
        return dataclasses.replace(
            part, tokens=F.pad(part.tokens, (0, 0, 0, room)), mask=F.pad(part.mask, (0, room))
        )

    columns = zip(*(padded(part).columns() for part in parts), strict=True)
    return Noised(*(torch.cat(column) for column in columns))


class Lessons:
    """Batches of lessons by number, from a pool of drawings that slides on: each lesson is used about once.

    The teacher draws as many pictures at a time as a batch has rows. Captions of the next drawings are encoded
    while lessons of these are learned.
    """

    def __init__(self, teacher: PictureModel, encoder: SentenceEncoder, config: TrainConfig) -> None:
        self._teacher, self._encoder, self._config = teacher, encoder, config
        self._workers, self._readers = ThreadPoolExecutor(config.workers), ThreadPoolExecutor(config.workers)
        self._pool: dict[int, Noised] = {}
        self._read: dict[int, Future[Encoded]] = {}

    def __call__(self, number: int) -> Noised:
        batch = self._config.batch
        first = number // (FINE * SLIDE) * SLIDE
        window = range(first, first + POOL)
        for part in range(first, first + POOL + SLIDE):
            if part not in self._pool and part not in self._read:
                self._read[part] = self._readers.submit(self._encode, part)
        missing = [part for part in window if part not in self._pool]
        self._pool |= zip(missing, self._workers.map(self._draw, missing), strict=True)
        self._pool = {part: self._pool[part] for part in window}
        rng = numbered(self._config.seed, number)
        chosen = [(rng.choice(window), rng.randrange(batch * FINE)) for _ in range(batch)]
        of_part = {part: torch.tensor([row for of, row in chosen if of == part]) for part, _ in chosen}
        return stacked([self._pool[part].rows(rows.to(self._device)) for part, rows in of_part.items()])

    @property
    def _device(self) -> torch.device:
        return next(self._teacher.parameters()).device

    def _encode(self, part: int) -> Encoded:
        return self._encoder.encode([order(self._config.seed, part, row)[1] for row in range(self._config.batch)])

    def _draw(self, part: int) -> Noised:
        """Drawing number `part`, on one thread: others draw beside it."""
        torch.set_num_threads(1)
        rows, size = self._config.batch, self._teacher.config.image_size
        generator = torch.Generator().manual_seed(self._config.seed * 2_000_003 + part)
        noise = torch.randn((rows, 3, size, size), generator=generator).to(self._device)
        encoded = self._read.pop(part).result()
        parts = (encoded.tokens, encoded.mask.astype(np.float32), encoded.sentence)
        tokens, mask, pooled = (torch.from_numpy(values).to(self._device) for values in parts)
        return lessons(self._teacher, noise, (tokens, mask, pooled))


def distill(teacher_file: Path, steps: int, encoder_folder: Path, out: Path, config: TrainConfig) -> Path:
    """Make the student in `steps` in all (those of a run that was killed count); returns its checkpoint's path."""
    device, checkpoint = training_device(), out / "latest.pt"
    out.mkdir(parents=True, exist_ok=True)
    teacher, facts = load_average(teacher_file)
    teacher = teacher.to(device, memory_format=torch.channels_last)
    run = Run(config, dataclasses.replace(teacher.config, names=()), device, STUDENT)
    if checkpoint.exists() and earlier_runs(checkpoint) == facts.training_runs:
        run.resume(checkpoint)  # of this very teacher
    else:
        known = {name: w for name, w in teacher.state_dict().items() if not name.startswith(FOR_TRAINING)}
        run.model.load_state_dict(known)
        run.average.load_state_dict(known)
        run.earlier = facts.training_runs
    encoder, prompts = open_encoder(encoder_folder), grid_prompts(config.seed)

    def look(name: str) -> None:
        save_grid(draw(run.average, encoder, prompts, STUDENT.steps, STUDENT.guidance), out / f"{name}.png")

    save_grid(draw(teacher, encoder, prompts, FINE, GUIDANCE), out / "grid-teacher.png")
    run.learn(steps, Lessons(teacher, encoder, config), checkpoint, look)
    return checkpoint


def main() -> None:
    """Command line of the distilling stage alone."""
    kind = training_device().type
    usual = DISTILLING[kind]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teacher", type=Path, nargs="?", default=Path(".cache/fournil-mini/latest.pt"))
    parser.add_argument("--steps", type=int, default=STEPS[kind], help="of a batch of lessons each, in all")
    parser.add_argument("--batch", type=int, default=usual.batch, help="lessons a step")
    parser.add_argument("--rate", type=float, default=usual.rate, help="highest learning rate")
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--out", type=Path, default=Path(".cache/fournil-mini-student"))
    given = parser.parse_args()
    config = dataclasses.replace(usual, batch=given.batch, rate=given.rate)
    distill(given.teacher, given.steps, given.encoder, given.out, config)


if __name__ == "__main__":
    main()
