"""How far drawings are from true renderings, by steps: `python -m models.text2image.distance`.

What is measured is in `yardstick`. Rows by `kind`: other renderings of the same scenes ("floor"), the same with
each held against another one's prompt ("shuffled"), the student and the teacher.
"""

import argparse
import json
from pathlib import Path

from models.reports import write_report
from models.text2image.evaluate import draw_all
from models.text2image.render import Painter
from models.text2image.sampler import Sampler, Settings
from models.text2image.sprites import load_sprites
from models.text2image.stream import open_encoder
from models.text2image.yardstick import COUNT, FEATURES, Yardstick

STUDENT_STEPS, TEACHER_STEPS = (1, 2, 4, 8, 16), (8,)


def measure(student: Path, teacher: Path, judge: Path, encoder_folder: Path, cache: Path) -> dict[str, object]:
    """The table: a row each for renderings, and for both models at several numbers of steps."""
    encoder = open_encoder(encoder_folder)
    yardstick = Yardstick(judge, encoder, Painter(load_sprites(cache), Sampler(student, encoder).size))
    rows: list[dict[str, object]] = [
        {"kind": "floor", "model_calls": 0, **yardstick.floor()},
        {"kind": "shuffled", "model_calls": 0, **yardstick.shuffled()},
    ]
    for kind, folder, several in (("student", student, STUDENT_STEPS), ("teacher", teacher, TEACHER_STEPS)):
        sampler = Sampler(folder, encoder)
        guidance = sampler.defaults.guidance
        for steps in several:
            drawn = draw_all(sampler, yardstick.texts, range(COUNT), Settings(steps, guidance))
            calls = steps * (1 if guidance == 1.0 else 2)
            rows.append({"kind": kind, "steps": steps, "model_calls": calls, **yardstick.measure(drawn)})
    return {"pictures": COUNT, "features": FEATURES, "rows": rows}


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
