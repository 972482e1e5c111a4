"""What training buys: `python -m models.text2image.curve .cache/fournil-mini`.

A training run keeps its averaged weights on the way (`at-STEP.pt`, `final.pt`). Each draws, in STEPS guided steps,
and is judged: shares named right on held-out combinations and pairs, and the distance of `yardstick`. All but the
last were taken while the learning rate was still high, so they stand a little below what a run of their length
would have reached.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from models.reports import write_report
from models.text2image.asked import pairs, singles
from models.text2image.export import load_average
from models.text2image.judge import judge_pairs, judge_singles
from models.text2image.look import draw
from models.text2image.model import PictureModel
from models.text2image.render import Painter
from models.text2image.run import training_device
from models.text2image.scorer import load_or_train
from models.text2image.sprites import load_sprites
from models.text2image.stream import open_encoder
from models.text2image.yardstick import COUNT, FEATURES, Yardstick
from services.runtime.sentence_encoder import SentenceEncoder

STEPS, GUIDANCE = 8, 3.0
SINGLES, PAIRS = 50, 50
"""Each in both languages."""
ROWS = {"cpu": 8, "cuda": 256}
"""Pictures drawn at a time."""


def measure(run: Path, judge: Path, encoder_folder: Path, cache: Path, scorer_steps: int) -> dict[str, object]:
    """A row for each set of weights in the folder `run`, the earliest first."""
    encoder, sprites, device = open_encoder(encoder_folder), load_sprites(cache), training_device()
    scorer, _ = load_or_train(sprites, cache / "scorer-2.pt", scorer_steps)
    one, two = singles(SINGLES), pairs(PAIRS)
    rows, yardstick = [], None
    kept = [*sorted(run.glob("at-*.pt")), run / "final.pt"]
    for path in tqdm(kept, desc=f"judging on {device}", unit="weights"):
        model, facts = load_average(path)
        model = model.to(device)
        yardstick = yardstick or Yardstick(judge, encoder, Painter(sprites, model.config.image_size))
        alone = judge_singles(scorer, one, _drawn(model, encoder, [each.text for each in one]))["all"]
        paired = judge_pairs(scorer, two, _drawn(model, encoder, [each.text for each in two]))["all"]
        rows.append(
            {
                **cost(facts.training_runs),
                "object": alone["object"],
                "ground_colour": alone["ground_colour"],
                "both": paired["both"],
                "placed": paired["placed"],
                **yardstick.measure(_drawn(model, encoder, yardstick.texts)),
            }
        )
    return {
        "device": facts.training_runs[-1]["device"],
        "drawn": f"{STEPS} steps, guidance {GUIDANCE}",
        "prompts": {"object and ground_colour": len(one), "both and placed": len(two), "distance and fit": COUNT},
        "features": FEATURES,
        "rows": rows,
    }


def cost(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Sums of `pictures`, `minutes` and, where it was measured, `gpu_kilojoules` over runs."""
    names = [name for name in ("pictures", "minutes", "gpu_kilojoules") if any(name in run for run in runs)]
    return {name: round(sum(run.get(name, 0) for run in runs), 1) for name in names}


def _drawn(model: PictureModel, encoder: SentenceEncoder, texts: list[str]) -> np.ndarray:
    size = ROWS[next(model.parameters()).device.type]
    parts = (texts[at : at + size] for at in range(0, len(texts), size))
    return np.concatenate([draw(model, encoder, part, STEPS, GUIDANCE) for part in parts])


def main() -> None:
    """Command line of this step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?", default=Path(".cache/fournil-mini"))
    parser.add_argument("--judge", type=Path, default=Path("models/judges/alignment"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--scorer-steps", type=int, default=3000)
    parser.add_argument("--report", type=Path, default=Path("docs/model/curve.json"))
    arguments = parser.parse_args()
    places = (arguments.run, arguments.judge, arguments.encoder, arguments.cache)
    figures = measure(*places, arguments.scorer_steps)
    write_report(figures, arguments.report)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
