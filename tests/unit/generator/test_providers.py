"""The order in which execution providers are tried, and what they are told."""

import json

import pytest

from services.generator.providers import (
    CPU,
    CUDA,
    OPENVINO,
    TENSORRT,
    Execution,
    companions,
    default_batch,
    named,
    options,
    order,
)

SHAPES = {"sample": ("1x3x8x8", "4x3x8x8", "16x3x8x8"), "timestep": ("1", "4", "16")}


@pytest.mark.parametrize(
    ("available", "tried"),
    [
        ([CPU], [CPU]),
        (["AzureExecutionProvider", CPU], [CPU]),
        ([CPU, CUDA], [CUDA, CPU]),
        ([OPENVINO, CPU], [OPENVINO, CPU]),
        ([OPENVINO, CUDA, CPU, TENSORRT], [TENSORRT, CUDA, OPENVINO, CPU]),
        ([], [CPU]),
    ],
)
def test_best_first_and_the_cpu_last(available: list[str], tried: list[str]) -> None:
    assert order(available) == tried


@pytest.mark.parametrize(
    ("names", "tried"),
    [
        ("", [TENSORRT, CUDA, CPU]),
        ("cuda", [CUDA]),
        (" CUDA , cpu,", [CUDA, CPU]),
        ("cpu,cuda,cpu", [CPU, CUDA]),
        ("openvino", []),
    ],
)
def test_an_operator_pins_or_leaves_out(names: str, tried: list[str]) -> None:
    assert order([TENSORRT, CUDA, CPU], named(names)) == tried


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="knows tensorrt, cuda, openvino, cpu, not 'tensor-rt'"):
        named("cuda,tensor-rt")


def test_cuda_takes_what_tensorrt_does_not_know() -> None:
    assert companions(TENSORRT, [TENSORRT, CUDA, CPU]) == [TENSORRT, CUDA, CPU]
    assert companions(TENSORRT, [TENSORRT, CPU]) == [TENSORRT, CPU]
    assert companions(CUDA, [TENSORRT, CUDA, CPU]) == [CUDA, CPU]
    assert companions(CPU, [CPU]) == [CPU]


def test_tensorrt_gets_a_profile_for_every_input() -> None:
    assert options(TENSORRT, Execution(1), SHAPES, "") == {
        "device_id": "0",
        "trt_profile_min_shapes": "sample:1x3x8x8,timestep:1",
        "trt_profile_opt_shapes": "sample:4x3x8x8,timestep:4",
        "trt_profile_max_shapes": "sample:16x3x8x8,timestep:16",
    }
    assert options(CUDA, Execution(1), SHAPES, "") == {"device_id": "0"}
    assert options(CPU, Execution(1), SHAPES, "") == {}


def test_openvino_computes_in_float32_on_the_threads_it_is_given() -> None:
    told = options(OPENVINO, Execution(3), SHAPES, "")
    assert told["device_type"] == "CPU"
    on_cpu = json.loads(told["load_config"])["CPU"]
    assert (on_cpu["INFERENCE_PRECISION_HINT"], on_cpu["INFERENCE_NUM_THREADS"]) == ("f32", "3")


def test_batches_are_small_on_a_cpu() -> None:
    assert default_batch(CPU) == default_batch(OPENVINO) < default_batch(CUDA) == default_batch(TENSORRT)
