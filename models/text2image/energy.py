"""The energy a GPU has drawn, by its own counter (NVML, package nvidia-ml-py; not needed elsewhere)."""

import torch

try:
    import pynvml
except ImportError:
    pynvml = None


class Meter:
    """Reads a device's counter. On a CPU, or where NVML is missing, it stays at 0, which means: not known."""

    def __init__(self, device: torch.device) -> None:
        self._handle, self._last = None, 0.0
        if device.type != "cuda" or pynvml is None:
            return
        try:
            pynvml.nvmlInit()
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(device.index or 0)
            self._last = self._joules()
        except pynvml.NVMLError:
            self._handle = None

    def _joules(self) -> float:
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1000.0

    def since_last(self) -> float:
        """Joules since the last call, or since the meter was made."""
        if self._handle is None:
            return 0.0
        now = self._joules()
        drawn, self._last = now - self._last, now
        return drawn
