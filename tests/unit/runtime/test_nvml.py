"""The energy counter: joules where a device has one, None where anything is missing."""

import sys
from types import SimpleNamespace

import pytest

from services.runtime.nvml import compute_capability, energy_counter


def without_counter(handle: object) -> int:
    raise RuntimeError("Not Supported")


def nvml(count: object) -> SimpleNamespace:
    return SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda index: f"device {index}",
        nvmlDeviceGetTotalEnergyConsumption=count,
        nvmlDeviceGetCudaComputeCapability=lambda handle: (9, 0) if handle == "device 3" else (8, 9),
    )


def test_millijoules_become_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml(lambda handle: 2_500 if handle == "device 3" else 0))
    counter = energy_counter(3)
    assert counter is not None and counter() == 2.5


@pytest.mark.parametrize("module", [None, nvml(without_counter)], ids=["no package", "no counter"])
def test_what_is_missing_is_none(monkeypatch: pytest.MonkeyPatch, module: SimpleNamespace | None) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    assert energy_counter(0) is None


def test_the_compute_capability_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml(without_counter))
    assert [compute_capability(device) for device in (3, 0)] == ["9.0", "8.9"]
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert compute_capability(3) is None
