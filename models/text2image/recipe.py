"""The whole recipe of the drawing model: `python -m models.text2image.recipe`.

1. pictures: fetch and rasterise the openly licensed sprites
2. training: the teacher learns from composed scenes, for `--steps`
3. distillation: a student learns to draw in 4 calls what the teacher draws in 40, for `--student-steps`
4. export: both as ONNX model folders; the student is what ships, the teacher is what a later run goes on from
5. evaluation: of both, with pictures of the student's; distances; what training bought

Every stage leaves its result in the cache folder, so a recipe that was killed goes on where it stood.
"""

import argparse
import dataclasses
from pathlib import Path

from models.reports import write_report
from models.text2image import curve, distance, distill, train
from models.text2image.card import write_figures
from models.text2image.evaluate import evaluate
from models.text2image.export import NAME, export
from models.text2image.model import ModelConfig
from models.text2image.planning import NAMES
from models.text2image.run import training_device
from models.text2image.sprites import load_sprites


def main() -> None:
    """Run the stages in order, saying which one is at work."""
    kind = training_device().type
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=train.STEPS[kind], help="of the teacher, a batch each")
    parser.add_argument("--student-steps", type=int, default=distill.STEPS[kind], help="of the student")
    parser.add_argument("--begin", type=Path, help="a teacher's model folder to go on from")
    parser.add_argument("--rate", type=float, default=train.TRAINING[kind].rate, help="the teacher's highest")
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--weights", type=Path, default=Path("models/weights"))
    parser.add_argument("--teachers", type=Path, default=Path("models/teachers"))
    parser.add_argument("--judges", type=Path, default=Path("models/judges"))
    parser.add_argument("--docs", type=Path, default=Path("docs/model"))
    parser.add_argument("--scorer-steps", type=int, default=3000)
    arguments = parser.parse_args()
    pictures, encoder = arguments.cache / "pictures", arguments.weights / "use-multilingual"
    student, teacher = arguments.weights / NAME, arguments.teachers / NAME
    print("1 of 5: pictures", flush=True)
    print(f"{len(load_sprites(pictures))} sprites", flush=True)
    print("2 of 5: training", flush=True)
    places = train.Places(pictures, encoder, arguments.cache / NAME)
    config = dataclasses.replace(train.TRAINING[kind], rate=arguments.rate)
    taught = train.train(arguments.steps, places, config, ModelConfig(names=NAMES), arguments.begin)
    print("3 of 5: distillation", flush=True)
    pupil = arguments.cache / f"{NAME}-student"
    distilled = distill.distill(taught, arguments.student_steps, encoder, pupil, distill.DISTILLING[kind])
    print("4 of 5: export", flush=True)
    for checkpoint, folder in ((taught, teacher), (distilled, student)):
        print(f"{folder}: largest differences {export(checkpoint, folder)}", flush=True)
    print("5 of 5: evaluation", flush=True)
    for folder, report, sheets in ((teacher, "teacher.json", None), (student, "evaluation.json", arguments.docs)):
        figures = evaluate(folder, encoder, pictures, arguments.scorer_steps, sheets)
        write_report(figures, arguments.docs / report)
    judge = arguments.judges / "alignment"
    write_report(distance.measure(student, teacher, judge, encoder, pictures), arguments.docs / "distance.json")
    bought = curve.measure(arguments.cache / NAME, judge, encoder, pictures, arguments.scorer_steps)
    write_report(bought, arguments.docs / "curve.json")
    write_figures(arguments.docs)


if __name__ == "__main__":
    main()
