"""Train the picture model on composed scenes: `python -m models.text2image.train --steps 20000`.

The first stage of the recipe; `distill` then makes few steps of it. What is learned is in `noising`, how a run
goes and resumes in `run`, what the scenes are in `scenes` and `stream`.
"""

import argparse
import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import torch

from models.text2image.look import draw, grid_prompts, save_grid
from models.text2image.model import ModelConfig
from models.text2image.noising import Noised, add_noise
from models.text2image.run import Purpose, Run, TrainConfig, training_device
from models.text2image.sprites import load_sprites
from models.text2image.stream import Batch, SceneStream, open_encoder

STEPS = 18_000


@dataclasses.dataclass(frozen=True)
class Places:
    """Folders: fetched pictures, the prompt encoder's weights, and where checkpoints and grids go."""

    cache: Path
    encoder: Path
    out: Path


class PaintedRows:
    """Noised batches of scenes by number; the next one is painted while one is learned."""

    def __init__(self, stream: SceneStream, config: TrainConfig, device: torch.device) -> None:
        self._stream, self._config, self._device = stream, config, device
        self._painter = ThreadPoolExecutor(1)
        self._ahead: dict[int, Future[Batch]] = {}

    def __call__(self, number: int) -> Noised:
        for wanted in (number, number + 1):
            if wanted not in self._ahead:
                self._ahead[wanted] = self._painter.submit(self._stream.batch, wanted, self._config.batch)
        batch = self._ahead.pop(number).result()
        return add_noise(batch, self._config.seed * 1_000_003 + number, self._device)


def train(
    steps: int,
    places: Places,
    config: TrainConfig,
    model_config: ModelConfig,
    begin: Path | None = None,
) -> Path:
    """Train for `steps` in all (those of a run that was killed count); returns the checkpoint's path.

    A new run begins with random weights, or with those of the exported model folder `begin`.
    """
    device, checkpoint = training_device(), places.out / "latest.pt"
    places.out.mkdir(parents=True, exist_ok=True)
    run = Run(config, model_config, device, Purpose())
    if checkpoint.exists():
        run.resume(checkpoint)
    elif begin is not None:
        run.begin_with(begin)
    encoder, prompts = open_encoder(places.encoder), grid_prompts(config.seed)
    stream = SceneStream(load_sprites(places.cache), encoder, model_config.image_size, config.seed)

    def look(name: str) -> None:
        save_grid(draw(run.average, encoder, prompts), places.out / f"{name}.png")

    run.learn(steps, PaintedRows(stream, config, device), checkpoint, look)
    return checkpoint


def main() -> None:
    """Command line of the training stage alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, help="of 16 pictures each, in all")
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--out", type=Path, default=Path(".cache/fournil-mini"))
    parser.add_argument("--rate", type=float, default=TrainConfig.rate, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=TrainConfig.seed, help="of weights, scenes and noise")
    parser.add_argument("--save-minutes", type=float, default=TrainConfig.save_minutes, help="between checkpoints")
    parser.add_argument("--begin", type=Path, help="a model folder to go on from instead of random weights")
    arguments = parser.parse_args()
    places = Places(arguments.cache, arguments.encoder, arguments.out)
    config = TrainConfig(rate=arguments.rate, seed=arguments.seed, save_minutes=arguments.save_minutes)
    train(arguments.steps, places, config, ModelConfig(), arguments.begin)


if __name__ == "__main__":
    main()
