"""Pictures a second of the shipped drawing model: onnxruntime and OpenVINO, float32 and int8, batch 1, 4 and 8.

All ways take turns within one run, so that a machine that slows down slows all of them. "Ours" is the way the
oven draws today: onnxruntime, float32 arithmetic. A ratio above 1 says that the other way is slower. How far
an answer is from ours stands beside it, as a share of our answer's own spread. OpenVINO is no
dependency of the services; `make bench-model` installs the `bench` extra, and without it its rows are left out.

    python -m bench.model [--rounds N] [--keep-int8 FOLDER]
    python -m models.text2image.evaluate --folder FOLDER --report REPORT
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from rich.progress import track

REPO = Path(__file__).resolve().parents[1]
OUT = REPO / "bench" / "out"
MODEL = REPO / "models" / "weights" / "fournil-mini" / "unet"
BATCHES, THREADS, TOKENS = (1, 4, 8), 2, 16

Feeds = dict[str, np.ndarray]
Call = Callable[[Feeds], np.ndarray]


def main() -> None:
    """Runs, prints and writes bench/out/model.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=12, help="timed rounds a way and batch")
    parser.add_argument("--keep-int8", type=Path, help="a folder for the int8 model, to draw and be judged with")
    arguments = parser.parse_args()
    steps = int(json.loads((MODEL / "config.json").read_text("utf-8"))["default_steps"])
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder:
        quantised = _quantised(Path(folder))
        if arguments.keep_int8 and quantised:
            shutil.copytree(MODEL.parent, arguments.keep_int8)
            shutil.copy(quantised, arguments.keep_int8 / "unet" / "model.onnx")
        ways = _ways(MODEL / "model.onnx", quantised)
        results = [row for batch in BATCHES for row in _compare(ways, batch, steps, arguments.rounds)]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "model.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


def feeds(batch: int, seed: int) -> Feeds:
    """Inputs of the graph's shapes with a fixed seed."""
    rng = np.random.default_rng(seed)
    size = int(json.loads((MODEL / "config.json").read_text("utf-8"))["sample_size"])
    return {
        "sample": rng.standard_normal((batch, 3, size, size), np.float32),
        "timestep": rng.uniform(50, 1000, batch).astype(np.float32),
        "encoder_hidden_states": rng.standard_normal((batch, TOKENS, 1280), np.float32) * np.float32(0.4),
        "encoder_attention_mask": np.ones((batch, TOKENS), np.float32),
        "pooled": rng.standard_normal((batch, 512), np.float32) * np.float32(0.05),
    }


def _quantised(folder: Path) -> Path | None:
    """The model with int8 convolutions and products, calibrated on a few calls; None without `onnx`."""
    if find_spec("onnx") is None:
        return None
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Calls(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter([feeds(4, seed) for seed in range(8)])

        def get_next(self) -> Feeds | None:
            return next(self._left, None)

    # Casts of float16 weights hide them from the quantiser: a session writes them out as float32 first.
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folder / "plain.onnx")
    onnxruntime.InferenceSession(str(MODEL / "model.onnx"), options, providers=["CPUExecutionProvider"])
    quant_pre_process(folder / "plain.onnx", folder / "ready.onnx", skip_symbolic_shape=True)
    quantize_static(
        folder / "ready.onnx",
        folder / "int8.onnx",
        Calls(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["Conv", "MatMul", "Gemm"],
    )
    return folder / "int8.onnx"


def _ways(plain: Path, quantised: Path | None) -> dict[str, Call]:
    ways = {"onnxruntime float32": _onnxruntime(plain)}
    if quantised is not None:
        ways["onnxruntime int8"] = _onnxruntime(quantised)
    if find_spec("openvino") is not None:
        ways["OpenVINO float32"] = _openvino(plain, "f32")
        ways["OpenVINO default precision"] = _openvino(plain, None)
        if quantised is not None:
            ways["OpenVINO int8"] = _openvino(quantised, None)
    return ways


def _onnxruntime(path: Path) -> Call:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda inputs: np.asarray(session.run(None, inputs)[0])


def _openvino(path: Path, precision: str | None) -> Call:
    import openvino

    settings: dict[str, object] = {"INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY"}
    if precision is not None:
        settings["INFERENCE_PRECISION_HINT"] = precision
    request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    return lambda inputs: np.array(request.infer(inputs)[0])


def _compare(ways: dict[str, Call], batch: int, steps: int, rounds: int) -> list[dict[str, object]]:
    """One row a way: pictures a second of ours and of it, from the medians of alternating rounds."""
    inputs, spent = feeds(batch, 99), {name: [] for name in ways}
    answers = {name: call(inputs) for name, call in ways.items()}  # warms every way up, too
    for _ in track(range(rounds), description=f"batch {batch}"):
        for name, call in ways.items():
            began = time.perf_counter()
            for _ in range(steps):
                call(inputs)
            spent[name].append(time.perf_counter() - began)
    rates = {name: batch / statistics.median(seconds) for name, seconds in spent.items()}
    ours, *others = ways
    spread = float(answers[ours].std())
    rows = []
    for name in others:
        lost = float(np.sqrt(np.mean((answers[name] - answers[ours]) ** 2))) / spread
        what = f"{ours} / {name} (differs by {lost:.1%})"
        rows.append(
            {
                "name": f"pictures a second, batch {batch}, {steps} steps: {what}",
                "ours": round(rates[ours], 2),
                "other": round(rates[name], 2),
                "ratio": round(rates[ours] / rates[name], 3),
                "goal": ">= 1",
                "holds": rates[ours] >= rates[name],
            }
        )
    return rows


if __name__ == "__main__":
    main()
