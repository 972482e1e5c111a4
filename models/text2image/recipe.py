"""The whole recipe: `python -m models.text2image.recipe --minutes 90` fetches, trains, exports, evaluates.

Every stage leaves its result in the cache folder, so a recipe that was killed goes on where it stood.
"""

import argparse
from pathlib import Path

from models.text2image.card import write_figures
from models.text2image.evaluate import evaluate
from models.text2image.export import NAME, export
from models.text2image.model import ModelConfig
from models.text2image.sprites import load_sprites
from models.text2image.train import Places, TrainConfig, train


def main() -> None:
    """Run the four stages in order, saying which one is at work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=90.0, help="training time in all")
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--weights", type=Path, default=Path("models/weights"))
    parser.add_argument("--docs", type=Path, default=Path("docs/model"))
    parser.add_argument("--scorer-steps", type=int, default=2500)
    parser.add_argument("--begin", type=Path, help="a model folder to go on from instead of random weights")
    arguments = parser.parse_args()
    pictures, encoder = arguments.cache / "pictures", arguments.weights / "use-multilingual"
    print("1 of 4: pictures", flush=True)
    print(f"{len(load_sprites(pictures))} sprites", flush=True)
    print("2 of 4: training", flush=True)
    places = Places(pictures, encoder, arguments.cache / NAME)
    checkpoint = train(arguments.minutes, places, TrainConfig(), ModelConfig(), arguments.begin)
    print("3 of 4: export", flush=True)
    print(f"largest differences {export(checkpoint, arguments.weights / NAME)}", flush=True)
    print("4 of 4: evaluation", flush=True)
    evaluate(arguments.weights / NAME, encoder, pictures, arguments.docs, arguments.scorer_steps)
    write_figures(arguments.docs)


if __name__ == "__main__":
    main()
