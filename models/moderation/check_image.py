"""Admits the converted picture classifier: `python -m models.moderation.check_image FOLDER CACHE REPORT.json`.

Holds it against nsfwjs on TF.js, where it comes from, and counts how many harmless pictures (scenes that the
drawing model learns from) each of its scores would refuse at the thresholds of the policy.
"""

import argparse
import io
import json
import os
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.moderation.image import CLASSES, SIDE
from models.reports import write_report
from models.text2image.render import Painter
from models.text2image.scenes import sample_scene
from models.text2image.sprites import load_sprites
from services.moderator.image import ImageModel, decode
from services.moderator.policy import Policy

PACKAGES = ("nsfwjs@4.3.0", "@tensorflow/tfjs@4.22.0")
MOST_DIFFERENCE = 1e-3


def pictures(cache: Path, count: int) -> list[bytes]:
    """Harmless scenes, PNG."""
    painter, rng = Painter(load_sprites(cache / "pictures"), 256), random.Random(3)
    made = []
    for _ in range(count):
        file = io.BytesIO()
        painter.draw(sample_scene(rng), rng).save(file, "PNG")
        made.append(file.getvalue())
    return made


def reference(pixels: NDArray[np.float32], cache: Path) -> NDArray[np.float32]:
    """Probabilities [N,5] by nsfwjs on TF.js, in the order of CLASSES."""
    folder = cache / "tfjs"
    if not (folder / "node_modules").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        install = ["npm", "install", "--silent", "--no-audit", "--no-package-lock", "--ignore-scripts", *PACKAGES]
        subprocess.run(install, cwd=folder, check=True, timeout=600)
    script = Path(__file__).with_name("tfjs_reference.cjs")
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        file.write(pixels.astype("<f4").tobytes())
        file.flush()
        environment = {**os.environ, "NODE_PATH": str((folder / "node_modules").absolute())}
        command = ["node", str(script), file.name, str(SIDE)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=600)
    rows = json.loads(done.stdout.splitlines()[-1])  # TF.js greets before it
    return np.array([[row[name] for name in CLASSES] for row in rows], np.float32)


def check(folder: Path, cache: Path, compared: int = 24, counted: int = 400) -> dict[str, object]:
    """Figures: the largest difference of a probability, and harmless pictures refused by score."""
    harmless = pictures(cache, counted)
    model = ImageModel(folder / "model.onnx")
    pixels = np.stack([decode(png) for png in harmless[:compared]])
    pixels[: compared // 2] = np.random.default_rng(1).uniform(0, 255, pixels[: compared // 2].shape)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    ours = np.asarray(session.run(["probabilities"], {"pixels": pixels})[0])
    thresholds = Policy.load(folder.parent / "prompt-moderator" / "policy.json").image
    scores = [model.scores(png) for png in harmless]
    return {
        "model": folder.name,
        "pictures_compared": compared,
        "largest_difference_to_source": round(float(np.abs(ours - reference(pixels, cache)).max()), 7),
        "harmless_pictures": counted,
        "refused": {name: sum(score[name] >= limit for score in scores) for name, limit in thresholds.items()},
    }


def main() -> None:
    """Write the report; exit code 1 when the conversion is not the same network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("report", type=Path)
    arguments = parser.parse_args()
    figures = check(arguments.folder, arguments.cache)
    print(json.dumps(figures, indent=2))
    if float(str(figures["largest_difference_to_source"])) > MOST_DIFFERENCE:
        raise SystemExit("the converted classifier differs from its source")
    write_report(figures, arguments.report)


if __name__ == "__main__":
    main()
