"""A time step for each row, by a change of a few bytes in memory; and the wire format that it takes."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.generator.families import wire
from services.generator.families.onnx_file import OnnxFile
from services.generator.folder import FolderError
from services.generator.graph import open_session
from services.generator.providers import Execution
from tests.fixtures.pipelines.comparison import denoiser_calls, expected_of
from tests.fixtures.pipelines.graph_table import open_graph
from tests.unit.generator.families_folders import FIXTURES, copied

U_NETS = ("sd1", "sd2", "lcm", "sdxl")
COMPANY = 5e-6
"""Rounding of the fixtures' narrow blocks, in company; see README.md of the fixtures."""


def patched(folder: Path) -> onnxruntime.InferenceSession:
    file = OnnxFile(folder, "unet")
    profile = {"sample": ("1", "1", "1")}
    return open_session(
        file.name, file.with_a_timestep_each(), file.weights, execution=Execution(1), shapes=profile
    )[0]


@pytest.mark.parametrize("name", U_NETS)
def test_alone_a_row_is_bit_for_bit_what_the_graph_gave_before(name: str) -> None:
    before, after = open_graph(FIXTURES / name / "unet" / "model.onnx"), patched(FIXTURES / name)
    for feed, _ in denoiser_calls(expected_of(FIXTURES / name), before):
        alone = {key: values[:1] if values.ndim else values for key, values in feed.items()}
        each = {**alone, "timestep": np.array([alone["timestep"]], np.float32)}
        assert np.array_equal(before.run(None, alone)[0], after.run(None, each)[0])


@pytest.mark.parametrize("name", U_NETS)
def test_rows_have_their_own_time_steps(name: str) -> None:
    before, after = open_graph(FIXTURES / name / "unet" / "model.onnx"), patched(FIXTURES / name)
    calls = [
        {key: values[:1] if values.ndim else values for key, values in feed.items()}
        for feed, _ in denoiser_calls(expected_of(FIXTURES / name), before)
    ]
    together = {key: np.concatenate([np.atleast_1d(feed[key]) for feed in calls]) for key in calls[0]}
    answers = after.run(None, together)[0]
    for answer, feed in zip(answers, calls, strict=True):
        assert np.abs(answer - before.run(None, feed)[0][0]).max() < COMPANY


def test_only_the_input_and_its_one_reader_change() -> None:
    file = OnnxFile(FIXTURES / "sd1", "unet")
    (old,), (new,) = (wire.of(memoryview(model), 7) for model in (file.bytes, file.with_a_timestep_each()))
    pairs = list(zip(wire.fields(old.value), wire.fields(new.value), strict=True))
    changed = [(one, other) for one, other in pairs if one.raw != other.raw]
    assert sorted(one.number for one, _ in changed) == [1, 11]
    assert all(one.number == other.number for one, other in changed)


def test_a_reader_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = copied("sd1", tmp_path) / "unet" / "model.onnx"
    path.write_bytes(path.read_bytes().replace(b"\x09Unsqueeze", b"\x09Unsqueezd"))
    with pytest.raises(FolderError, match="timestep must be read by an Unsqueeze alone, not by Unsqueezd"):
        OnnxFile(tmp_path / "sd1", "unet").with_a_timestep_each()


def test_weights_elsewhere_are_refused(tmp_path: Path) -> None:
    path = copied("sdxl", tmp_path) / "unet" / "model.onnx"
    path.write_bytes(path.read_bytes().replace(b"model.onnx_data", b"../../onnx_data"))
    with pytest.raises(FolderError, match=r"its weights must lie beside it, not at .\.\./\.\./onnx_data"):
        OnnxFile(tmp_path / "sdxl", "unet")


def test_the_hash_covers_the_weights_beside_the_graph(tmp_path: Path) -> None:
    folder = copied("sdxl", tmp_path)
    before = OnnxFile(folder, "unet").sha256()
    weights = folder / "unet" / "model.onnx_data"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert OnnxFile(folder, "unet").sha256() != before


@given(st.lists(st.tuples(st.integers(1, 2**20), st.binary(max_size=300))))
def test_fields_come_back_as_they_were_written(written: list[tuple[int, bytes]]) -> None:
    message = b"".join(wire.wrapped(number, value) for number, value in written)
    found = list(wire.fields(memoryview(message)))
    assert [(field.number, bytes(field.value)) for field in found] == written
    assert b"".join(field.raw for field in found) == message


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    try:
        found = list(wire.fields(memoryview(message)))
    except ValueError:
        return
    assert b"".join(field.raw for field in found) == message
