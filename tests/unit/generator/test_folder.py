"""Model folders: read whole, or refused in one clear line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.generator import shelf as shelf_module
from services.generator.folder import FolderError, ModelFolder, read_folder
from services.generator.providers import Execution
from services.generator.session import Denoiser
from services.generator.shelf import load_models

FIXTURE = Path(__file__).parents[2] / "fixtures" / "tiny_model"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the fixture that may be spoilt."""
    return Path(shutil.copytree(FIXTURE, tmp_path / "models", ignore=shutil.ignore_patterns("*.py")))


def edit(file: str, **changes: object) -> Callable[[Path], None]:
    """Changes keys of a JSON file; None removes one."""

    def spoil(folder: Path) -> None:
        path = folder / file
        values = {**json.loads(path.read_text(encoding="utf-8")), **changes}
        kept = {key: value for key, value in values.items() if value is not None}
        path.write_text(json.dumps(kept), encoding="utf-8")

    return spoil


def write(file: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / file).write_bytes(content) and None


def remove(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


def test_a_whole_folder(models: Path) -> None:
    folder = read_folder(models / "tiny")
    assert (folder.name, folder.native_size, folder.output_size) == ("tiny", 64, 128)
    assert (folder.default_steps, folder.default_guidance, folder.shift) == (8, 3.0, 1.0)
    assert folder.encoder == models / "tiny-encoder"


def test_the_output_size_may_be_left_out(models: Path) -> None:
    edit("unet/config.json", output_size=None)(models / "tiny")
    assert read_folder(models / "tiny").output_size == 256


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (remove("scheduler/scheduler_config.json"), "scheduler/scheduler_config.json is missing"),
        (remove("unet/model.onnx"), "unet/model.onnx is missing"),
        (remove("../tiny-encoder/sp.model"), "text encoder tiny-encoder: sp.model is missing"),
        (write("model_index.json", b"{"), "model_index.json cannot be read: Expecting property name"),
        (write("model_index.json", b"\xff\xfe\xff"), "model_index.json cannot be read: 'utf-8' codec"),
        (write("unet/config.json", b"[]"), "unet/config.json must hold an object"),
        (
            edit("model_index.json", _class_name="FluxPipeline"),
            'model_index.json: _class_name must be "FournilTextToImagePipeline", not "FluxPipeline"',
        ),
        (edit("model_index.json", name="../tiny"), "model_index.json: name must be small letters"),
        (edit("model_index.json", text_encoder=["x", "../../away"]), "model_index.json: text_encoder must be"),
        (edit("scheduler/scheduler_config.json", shift="2"), "scheduler_config.json: shift must be a number"),
        (edit("scheduler/scheduler_config.json", shift=0), "scheduler_config.json: shift must be 0.01 to 100"),
        (edit("scheduler/scheduler_config.json", use_dynamic_shifting=True), "must be false, not true"),
        (edit("unet/config.json", prediction="epsilon"), 'prediction must be "velocity", not "epsilon"'),
        (edit("unet/config.json", sample_size=64.5), "sample_size must be a whole number, not 64.5"),
        (edit("unet/config.json", sample_size=None), "sample_size must be a number, not null"),
        (edit("unet/config.json", default_steps=0), "default_steps must be 1 to 100, not 0"),
        (edit("unet/config.json", in_channels=True), "in_channels must be a number, not true"),
    ],
)
def test_a_spoilt_folder_is_one_clear_line(models: Path, spoil: Callable[[Path], None], line: str) -> None:
    spoil(models / "tiny")
    with pytest.raises(FolderError) as refused:
        read_folder(models / "tiny")
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(models) not in str(refused.value)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (write("unet/model.onnx", b"not a graph"), "unet/model.onnx is not an ONNX model"),
        (edit("unet/config.json", sample_size=32), "input sample is tensor(float) ['B', 3, 64, 64]"),
        (edit("unet/config.json", pooled_dim=256), "input pooled is"),
    ],
)
def test_a_graph_that_does_not_fit_its_folder(models: Path, spoil: Callable[[Path], None], line: str) -> None:
    spoil(models / "tiny")
    with pytest.raises(FolderError) as refused:
        Denoiser(read_folder(models / "tiny"), execution=Execution(1))
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bad_folder_takes_no_other_down(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, spoil in {
        "a-corrupt": write("unet/model.onnx", b"\x00" * 100),
        "b-unknown": edit("model_index.json", _class_name="FluxPipeline"),
        "z-twin": edit("model_index.json"),
    }.items():
        shutil.copytree(models / "tiny", models / name)
        spoil(models / name)
    shelf = load_models(models, execution=Execution(1), most_rows=None)
    assert list(shelf) == ["tiny"]
    told = {record.__dict__["folder"]: record.__dict__["detail"] for record in caplog.records}
    assert told.keys() == {"a-corrupt", "b-unknown", "z-twin"}
    assert "taken by another folder" in told["z-twin"]


def test_a_broken_text_encoder_is_one_clear_line(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    (models / "tiny-encoder" / "model.onnx").write_bytes(b"not a graph")
    assert load_models(models, execution=Execution(1), most_rows=None) == {}
    (record,) = caplog.records
    assert "text encoder tiny-encoder cannot be loaded" in record.__dict__["detail"]


def test_what_nobody_foresaw_takes_no_other_down_either(
    models: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models / "tiny", models / "a-first")
    read = shelf_module.read_folder

    def full(path: Path) -> ModelFolder:
        if path.name == "a-first":
            raise MemoryError
        return read(path)

    monkeypatch.setattr(shelf_module, "read_folder", full)
    assert list(load_models(models, execution=Execution(1), most_rows=None)) == ["tiny"]
    assert [record.__dict__["detail"] for record in caplog.records] == ["MemoryError: MemoryError"]
