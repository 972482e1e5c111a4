"""The energy counter of an NVIDIA device, read through NVML (package nvidia-ml-py; nothing else needs it)."""

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
