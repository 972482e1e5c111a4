"""A session on the best provider that works: what one is built for is not believed, what it says it uses is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnxruntime
import pytest

from services.generator import graph
from services.generator.engines import Engines
from services.generator.folder import FolderError
from services.generator.graph import open_session
from services.generator.providers import CPU, CUDA, TENSORRT, Execution

SHAPES = {"x": ("1", "2", "4")}


class Machine:
    """onnxruntime as it was built for all three, where only `working` ones work; `broken` ones raise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, working: set[str], broken: set[str] | None = None) -> None:
        self._working, self._broken = working, broken or set()
        self.asked: list[list[tuple[str, dict[str, str]]]] = []
        fake = SimpleNamespace(
            SessionOptions=onnxruntime.SessionOptions,
            get_available_providers=lambda: [TENSORRT, CUDA, CPU],
            InferenceSession=self.session,
        )
        monkeypatch.setattr(graph, "onnxruntime", fake)

    def session(self, model: bytes, settings: Any, providers: list[tuple[str, dict[str, str]]]) -> SimpleNamespace:
        self.asked.append(providers)
        if providers[0][0] in self._broken:
            raise RuntimeError("libnvinfer.so.10: cannot open shared object file\nand more")
        used = [name for name, _ in providers if name in self._working]
        return SimpleNamespace(get_providers=lambda: used)


def opened(execution: Execution) -> str:
    return open_session("unet/model.onnx", b"", Path(), execution=execution, shapes=SHAPES, content="c")[1]


def test_a_session_that_runs_elsewhere_is_not_taken_for_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, working={CPU})
    assert opened(Execution(1)) == CPU
    assert [[name for name, _ in asked] for asked in machine.asked] == [[TENSORRT, CUDA, CPU], [CUDA, CPU], [CPU]]


def test_one_that_breaks_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, working={CUDA, CPU}, broken={TENSORRT})
    assert opened(Execution(1)) == CUDA


def test_wanted_ones_are_tried_in_their_order_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, working={TENSORRT, CUDA, CPU})
    assert opened(Execution(1, wanted=(CUDA, TENSORRT))) == CUDA
    Machine(monkeypatch, working={CPU})
    with pytest.raises(
        FolderError, match=r"^unet/model.onnx cannot be loaded: no provider that may be tried works"
    ):
        opened(Execution(1, wanted=(CUDA,)))
    Machine(monkeypatch, working={CPU}, broken={CUDA})
    with pytest.raises(FolderError, match=r"cannot be loaded: libnvinfer.so.10: cannot open shared object file$"):
        opened(Execution(1, wanted=(CUDA,)))


def test_folders_of_engines_are_there_before_tensorrt_wants_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine = Machine(monkeypatch, working={TENSORRT, CUDA, CPU})
    assert opened(Execution(1, engines=Engines(tmp_path, "1", "10", "9.0"))) == TENSORRT
    told = dict(machine.asked[0])[TENSORRT]
    for option in ("trt_engine_cache_path", "trt_timing_cache_path"):
        assert Path(told[option]).is_dir()
