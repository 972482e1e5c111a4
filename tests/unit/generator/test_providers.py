"""The order in which execution providers are tried."""

import pytest

from services.generator.providers import CPU, CUDA, TENSORRT, default_batch, options, order


@pytest.mark.parametrize(
    ("available", "tried"),
    [
        ([CPU], [CPU]),
        (["AzureExecutionProvider", CPU], [CPU]),
        ([CPU, CUDA], [CUDA, CPU]),
        ([CUDA, CPU, TENSORRT], [TENSORRT, CUDA, CPU]),
        ([], [CPU]),
    ],
)
def test_best_first_and_the_cpu_last(available: list[str], tried: list[str]) -> None:
    assert order(available) == tried


def test_tensorrt_gets_a_profile_for_every_input() -> None:
    shapes = {"sample": ("1x3x8x8", "4x3x8x8", "16x3x8x8"), "timestep": ("1", "4", "16")}
    assert options(TENSORRT, 0, shapes) == {
        "device_id": "0",
        "trt_profile_min_shapes": "sample:1x3x8x8,timestep:1",
        "trt_profile_opt_shapes": "sample:4x3x8x8,timestep:4",
        "trt_profile_max_shapes": "sample:16x3x8x8,timestep:16",
    }
    assert options(CUDA, 1, shapes) == {"device_id": "1"}
    assert options(CPU, 0, shapes) == {}


def test_batches_are_small_on_a_cpu() -> None:
    assert default_batch(CPU) < default_batch(CUDA)
