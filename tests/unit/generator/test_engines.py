"""TensorRT's engines: a name for all that one was built from, and none where that is not known."""

import ctypes
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.generator import engines
from services.generator.engines import Engines, cache_folder, compute_capability, engines_here, tensorrt_release
from services.generator.providers import TENSORRT, Execution, options

ENGINES = Engines(Path("/cache"), "1.32.0", "101300", "9.0")
SHAPES = {"sample": ("1x3x8x8", "4x3x8x8", "16x3x8x8"), "timestep": ("1", "4", "16")}
PROFILE = {"trt_profile_min_shapes": "x:1x3", "trt_profile_max_shapes": "x:8x3"}

texts = st.text(max_size=6)
machines = st.builds(Engines, st.just(Path("/cache")), texts, texts, texts)
profiles = st.dictionaries(texts, texts, max_size=3)


built = st.tuples(machines, texts, profiles)


@given(built, built)
def test_another_part_is_another_key(
    one: tuple[Engines, str, dict[str, str]], other: tuple[Engines, str, dict[str, str]]
) -> None:
    keys = [machine.key(content, profile) for machine, content, profile in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize("part", ["onnxruntime", "tensorrt", "capability"])
def test_each_release_and_the_device_are_in_the_key(part: str) -> None:
    other = replace(ENGINES, **{part: "other"})
    assert other.key("content", PROFILE) != ENGINES.key("content", PROFILE)
    assert other.options("", {})["trt_timing_cache_path"] != ENGINES.options("", {})["trt_timing_cache_path"]


def test_the_order_of_a_profile_and_the_folder_are_not_in_the_key() -> None:
    turned = dict(reversed(PROFILE.items()))
    assert replace(ENGINES, folder=Path("/elsewhere")).key("content", turned) == ENGINES.key("content", PROFILE)


def test_tensorrt_is_told_of_a_folder_of_its_own_for_each_graph() -> None:
    one, other = (options(TENSORRT, Execution(1, engines=ENGINES), SHAPES, content) for content in ("a", "b"))
    assert one["trt_engine_cache_enable"] == one["trt_timing_cache_enable"] == "1"
    assert one["trt_engine_cache_path"] != other["trt_engine_cache_path"]
    assert one["trt_engine_cache_prefix"] != other["trt_engine_cache_prefix"]
    assert one["trt_timing_cache_path"] == other["trt_timing_cache_path"], "a kernel's time is any model's"
    assert Path(one["trt_engine_cache_path"]).parent == Path("/cache/engines")


def test_what_is_not_known_is_no_key(tmp_path: Path) -> None:
    assert engines_here(tmp_path / "new", "1.32.0", None, lambda: "101300") is None
    assert engines_here(tmp_path / "new", "1.32.0", "9.0", lambda: None) is None
    assert not (tmp_path / "new").exists()
    found = engines_here(tmp_path / "new", "1.32.0", "9.0", lambda: "101300")
    assert found == Engines(tmp_path / "new" / "tensorrt", "1.32.0", "101300", "9.0")
    assert (tmp_path / "new" / "tensorrt").is_dir()


class Libraries:
    """Those of a machine with one device, of SM 8.9, and TensorRT 10.13, called as C is; `failing` fails."""

    def __init__(self, failing: str = "") -> None:
        self._failing = failing

    def __call__(self, name: str) -> "Libraries":
        if name not in {"libcuda.so.1", "libnvinfer.so.10"}:
            raise OSError(f"{name}: cannot open shared object file")
        return self

    def cuInit(self, flags: int) -> int:
        return 100 if self._failing == "cuInit" else 0

    def cuDeviceGet(self, handle: Any, number: int) -> int:
        handle._obj.value = 7
        return 0 if number == 0 else 101

    def cuDeviceGetAttribute(self, value: Any, attribute: int, handle: ctypes.c_int) -> int:
        assert handle.value == 7
        value._obj.value = {75: 8, 76: 9}[attribute]
        return 0

    def getInferLibVersion(self) -> int:
        return 101300


def test_the_libraries_tell_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.ctypes, "CDLL", Libraries())
    assert (compute_capability(0), compute_capability(1)) == ("8.9", None)
    assert tensorrt_release() == "101300"
    monkeypatch.setattr(engines.ctypes, "CDLL", Libraries("cuInit"))
    assert compute_capability(0) is None
    monkeypatch.setattr(engines.ctypes, "CDLL", lambda name: Libraries()("libother.so"))
    assert (compute_capability(0), tensorrt_release()) == (None, None)


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    assert engines_here(tmp_path / "file", "1.32.0", "9.0", lambda: "101300") is None
    assert caplog.records[0].__dict__["detail"].startswith("FOURNIL_CACHE: ")


@pytest.mark.parametrize(
    ("named", "environment", "folder"),
    [
        ("/here", {"XDG_CACHE_HOME": "/xdg"}, "/here"),
        ("", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/fournil"),
        ("", {"XDG_CACHE_HOME": ""}, str(Path.home() / ".cache" / "fournil")),
    ],
)
def test_the_cache_is_the_users_unless_one_is_named(named: str, environment: dict[str, str], folder: str) -> None:
    assert cache_folder(named, environment) == Path(folder)
