"""How far drawings are from true renderings, by steps: `python -m models.text2image.distance`.

A Fréchet distance like FID's, with the features of the alignment judge's image tower in place of Inception's: only
figures of this table compare with each other. Prompts are training-like captions of new scenes; drawings are held
against one set of renderings of the same scenes, and the floor is another set of those. Beside it: how well each
set fits its prompts (the judge's mean cosine).
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.alignment.score import AlignmentScorer, frechet
from models.reports import write_report
from models.text2image.render import Painter
from models.text2image.sampler import Sampler, Settings
from models.text2image.scenes import Scene
from models.text2image.sprites import load_sprites
from models.text2image.stream import open_encoder, order

COUNT = 500
SEED = 404
"""Of the scenes; no training run uses it."""
STUDENT_STEPS, TEACHER_STEPS = (1, 2, 4, 8, 20), (8, 20)


def measure(student: Path, teacher: Path, judge: Path, encoder_folder: Path, cache: Path) -> dict[str, object]:
    """The table: a row each for renderings, and for both models at several numbers of steps."""
    encoder = open_encoder(encoder_folder)
    scorer = AlignmentScorer(judge, encoder)
    orders = [order(SEED, number) for number in range(COUNT)]
    scenes, texts = [scene for scene, _ in orders], [text for _, text in orders]
    asked = scorer.prompts(texts)
    painter = Painter(load_sprites(cache), Sampler(student, encoder).size)
    true = scorer.pictures(_painted(painter, scenes, seed=1))[1]

    def row(name: str, calls: int, pictures: np.ndarray) -> dict[str, object]:
        vectors, features = scorer.pictures(pictures)
        return {
            "pictures": name,
            "model_calls": calls,
            "distance": round(frechet(features, true), 2),
            "fit": round(float((vectors * asked).sum(axis=1).mean()), 4),
        }

    rows = [
        row("other renderings of the same scenes", 0, _painted(painter, scenes, seed=2)),
        row("renderings of other scenes", 0, _painted(painter, scenes[1:] + scenes[:1], seed=2)),
    ]
    for folder, several in ((student, STUDENT_STEPS), (teacher, TEACHER_STEPS)):
        sampler = Sampler(folder, encoder)
        guidance = sampler.defaults.guidance
        for steps in several:
            drawn = _drawn(sampler, texts, Settings(steps, guidance), f"{folder.parent.name}, {steps} steps")
            calls = steps * (1 if guidance == 1.0 else 2)
            rows.append(row(f"{folder.parent.name}/{folder.name}, {steps} steps", calls, drawn))
    return {"pictures": COUNT, "features": "EfficientNet-lite0, 1280", "rows": rows}


def _painted(painter: Painter, scenes: Sequence[Scene], seed: int) -> np.ndarray:
    rng = random.Random(seed)
    return np.stack([np.asarray(painter.draw(scene, rng)) for scene in scenes])


def _drawn(sampler: Sampler, texts: list[str], settings: Settings, title: str) -> np.ndarray:
    parts = range(0, len(texts), 8)
    return np.concatenate(
        [
            sampler.draw(texts[at : at + 8], list(range(at, min(at + 8, len(texts)))), settings)
            for at in tqdm(parts, desc=title, unit="batch")
        ]
    )


def main() -> None:
    """Command line of this step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--student", type=Path, default=Path("models/weights/fournil-mini"))
    parser.add_argument("--teacher", type=Path, default=Path("models/teachers/fournil-mini"))
    parser.add_argument("--judge", type=Path, default=Path("models/judges/alignment"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--report", type=Path, default=Path("docs/model/distance.json"))
    arguments = parser.parse_args()
    places = (arguments.student, arguments.teacher, arguments.judge, arguments.encoder, arguments.cache)
    figures = measure(*places)
    write_report(figures, arguments.report)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
