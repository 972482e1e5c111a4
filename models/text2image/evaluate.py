"""Judge the exported model: `python -m models.text2image.evaluate`.

Takes 200 combinations of concept, ground colour and style that were never drawn or captioned in
training, asks for each in English and in French, draws with onnxruntime alone and lets the scorer name
object and ground. Writes the figures to docs/model/evaluation.json and pictures to docs/model/grid.png
(each combination once, the languages in turn) and docs/model/crab.png.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import font_roboto
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from models.text2image.captions import LANGUAGES, plain_prompt
from models.text2image.sampler import Sampler, Settings
from models.text2image.scenes import held_out_combinations
from models.text2image.scorer import COLOUR_KEYS, CONCEPT_KEYS, Scorer, load_or_train
from models.text2image.sprites import load_sprites
from models.text2image.stream import open_encoder

COMBINATIONS = 200
_FONT = str(Path(font_roboto.font_directory) / "Roboto-Regular.ttf")  # Pillow's own font lacks accents
CRAB_PROMPTS = (
    "a crab next to a boat on a beach",
    "un crabe à côté d'une barque",
    "a crab next to a boat at sea",
    "un crabe à côté d'une barque sur la plage au coucher du soleil",
    "a crab and a croissant on a beach",
    "un gâteau à côté d'un crabe sur fond bleu",
    "a drawing of a crab beside a boat on a beach",
    "un crabe à gauche d'un voilier, style plat",
)


@dataclass(frozen=True)
class Asked:
    """One evaluation prompt and what its picture should show."""

    text: str
    concept: str
    colour: str
    style: str
    language: str
    seed: int


def choose_prompts(count: int = COMBINATIONS, seed: int = 2025) -> list[Asked]:
    """`count` held-out combinations, each in both languages with one seed; the first language alternates."""
    rng = random.Random(seed)
    return [
        Asked(plain_prompt(*combination, language, rng), *combination, language, seed=number)
        for number, combination in enumerate(rng.sample(held_out_combinations(), count))
        for language in (LANGUAGES[::-1] if number % 2 else LANGUAGES)
    ]


def draw_all(sampler: Sampler, asked: Sequence[Asked], settings: Settings, rows: int = 8) -> np.ndarray:
    """uint8[N, S, S, 3], drawn `rows` at a time with a progress line."""
    pictures = []
    for start in range(0, len(asked), rows):
        part = asked[start : start + rows]
        pictures.append(sampler.draw([one.text for one in part], [one.seed for one in part], settings))
        print(f"drawn {min(start + rows, len(asked))} of {len(asked)}", end="\r", flush=True)
    print()
    return np.concatenate(pictures)


def _as_input(pictures: np.ndarray) -> np.ndarray:
    return (pictures.astype(np.float32) / 127.5 - 1.0).transpose(0, 3, 1, 2)


def judge(scorer: Scorer, asked: Sequence[Asked], pictures: np.ndarray) -> dict[str, dict[str, float]]:
    """Shares named right, over all prompts, by language and by style."""
    concepts, colours = scorer.name(_as_input(pictures))
    concept_right = np.array([CONCEPT_KEYS[c] == one.concept for c, one in zip(concepts, asked, strict=True)])
    colour_right = np.array([COLOUR_KEYS[c] == one.colour for c, one in zip(colours, asked, strict=True)])
    groups: dict[str, np.ndarray] = {"all": np.ones(len(asked), bool)}
    for language in ("en", "fr"):
        groups[language] = np.array([one.language == language for one in asked])
    for style in ("3d", "flat", "drawn"):
        groups[style] = np.array([one.style == style for one in asked])
    return {
        name: {
            "prompts": int(members.sum()),
            "object": round(float(concept_right[members].mean()), 4),
            "ground_colour": round(float(colour_right[members].mean()), 4),
        }
        for name, members in groups.items()
    }


def save_sheet(pictures: np.ndarray, labels: Sequence[str], path: Path, columns: int, zoom: int) -> None:
    """Pictures in rows with their prompts beneath, as one PNG."""
    side, line = pictures.shape[1] * zoom, 12 if zoom < 2 else 26
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + 4), rows * (side + line + 4)), (255, 255, 255))
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(_FONT, 9 if zoom < 2 else 11)
    for index, (pixels, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = index % columns * (side + 4) + 2, index // columns * (side + line + 4) + 2
        sheet.paste(Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS), (x, y))
        pen.multiline_text((x, y + side + 1), _wrap(label, side, font, 1 if zoom < 2 else 2), (30, 30, 30), font)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)


def _wrap(text: str, width: int, font: ImageFont.FreeTypeFont, lines: int) -> str:
    done, current = [], ""
    for word in text.split():
        longer = f"{current} {word}".strip()
        if current and font.getlength(longer) > width:
            done.append(current)
            current = word
        else:
            current = longer
    return "\n".join([*done, current][:lines])


def seconds_a_picture(sampler: Sampler, settings: Settings) -> float:
    """Wall seconds for one picture drawn alone (the better of two)."""
    spent = []
    for seed in range(2):
        began = time.perf_counter()
        sampler.draw(["a crab next to a boat on a beach"], [seed], settings)
        spent.append(time.perf_counter() - began)
    return min(spent)


def evaluate(folder: Path, encoder_folder: Path, cache: Path, out: Path, scorer_steps: int) -> dict[str, object]:
    """Draw, judge and write figures and pictures under `out`; returns the figures."""
    sprites = load_sprites(cache)
    sampler = Sampler(folder, open_encoder(encoder_folder), threads=0)
    scorer, accuracy = load_or_train(sprites, sampler.size, cache / "scorer.pt", scorer_steps)
    print(f"scorer on real renderings: {accuracy}")
    asked = choose_prompts()
    pictures = draw_all(sampler, asked, sampler.defaults)
    shares = judge(scorer, asked, pictures)
    figures: dict[str, object] = {
        "model": folder.name,
        "steps": sampler.defaults.steps,
        "guidance": sampler.defaults.guidance,
        "training_runs": json.loads((folder / "unet" / "config.json").read_text("utf-8"))["training_runs"],
        "concepts": len(CONCEPT_KEYS),
        "chance_of_naming_the_object": round(1 / len(CONCEPT_KEYS), 4),
        "times_better_than_chance": round(shares["all"]["object"] * len(CONCEPT_KEYS), 1),
        "shares_named_right": shares,
        "scorer_accuracy_on_renderings": accuracy,
        "seconds_a_picture_alone": round(seconds_a_picture(sampler, sampler.defaults), 3),
        "processor": f"{os.cpu_count()} cores",
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluation.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    labels = [f"{one.concept} {one.colour} {one.style}" for one in asked]
    save_sheet(pictures[::2], labels[::2], out / "grid.png", 20, 1)
    crabs = sampler.draw(list(CRAB_PROMPTS), list(range(len(CRAB_PROMPTS))))
    save_sheet(crabs, CRAB_PROMPTS, out / "crab.png", 4, 3)
    return figures


def main() -> None:
    """Command line of the evaluation step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("models/weights/fournil-mini"))
    parser.add_argument("--encoder", type=Path, default=Path("models/weights/use-multilingual"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/pictures"))
    parser.add_argument("--out", type=Path, default=Path("docs/model"))
    parser.add_argument("--scorer-steps", type=int, default=2500)
    arguments = parser.parse_args()
    figures = evaluate(arguments.folder, arguments.encoder, arguments.cache, arguments.out, arguments.scorer_steps)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
