"""Train the picture model on composed scenes: `python -m models.text2image.train --steps 20000`.

The first stage of the recipe; `distill` then makes few steps of it. What is learned is in `noising`, how a run
goes and resumes in `run`, how batches are made ahead in `ahead`, what the scenes are in `scenes` and `stream`.
"""

import argparse
import dataclasses
from pathlib import Path

from models.text2image.ahead import PaintedRows
from models.text2image.look import draw, grid_prompts, save_grid
from models.text2image.model import ModelConfig
from models.text2image.planning import NAMES
from models.text2image.run import Purpose, Run, TrainConfig, training_device
from models.text2image.stream import open_encoder

STEPS = {"cpu": 18_000, "cuda": 5_000}
TRAINING = {"cpu": TrainConfig(), "cuda": TrainConfig(batch=256, rate=1e-3)}
"""By kind of device: on two CPU cores hours for 288,000 pictures, on a large GPU five minutes for 1.3 million."""


@dataclasses.dataclass(frozen=True)
class Places:
    """Folders: fetched pictures, the prompt encoder's weights, and where checkpoints and grids go."""

    cache: Path
    encoder: Path
    out: Path


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

    def look(name: str) -> None:
        save_grid(draw(run.average, encoder, prompts), places.out / f"{name}.png")

    with PaintedRows(places.cache, encoder, config, model_config, device) as rows_of:
        run.learn(steps, rows_of, checkpoint, look)
    return checkpoint


def main() -> None:
    """Command line of the training stage alone."""
    kind = training_device().type
    usual = TRAINING[kind]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS[kind], help="of a batch of pictures each, in all")
    parser.add_argument("--batch", type=int, default=usual.batch, help="pictures a step")
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--out", type=Path, default=Path(".cache/fournil-mini"))
    parser.add_argument("--rate", type=float, default=usual.rate, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=usual.seed, help="of weights, scenes and noise")
    parser.add_argument("--save-minutes", type=float, default=usual.save_minutes, help="between checkpoints")
    parser.add_argument("--begin", type=Path, help="a model folder to go on from instead of random weights")
    given = parser.parse_args()
    places = Places(given.cache, given.encoder, given.out)
    chosen = {name: getattr(given, name) for name in ("batch", "rate", "seed", "save_minutes")}
    train(given.steps, places, dataclasses.replace(usual, **chosen), ModelConfig(names=NAMES), given.begin)


if __name__ == "__main__":
    main()
