"""Admits the judge: `python -m models.alignment.check FOLDER REPORT.json`.

Everything it is asked about was kept from its training: combinations, pairs, and one whole emoji family. The
figures say what it can tell apart on true renderings, and so what its word is worth on drawings.
"""

import argparse
import dataclasses
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.alignment.score import SIZE, AlignmentScorer
from models.reports import write_report
from models.text2image.asked import Asked, pairs, singles
from models.text2image.captions import LANGUAGES
from models.text2image.concepts import CONCEPTS
from models.text2image.render import Painter
from models.text2image.scenes import Scene
from models.text2image.sprites import load_sprites
from models.text2image.stream import open_encoder
from models.text2image.words import english_object, french_object


def names(language: str) -> list[str]:
    """Every concept as a prompt of its own, in table order."""
    if language == "en":
        return [english_object(concept.en[0]) for concept in CONCEPTS]
    return [french_object(concept.fr[0]) for concept in CONCEPTS]


def among(scorer: AlignmentScorer, asked: Sequence[Asked], pictures: np.ndarray, top: int) -> dict[str, float]:
    """Shares by language of single things whose name is among the `top` concepts that fit the picture best."""
    vectors, keys = scorer.pictures(pictures)[0], [concept.key for concept in CONCEPTS]
    wanted = np.array([keys.index(one.scene.things[0].key) for one in asked])
    shares = {}
    for language in LANGUAGES:
        rows = np.flatnonzero([one.language == language for one in asked])
        fits = vectors[rows] @ scorer.prompts(names(language)).T  # [N, concepts]
        rank = (fits > fits[np.arange(len(rows)), wanted[rows]][:, None]).sum(axis=1)
        shares[language] = round(float((rank < top).mean()), 4)
    return shares


def preferred(scorer: AlignmentScorer, texts: Sequence[str], others: Sequence[str], pictures: np.ndarray) -> float:
    """Share of pictures that fit their own prompt better than another; one half is chance."""
    vectors = scorer.pictures(pictures)[0]
    own = (vectors * scorer.prompts(texts)).sum(axis=1)
    return round(float((own > (vectors * scorer.prompts(others)).sum(axis=1)).mean()), 4)


def check(folder: Path, encoder_folder: Path, cache: Path) -> dict[str, object]:
    """The figures; chance of naming a thing among five is 5 / concepts."""
    scorer = AlignmentScorer(folder, open_encoder(encoder_folder))
    painter, one, two = Painter(load_sprites(cache), SIZE), singles(200), pairs(200)

    def painted(scenes: Sequence[Scene]) -> np.ndarray:
        rng = random.Random(31)
        return np.stack([np.asarray(painter.draw(scene, rng)) for scene in scenes])

    known = painted([each.scene for each in one])
    unseen = painted([dataclasses.replace(each.scene, style="unseen") for each in one])
    doubles, texts = painted([each.scene for each in two]), [each.text for each in two]
    mirrored = painted([dataclasses.replace(each.scene, things=each.scene.things[::-1]) for each in two])
    vectors, other_way, asked = scorer.pictures(doubles)[0], scorer.pictures(mirrored)[0], scorer.prompts(texts)
    turned = [each.text for each in one[2:]] + [each.text for each in one[:2]]
    return {
        "model": folder.name,
        "concepts": len(CONCEPTS),
        "chance_among_five": round(5 / len(CONCEPTS), 4),
        "held_out_combinations": {
            "first": among(scorer, one, known, 1),
            "among_five": among(scorer, one, known, 5),
        },
        "unseen_style": {"first": among(scorer, one, unseen, 1), "among_five": among(scorer, one, unseen, 5)},
        "own_prompt_over_another": preferred(scorer, [each.text for each in one], turned, known),
        "held_out_pair_over_another_pair": preferred(scorer, texts, texts[2:] + texts[:2], doubles),
        "placed_as_asked_over_mirrored": round(
            float(((vectors * asked).sum(axis=1) > (other_way * asked).sum(axis=1)).mean()), 4
        ),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    arguments = parser.parse_args()
    figures = check(arguments.folder, arguments.encoder, arguments.cache)
    write_report(figures, arguments.report)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
