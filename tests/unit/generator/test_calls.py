"""Calls by IO binding and filled up, as on a GPU, held against plain ones; the buffers lie on the CPU here."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.calls import SHAPES_KEPT, Calls
from services.generator.families.drawing import DrawingModel
from services.generator.families.interface import Wish
from services.generator.families.opening import open_model
from services.generator.folder import read_folder
from services.generator.providers import CPU, CUDA, OPENVINO, Execution
from services.generator.session import Denoiser, Rows
from tests.unit.generator.families_folders import FIXTURES, NAMES, opened

TINY = Path(__file__).parents[2] / "fixtures" / "tiny_model" / "tiny"
MOST = 8
COMPANY = 2e-5
"""As in test_families_company."""


class Watched:
    """A session that notes how many rows it is given."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self.session, self.rows = session, list[int]()

    def run(self, outputs: Sequence[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.rows.append(len(feed["sample"]))
        return list(self.session.run(outputs, feed))

    def io_binding(self) -> onnxruntime.IOBinding:
        return self.session.io_binding()

    def run_with_iobinding(self, binding: onnxruntime.IOBinding) -> None:
        self.session.run_with_iobinding(binding)


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(TINY / "unet" / "model.onnx", providers=[CPU])


def rows(count: int, seed: int = 0, tokens: int = 64) -> Rows:
    folder, random = read_folder(TINY), np.random.RandomState(seed)

    def noise(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float32)

    return Rows(
        noise(count, folder.channels, folder.native_size, folder.native_size),
        random.uniform(1, 1000, count).astype(np.float32),
        noise(count, tokens, folder.token_dim),
        np.ones((count, tokens), np.float32),
        noise(count, folder.pooled_dim),
    )


BY_ROW = tuple(rows(1).named())


@given(st.lists(st.tuples(st.integers(1, MOST), st.integers(0, 99), st.sampled_from([64, 128])), max_size=5))
@settings(max_examples=20, deadline=None)
def test_bound_and_filled_calls_answer_as_plain_ones(
    session: onnxruntime.InferenceSession, calls: list[tuple[int, int, int]]
) -> None:
    """Bit for bit, in any order of shapes, and what was answered before stays as it was."""
    bound = Calls(session, CPU, by_row=BY_ROW, most_rows=MOST, bound_to="cpu")
    answers = []
    for count, seed, tokens in calls:
        feed = rows(count, seed, tokens).named()
        (answer,) = bound.run(["out_sample"], feed)
        answers.append((answer, session.run(["out_sample"], feed)[0]))
    for answer, plain in answers:
        assert answer.shape == plain.shape
        assert np.array_equal(answer, plain)


def test_calls_are_filled_up_on_a_gpu_and_nowhere_else(session: onnxruntime.InferenceSession) -> None:
    for provider in (CPU, OPENVINO):
        watched = Watched(session)
        plain = Calls(watched, provider, by_row=BY_ROW, most_rows=MOST)  # type: ignore[arg-type]
        for count in (1, 3, 5):
            assert len(plain.run(["out_sample"], rows(count).named())[0]) == count
        assert watched.rows == [1, 3, 5]
    on_gpu = Calls(session, CUDA, by_row=BY_ROW, most_rows=MOST, bound_to="cpu")
    for count in (1, 2, 3, 4, 5, 6, 7, 8):
        assert len(on_gpu.run(["out_sample"], rows(count).named())[0]) == count
    assert len(on_gpu._buffers) == 4, "1, 2, 4 and 8 rows"


def test_buffers_are_kept_for_the_shapes_seen_last(session: onnxruntime.InferenceSession) -> None:
    bound = Calls(session, CPU, bound_to="cpu")
    for tokens in range(1, SHAPES_KEPT + 3):
        bound.run(["out_sample"], rows(1, tokens=tokens).named())
        bound.run(["out_sample"], rows(1, tokens=1).named())
    assert len(bound._buffers) == SHAPES_KEPT
    used = [key[2][1][0] for key in bound._buffers]  # type: ignore[index]
    assert used[-1] == 1


def test_a_call_that_fails_gives_its_buffers_back(session: onnxruntime.InferenceSession) -> None:
    bound = Calls(session, CPU, bound_to="cpu")
    bound.run(["out_sample"], rows(2).named())
    with pytest.raises(Exception, match="pooled"):
        bound.run(["out_sample"], {**rows(1).named(), "pooled": np.zeros((1, 3), np.float32)})
    assert not bound._buffers
    assert len(bound.run(["out_sample"], rows(1).named())[0]) == 1


def test_a_guided_picture_is_in_the_range_of_shapes_though_calls_are_of_one_row() -> None:
    profile = Denoiser(read_folder(TINY), execution=Execution(1), most_rows=1).graph._profile
    assert {shape[2].split("x")[0] for shape in profile.values()} == {"2"}
    model = open_model(FIXTURES / "sd1", execution=Execution(1), most_rows=1)
    assert isinstance(model, DrawingModel)
    assert {shape[2].split("x")[0] for shape in model.denoiser._profile.values()} == {"2"}


@pytest.mark.parametrize("name", NAMES)
def test_every_family_knows_which_of_its_inputs_have_rows(name: str) -> None:
    """Its denoiser answers 3 rows, filled up to 4, as it does plainly, but for what the fixtures' narrow graphs
    round in company."""
    model = opened(FIXTURES / name)
    boat = model.encode("a red boat", None)
    canvases = [model.start(Wish(seed, 3, 1.0, 64, 64), 0, boat) for seed in (1, 2, 3)]
    feed = model.family.feed([row for canvas in canvases for row in canvas.next_rows()])
    by_row = set(model.family.by_row(boat.asked))
    assert set(feed) - by_row == ({"img_ids", "txt_ids"} if name == "flux" else set())
    calls = model.denoiser._calls
    assert calls is not None
    given = {key: np.asarray(values, model.denoiser._types[key]) for key, values in feed.items()}
    (plain,) = calls.run([model.family.answer], given)
    (answer,) = Calls(calls._session, CUDA, by_row=by_row, most_rows=MOST, bound_to="cpu").run(
        [model.family.answer], given
    )
    assert answer.shape == plain.shape
    assert np.abs(answer - plain).max() <= COMPANY * np.abs(plain).max()


def test_a_denoiser_that_was_put_out_answers_as_before() -> None:
    denoiser = Denoiser(read_folder(TINY), execution=Execution(1), most_rows=2)
    before = denoiser.velocity(rows(2))
    denoiser.graph.unload()
    with pytest.raises(RuntimeError, match=r"unet/model.onnx is not loaded"):
        denoiser.velocity(rows(2))
    denoiser.graph.load()
    denoiser.graph.load()
    assert np.array_equal(denoiser.velocity(rows(2)), before)
