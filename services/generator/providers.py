"""Which execution providers to try, best first, and with what options.

What onnxruntime lists as available is what it was built for, not what works here: a session that asked for CUDA
on a machine without one runs on the CPU. So this is only the order of trying; what is used is what a session
says it uses.

Options are those of onnxruntime's pages on its TensorRT, CUDA and OpenVINO execution providers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.generator.engines import Engines

TENSORRT = "TensorrtExecutionProvider"
CUDA = "CUDAExecutionProvider"
OPENVINO = "OpenVINOExecutionProvider"
CPU = "CPUExecutionProvider"

BY_NAME: Mapping[str, str] = {"tensorrt": TENSORRT, "cuda": CUDA, "openvino": OPENVINO, "cpu": CPU}
"""As settings name them, best first."""
ON_GPU = (TENSORRT, CUDA)
"""Those that compute in a GPU's own memory, and choose their kernels by the shapes of a call."""

DEVICE = 0
"""Number of the GPU, among those that CUDA_VISIBLE_DEVICES shows."""
CPU_BATCH, DEVICE_BATCH = 4, 16
"""Rows a call. On a CPU time grows with the rows, so a small call lets newcomers in sooner at no loss."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How graphs are run here. `wanted` providers are tried in this order and no others; none is the best first.
    Without `engines` TensorRT builds its engines anew at every start."""

    threads: int
    """Of one call, on a CPU."""
    wanted: Sequence[str] = ()
    engines: Engines | None = None


def named(names: str) -> list[str]:
    """Providers of a list such as "tensorrt, cuda". Raises ValueError, with one line, for a name that is none."""
    found = [name.strip().lower() for name in names.split(",") if name.strip()]
    for name in found:
        if name not in BY_NAME:
            raise ValueError(f"knows {', '.join(BY_NAME)}, not {name!r}")
    return [BY_NAME[name] for name in dict.fromkeys(found)]


def order(available: Collection[str], wanted: Sequence[str] = ()) -> list[str]:
    """The providers to try. Where nothing is wanted the best is the first and the CPU the last; a list of wanted
    ones without the CPU is one that must not end there."""
    return [provider for provider in wanted or BY_NAME.values() if provider in available or provider == CPU]


def companions(provider: str, available: Collection[str]) -> list[str]:
    """The provider, and those that take the nodes of a graph that it does not know."""
    if provider == TENSORRT and CUDA in available:
        return [TENSORRT, CUDA, CPU]
    return [CPU] if provider == CPU else [provider, CPU]


def options(
    provider: str, execution: Execution, shapes: Mapping[str, tuple[str, str, str]], content: str
) -> dict[str, str]:
    """Options of a provider. `shapes` gives (smallest, usual, largest) of every input, as in "4x3x64x64":
    TensorRT rebuilds its engine in the middle of traffic for a shape outside of them. `content` is the SHA-256 of
    the graph and its weights."""
    if provider == CPU:
        return {}
    if provider == OPENVINO:
        # Left alone it computes in bfloat16 where the processor has it, up to 0.7 % off (bench/RESULTS.md).
        on_cpu = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": str(execution.threads),
            "NUM_STREAMS": "1",
            "PERFORMANCE_HINT": "LATENCY",
        }
        return {"device_type": "CPU", "load_config": json.dumps({"CPU": on_cpu})}
    device = {"device_id": str(DEVICE)}
    if provider == CUDA:
        return device
    profile = {
        f"trt_profile_{name}_shapes": ",".join(f"{key}:{shape[at]}" for key, shape in shapes.items())
        for at, name in enumerate(("min", "opt", "max"))
    }
    caches = execution.engines.options(content, profile) if execution.engines else {}
    return {**device, **profile, **caches}


def default_batch(provider: str) -> int:
    """Rows a call when the operator says nothing."""
    return DEVICE_BATCH if provider in ON_GPU else CPU_BATCH
