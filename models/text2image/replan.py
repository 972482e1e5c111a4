"""Teach a model's plan again, from captions alone: `python -m models.text2image.replan CHECKPOINT.pt OUT.pt`.

For when it changes what a caption means (see `layout`) or a plan is not sure enough. Only the cells' questions to
the prompt learn; what is read of the prompt, how a plan enters the picture and the picture's side stay. No picture
is drawn, so a step costs a twentieth of a training step's. A student learns with the words (`say`) of its teacher.
"""

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.text2image.layout import places
from models.text2image.model import PictureModel, config_of
from models.text2image.noising import said_wrong
from models.text2image.planning import NAMES, plan_of
from models.text2image.run import FOR_TRAINING, device_name
from models.text2image.stream import POOL_CAPTIONS, Captions, Drawn, numbered, open_encoder, order

STEPS, BATCH, RATE = 1_200, 64, 3e-4
SEED = 9


def load(checkpoint: Path, words_of: Path | None) -> tuple[PictureModel, dict[str, Any]]:
    """The averaged weights as a model that can say its plan, and the checkpoint; it may borrow `say`."""
    state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    weights = dict(state["average"])
    if words_of is not None:
        other = torch.load(words_of, map_location="cpu", weights_only=True)["average"]
        weights |= {name: tensor for name, tensor in other.items() if name.startswith(FOR_TRAINING)}
    model = PictureModel(dataclasses.replace(config_of(state["model_config"]), names=NAMES))
    model.load_state_dict(weights)
    return model, state


def batch(captions: Captions, number: int, cells: int) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens [B, T, 1280], mask [B, T] and plans int64[B, 2, cells²] of step `number`, with fresh layouts."""
    rng = numbered(SEED, number)
    rows = [rng.randrange(POOL_CAPTIONS) for _ in range(BATCH)]
    plans = np.stack([plan_of(places(order(SEED, 0, row)[0], rng), cells) for row in rows])
    words = captions.of(Drawn(np.zeros(0, np.uint8), plans, 0, rows))
    return torch.from_numpy(words.tokens).float(), torch.from_numpy(words.mask), torch.from_numpy(plans)


def replan(checkpoint: Path, words_of: Path | None, encoder_folder: Path, out: Path, steps: int) -> None:
    """Write `checkpoint`, its plan taught again for `steps`, to `out`, and the run to its record."""
    torch.set_num_threads(1)
    model, state = load(checkpoint, words_of)
    model.requires_grad_(False)
    learning = [model.plan.cells, *model.plan.key_value.parameters(), *model.plan.think.parameters()]
    for parameter in learning:
        parameter.requires_grad_(True)
    optimiser = torch.optim.AdamW(learning, RATE, weight_decay=0.0)
    captions, began = Captions(open_encoder(encoder_folder), SEED), time.monotonic()
    with tqdm(total=steps, desc="planning", unit="step") as bar:
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, 2.0 * (1.0 - step / steps))
            tokens, mask, plans = batch(captions, step, model.config.cells)
            plan, _ = model.plan(*model.read(tokens, mask))
            loss = said_wrong(model.spoken(plan), plans)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            bar.set_postfix(loss=f"{loss.item():.4f}", refresh=False)
            bar.update()
    run = {
        "kind": "planning",
        "captions": steps * BATCH,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "device": device_name(torch.device("cpu")),
    }
    learned = {
        "average": {name: tensor.half() for name, tensor in model.state_dict().items()},
        "model_config": dataclasses.asdict(model.config),
        "training_runs": [*state["training_runs"], run],
    }
    torch.save({**state, **learned}, out)


def main() -> None:
    """Command line of this step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--words-of", type=Path, help="teacher's checkpoint, for a student that cannot say")
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of {BATCH} captions each")
    arguments = parser.parse_args()
    replan(arguments.checkpoint, arguments.words_of, arguments.encoder, arguments.out, arguments.steps)


if __name__ == "__main__":
    main()
