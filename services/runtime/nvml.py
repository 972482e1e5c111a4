"""What an NVIDIA device tells of itself, read through NVML (package nvidia-ml-py; nothing else needs it)."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger("fournil.nvml")


def energy_counter(device: int) -> Callable[[], float] | None:
    """Reads the joules that device number `device` has drawn since its driver was loaded.

    None without the package, a driver or the counter.
    """
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(device)

        def joules() -> float:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000.0

        joules()
    except Exception as error:
        log.info("no energy counter", extra={"detail": f"{type(error).__name__}: {error}"})
        return None
    return joules


def compute_capability(device: int) -> str | None:
    """The SM of device number `device`, as in "9.0"; None without the package, a driver or the device."""
    try:
        import pynvml

        pynvml.nvmlInit()
        major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(pynvml.nvmlDeviceGetHandleByIndex(device))
    except Exception as error:
        log.info("no compute capability", extra={"detail": f"{type(error).__name__}: {error}"})
        return None
    return f"{major}.{minor}"
