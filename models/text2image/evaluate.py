"""Judge the exported model: `python -m models.text2image.evaluate`.

Draws, with onnxruntime alone, what `asked` asks for, at the model's own steps and at MANY_STEPS, and lets the
scorer name what is there. Beside it: the nearest training picture for the same prompts, and how near drawings
come to training pictures. `--sheets FOLDER` writes grid.png (each combination once, the languages in turn),
pairs.png, story.png and beyond.png (prompts outside what it was taught).
"""

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from models.reports import write_report
from models.text2image.asked import UNPLACED, Asked, pairs, singles
from models.text2image.baselines import Library, distances, gather, retrieve
from models.text2image.judge import Shares, judge_pairs, judge_singles
from models.text2image.render import Painter
from models.text2image.sampler import Sampler, Settings
from models.text2image.scorer import CONCEPT_KEYS, Scorer, load_or_train
from models.text2image.sheets import save_sheet
from models.text2image.sprites import load_sprites
from models.text2image.stream import open_encoder

COMBINATIONS, PAIRS = 200, 100
MANY_STEPS = 20
STORY = (
    "un crabe à côté d'une barque sur la plage au coucher du soleil",
    "a crab next to a boat on a beach",
    "un crabe à côté d'une barque",
    "a crab and a croissant on a beach",
    "un gâteau à côté d'un crabe sur fond bleu",
    "a boat at sea at night",
    "un croissant et une tasse de café",
    "a house in the snow under the stars",
    "un gâteau d'anniversaire sur fond rose, style plat",
    "three red apples on a white background",
)
BEYOND = (  # what it was never taught
    "",
    "a violin",
    "une girafe",
    "a portrait of a woman",
    "le mot BONJOUR en lettres rouges",
    "cinq chats",
    "a dog chasing a cat",
    "a blue crab and a green boat",
    "un crabe, une barque, un croissant et un gâteau",
    "asdf qwer",
)

Figures = dict[str, object]
Drawings = tuple[dict[str, Shares], dict[str, Shares], np.ndarray, np.ndarray]


def draw_all(
    sampler: Sampler, texts: Sequence[str], seeds: Sequence[int], settings: Settings, rows: int = 8
) -> np.ndarray:
    """uint8[N, S, S, 3], drawn `rows` at a time with a progress line."""
    parts = [slice(start, start + rows) for start in range(0, len(texts), rows)]
    return np.concatenate(
        [
            sampler.draw(list(texts[part]), list(seeds[part]), settings)
            for part in tqdm(parts, desc=f"drawing in {settings.steps} steps", unit="batch")
        ]
    )


def seconds_a_picture(sampler: Sampler, settings: Settings) -> float:
    """Wall seconds for one picture drawn alone (the best of five)."""
    spent = []
    for seed in range(5):
        began = time.perf_counter()
        sampler.draw(["a crab next to a boat on a beach"], [seed], settings)
        spent.append(time.perf_counter() - began)
    return min(spent)


def nearness(drawn: np.ndarray, asked: Sequence[Asked], painter: Painter, library: Library) -> dict[str, float]:
    """Median distance to the nearest training picture, of drawings and of new renderings of the same scenes."""
    rng = random.Random(9)
    rendered = distances(library, [painter.draw(one.scene, rng) for one in asked])
    ours = distances(library, [Image.fromarray(pixels) for pixels in drawn])
    return {
        "median_of_drawings": round(float(np.median(ours)), 2),
        "median_of_new_renderings": round(float(np.median(rendered)), 2),
        "smallest_of_drawings": round(float(ours.min()), 2),
    }


