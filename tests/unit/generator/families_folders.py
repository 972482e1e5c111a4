"""The six small model folders, opened once for all tests of families."""

import functools
import json
import shutil
from pathlib import Path
from typing import Any

from services.generator.families.canvas import Canvas
from services.generator.families.drawing import DrawingModel
from services.generator.families.interface import Wish
from services.generator.families.opening import open_model
from services.generator.providers import Execution
from tests.fixtures.pipelines.comparison import Arrays, expected_of

FIXTURES = Path(__file__).parents[2] / "fixtures" / "pipelines"
NAMES = ("sd1", "sd2", "lcm", "sdxl", "sd3", "flux")
ROWS = 8


def copied(fixture: str, place: Path, **options: Any) -> Path:
    """A fixture's folder in `place`, with the scheduler that its recorded run used and these options of ours."""
    folder = place / fixture
    shutil.copytree(FIXTURES / fixture, folder)
    expected = expected_of(folder)
    (folder / "scheduler" / "scheduler_config.json").write_text(str(expected["request.scheduler"]))
    if "request.max_sequence_length" in expected:
        options = {"max_sequence_length": int(expected["request.max_sequence_length"]), **options}
    rewrite(folder / "model_index.json", fournil=options)
    return folder


def rewrite(file: Path, **values: Any) -> None:
    """Sets keys of a JSON file; ... takes one out."""
    content = {**json.loads(file.read_text("utf-8")), **values}
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not ...}))


@functools.cache
def opened(folder: Path) -> DrawingModel:
    """The model in a folder."""
    model = open_model(folder, execution=Execution(1), most_rows=ROWS)
    assert isinstance(model, DrawingModel)
    return model


def recorded_start(model: DrawingModel, expected: Arrays) -> Canvas:
    """The canvas of the recorded run."""
    negative = str(expected["request.negative_prompt"]) if "request.negative_prompt" in expected else None
    conditioning = model.encode(str(expected["request.prompt"]), negative)
    wish = Wish(
        seed=int(expected["request.seed"]),
        steps=int(expected["request.num_inference_steps"]),
        guidance=float(expected["request.guidance_scale"]),
        width=int(expected["request.width"]),
        height=int(expected["request.height"]),
    )
    return model.start(wish, 0, conditioning)
