"""Two answers compared at small scale: `python -m models.text2image.compare`.

The same small network learns the same scenes for the same steps, once answering with the clean picture x0, once
with the velocity v = noise - x0 (from which x0 = x_t - t·v). The loss is the same function of x0, so only what the
last layer has to say differs. Beside it, what a linear latent would save: how well the first principal components
of the pixel blocks tell the picture, and the share of multiplications in the layers that would shrink.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from models.reports import write_report
from models.text2image.ahead import PaintedRows
from models.text2image.export import example_inputs
from models.text2image.look import draw
from models.text2image.model import ModelConfig, PictureModel
from models.text2image.planning import NAMES
from models.text2image.render import Painter
from models.text2image.run import Purpose, Run, TrainConfig, training_device
from models.text2image.sprites import load_sprites
from models.text2image.stream import SceneStream, open_encoder
from models.text2image.yardstick import Yardstick
from services.runtime.sentence_encoder import SentenceEncoder

SMALL = ModelConfig(image_size=48, widths=(32, 64, 96), names=NAMES)
STEPS = 3_000
DRAWN_STEPS, GUIDANCE = 8, 3.0
KEPT = (3, 6, 9, 12, 18)
"""Principal components of a block."""


class AnswersVelocity(PictureModel):
    """`PictureModel` whose layers answer with the velocity; what is returned is still x0."""

    def drawn_and_said(
        self, x: Tensor, t: Tensor, tokens: Tensor, mask: Tensor, pooled: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        velocity, said = super().drawn_and_said(x, t, tokens, mask, pooled)
        return x - t[:, None, None, None] * velocity, said


def trained(kind: type[PictureModel], steps: int, cache: Path, encoder: SentenceEncoder, out: Path) -> Run:
    """A run of `steps` of the small model of this kind."""
    device, config = training_device(), TrainConfig(keep_at=(), grid_minutes=1e9, save_minutes=1e9)
    out.mkdir(parents=True, exist_ok=True)
    run = Run(config, SMALL, device, Purpose())
    for model in (run.model, run.average):
        model.__class__ = kind
    with PaintedRows(cache, encoder, config, SMALL, device) as rows_of:
        run.learn(steps, rows_of, out / f"{kind.__name__}.pt", lambda _: None)
    return run


def latents(cache: Path, config: ModelConfig) -> dict[str, object]:
    """How well the first components of their blocks tell 512 training pictures, in dB of peak signal to error."""
    drawn = SceneStream(load_sprites(cache), config.image_size, config.cells, seed=7).draw(0, 512)
    pictures = torch.from_numpy(drawn.pictures).permute(0, 3, 1, 2).float() / 255.0
    blocks = torch.nn.functional.pixel_unshuffle(pictures, config.patch).permute(0, 2, 3, 1).flatten(0, 2).numpy()
    centred = blocks - blocks.mean(axis=0)
    spread = np.linalg.eigvalsh(centred.T @ centred / len(centred))[::-1]
    lost = {str(kept): round(float(-10 * np.log10(spread[kept:].sum() / len(spread))), 1) for kept in KEPT}
    return {"block": f"{config.patch} x {config.patch} x 3 = {len(spread)}", "peak_signal_to_error_db": lost}


def outer_share(config: ModelConfig) -> float:
    """Share of a call's multiplications in the first and last convolution."""
    model, inputs = PictureModel(config), example_inputs(config, 1, 16)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(inputs[0], inputs[1] / 1000.0, *inputs[2:])
    places = (config.image_size // config.patch) ** 2
    outer = 2 * places * 9 * 2 * 3 * config.patch**2 * config.widths[0]
    return round(outer / counter.get_total_flops(), 4)


def main() -> None:
    """Trains, draws, judges, and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--judge", type=Path, default=Path("models/judges/alignment"))
    parser.add_argument("--out", type=Path, default=Path(".cache/compare"))
    parser.add_argument("--report", type=Path, default=Path("docs/model/designs.json"))
    arguments = parser.parse_args()
    encoder = open_encoder(arguments.encoder)
    yardstick = Yardstick(arguments.judge, encoder, Painter(load_sprites(arguments.cache), SMALL.image_size))
    answers = {}
    for name, kind in (("x0", PictureModel), ("velocity", AnswersVelocity)):
        run = trained(kind, arguments.steps, arguments.cache, encoder, arguments.out)
        parts = [yardstick.texts[at : at + 50] for at in range(0, len(yardstick.texts), 50)]
        drawn = np.concatenate([draw(run.average, encoder, part, DRAWN_STEPS, GUIDANCE) for part in parts])
        answers[name] = {"pictures": run.pictures, "last_loss": round(run.loss, 4), **yardstick.measure(drawn)}
    figures = {
        "small_model": {"pixels": SMALL.image_size, "widths": list(SMALL.widths)},
        "answers": answers,
        "floor": yardstick.floor(),
        "linear_latent": latents(arguments.cache, ModelConfig()),
        "share_of_outer_convolutions": outer_share(ModelConfig()),
    }
    write_report(figures, arguments.report)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