def evaluate(folder: Path, encoder_folder: Path, cache: Path, scorer_steps: int, sheets: Path | None) -> Figures:
    """Draw and judge; the figures, and sheets of the pictures if a folder for them is given."""
    sprites, encoder = load_sprites(cache), open_encoder(encoder_folder)
    sampler = Sampler(folder, encoder, threads=0)
    painter, defaults = Painter(sprites, sampler.size), sampler.defaults
    scorer, accuracy = load_or_train(sprites, cache / "scorer-2.pt", scorer_steps)
    one_thing, two_things = singles(COMBINATIONS), pairs(PAIRS)
    beside = pairs(PAIRS, said=UNPLACED)
    own = _judged(scorer, sampler, one_thing, two_things, defaults)
    longer = Settings(MANY_STEPS, defaults.guidance)
    many = own if longer == defaults else _judged(scorer, sampler, one_thing, two_things, longer)
    library = gather(painter, encoder)
    fetched = [
        retrieve(library, painter, encoder, [one.text for one in asked]) for asked in (one_thing, two_things)
    ]
    rng = random.Random(4)
    true_pairs = np.stack([np.asarray(painter.draw(one.scene, rng)) for one in two_things])
    if sheets is not None:
        _save_sheets(sheets, sampler, one_thing, two_things, own)
    return {
        "model": folder.name,
        "steps": defaults.steps,
        "guidance": defaults.guidance,
        "training_runs": json.loads((folder / "unet" / "config.json").read_text("utf-8"))["training_runs"],
        "concepts": len(CONCEPT_KEYS),
        "chance_of_naming_the_object": round(1 / len(CONCEPT_KEYS), 4),
        "times_better_than_chance": round(own[0]["all"]["object"] * len(CONCEPT_KEYS), 1),
        "shares_named_right": own[0],
        "pairs": own[1],
        "pairs_beside": judge_pairs(scorer, beside, _drawn(sampler, beside, defaults))["all"],
        f"at_{MANY_STEPS}_steps": {"shares_named_right": many[0]["all"], "pairs": many[1]["all"]},
        "nearest_training_picture_instead": {
            "shares_named_right": judge_singles(scorer, one_thing, fetched[0])["all"],
            "pairs": judge_pairs(scorer, two_things, fetched[1])["all"],
        },
        "distance_to_nearest_training_picture": nearness(own[2], one_thing, painter, library),
        "scorer_accuracy_on_renderings": {**accuracy, "pairs": judge_pairs(scorer, two_things, true_pairs)["all"]},
        "seconds_a_picture_alone": round(seconds_a_picture(sampler, defaults), 3),
        "processor": f"{os.cpu_count()} cores",
    }


def _save_sheets(out: Path, sampler: Sampler, one: Sequence[Asked], two: Sequence[Asked], drawn: Drawings) -> None:
    labels = [f"{each.scene.things[0].key} {each.scene.ground.colour} {each.scene.style}" for each in one]
    save_sheet(drawn[2][::2], labels[::2], out / "grid.png", 20, 1)
    save_sheet(drawn[3][:40], [each.text for each in two[:40]], out / "pairs.png", 10, 2)
    for name, prompts in (("story", STORY), ("beyond", BEYOND)):
        save_sheet(sampler.draw(list(prompts), list(range(len(prompts)))), prompts, out / f"{name}.png", 5, 3)


def _judged(
    scorer: Scorer, sampler: Sampler, one: Sequence[Asked], two: Sequence[Asked], settings: Settings
) -> Drawings:
    single, double = _drawn(sampler, one, settings), _drawn(sampler, two, settings)
    return judge_singles(scorer, one, single), judge_pairs(scorer, two, double), single, double


def _drawn(sampler: Sampler, asked: Sequence[Asked], settings: Settings) -> np.ndarray:
    return draw_all(sampler, [one.text for one in asked], [one.seed for one in asked], settings)


def main() -> None:
    """Command line of the evaluation step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("models/weights/fournil-mini"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--report", type=Path, default=Path("docs/model/evaluation.json"))
    parser.add_argument("--sheets", type=Path, help="folder for pictures")
    parser.add_argument("--scorer-steps", type=int, default=3000)
    arguments = parser.parse_args()
    places = (arguments.folder, arguments.encoder, arguments.cache)
    figures = evaluate(*places, arguments.scorer_steps, arguments.sheets)
    write_report(figures, arguments.report)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
