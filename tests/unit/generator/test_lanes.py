"""Rows side by side: every row once, in order, and the same numbers as in one call."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.generator.folder import read_folder
from services.generator.lanes import Feed, Lanes
from services.generator.providers import Execution
from services.generator.session import Denoiser

FIXTURE = Path(__file__).parents[2] / "fixtures" / "tiny_model" / "tiny"
SHIPPED = Path(__file__).parents[3] / "models" / "weights" / "fournil-mini"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (1, [("whole", 1)]),
        (2, [("single", 1), ("single", 1)]),
        (3, [("single", 1), ("single", 1), ("whole", 1)]),
        (8, [("single", 4), ("single", 4)]),
    ],
)
def test_full_lanes_side_by_side_and_the_rest_on_all_threads(rows: int, expected: list[tuple[str, int]]) -> None:
    calls: list[tuple[str, int]] = []

    class Adds:
        """Two inputs by row and one for all."""

        def __init__(self, name: str) -> None:
            self.name = name

        def run(self, outputs: Sequence[str], feed: Feed) -> list[NDArray[Any]]:
            calls.append((self.name, len(feed["a"])))
            return [feed["a"] + feed["b"] + feed["all"].sum()]

    lanes = Lanes(Adds("whole"), Adds("single"), 2, ["a", "b"])
    numbers = np.arange(rows, dtype=np.float32)
    (answer,) = lanes.run(["out"], {"a": numbers, "b": 10 * numbers, "all": np.ones(3, np.float32)})
    assert answer.tolist() == [11.0 * number + 3.0 for number in range(rows)]
    assert sorted(calls) == sorted(expected)


@pytest.mark.parametrize("path", [FIXTURE, SHIPPED], ids=["tiny", "fournil-mini"])
def test_lanes_change_no_bit(path: Path) -> None:
    if not (path / "unet" / "model.onnx").is_file():
        pytest.skip("no weights here")
    folder = read_folder(path)
    one, two = (Denoiser(folder, execution=Execution(threads), most_rows=5) for threads in (1, 2))
    example = one.example()
    for count in (1, 2, 5):
        rows = example.first(count)
        assert np.array_equal(one.velocity(rows), two.velocity(rows))
