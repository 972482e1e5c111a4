"""The energy counter: joules where a device has one, None where anything is missing."""

import sys
from types import SimpleNamespace

import pytest

from services.runtime.nvml import energy_counter


def without_counter(handle: object) -> int:
    raise RuntimeError("Not Supported")


def nvml(count: object) -> SimpleNamespace:
    return SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda index: f"device {index}",
        nvmlDeviceGetTotalEnergyConsumption=count,
    )


def test_millijoules_become_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml(lambda handle: 2_500 if handle == "device 3" else 0))
    counter = energy_counter(3)
    assert counter is not None and counter() == 2.5


@pytest.mark.parametrize("module", [None, nvml(without_counter)], ids=["no package", "no counter"])
def test_what_is_missing_is_none(monkeypatch: pytest.MonkeyPatch, module: SimpleNamespace | None) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    assert energy_counter(0) is None
