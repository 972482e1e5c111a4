"""Which execution providers to try, best first.

What onnxruntime lists as available is what it was built for, not what works here: a session that asked for CUDA
on a machine without one runs on the CPU. So this is only the order of trying; what is used is what a session
says it uses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

TENSORRT = "TensorrtExecutionProvider"
CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"

_BEST_FIRST = (TENSORRT, CUDA, CPU)

CPU_BATCH, DEVICE_BATCH = 4, 16
"""Rows a call. On a CPU time grows with the rows, so a small call lets newcomers in sooner at no loss."""


def order(available: Collection[str]) -> list[str]:
    """The providers to try, best first; the CPU is always the last."""
    return [provider for provider in _BEST_FIRST if provider in available or provider == CPU]


def options(provider: str, device: int, shapes: Mapping[str, tuple[str, str, str]]) -> dict[str, str]:
    """Options of a provider. `shapes` gives (smallest, usual, largest) of every input, as in "4x3x64x64":
    TensorRT rebuilds its engine in the middle of traffic for a shape outside of them."""
    if provider == CPU:
        return {}
    if provider == CUDA:
        return {"device_id": str(device)}
    profile = {
        f"trt_profile_{name}_shapes": ",".join(f"{key}:{shape[at]}" for key, shape in shapes.items())
        for at, name in enumerate(("min", "opt", "max"))
    }
    return {"device_id": str(device), **profile}


def default_batch(provider: str) -> int:
    """Rows a call when the operator says nothing."""
    return CPU_BATCH if provider == CPU else DEVICE_BATCH
