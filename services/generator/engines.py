"""Where TensorRT keeps the engines that it built, so that the next start does not build them again.

onnxruntime names an engine's file by its graph's name and takes whatever lies there under that name: an engine of
another model (onnxruntime issue 32254), or of another release of TensorRT. So every engine has a folder of its
own, named by all that it was built from. Timings of kernels are good for any model on the same device and
releases, and are what makes the build of a new engine short; they are shared.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("fournil.engines")

_LIBRARIES = ("libnvinfer.so.11", "libnvinfer.so.10")
"""The majors that onnxruntime is built for, newest first."""
_SM = (75, 76)
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of the CUDA driver API."""


@dataclass(frozen=True, slots=True)
class Engines:
    """A folder of engines, and what they depend on beside the model."""

    folder: Path
    onnxruntime: str
    tensorrt: str
    capability: str
    """Of the device: its SM, as in "9.0"."""

    def key(self, content: str, profile: Mapping[str, str]) -> str:
        """Names an engine of a graph with this SHA-256, built with these options."""
        return _hashed(content, *self._machine, *(part for pair in sorted(profile.items()) for part in pair))

    def options(self, content: str, profile: Mapping[str, str]) -> dict[str, str]:
        """Of the TensorRT provider."""
        key = self.key(content, profile)
        return {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(self.folder / "engines" / key),
            "trt_engine_cache_prefix": key[:16],
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(self.folder / "timings" / _hashed(*self._machine)),
        }

    @property
    def _machine(self) -> tuple[str, str, str]:
        return self.onnxruntime, self.tensorrt, self.capability


def _hashed(*parts: str) -> str:
    """Each part with its length, so that no two lists of parts are spelled alike."""
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part.encode()), part.encode()) for part in parts)).hexdigest()


def cache_folder(named: str, environment: Mapping[str, str]) -> Path:
    """The folder of that name; where it is empty, the user's cache, as XDG's base directories have it."""
    if named:
        return Path(named)
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fournil"


def engines_here(
    folder: Path, onnxruntime: str, capability: str | None, tensorrt: Callable[[], str | None] | None = None
) -> Engines | None:
    """None where the device's SM or TensorRT's release cannot be told, or the folder not written: no engine is
    kept then, because none could be told from a wrong one."""
    release = (tensorrt or tensorrt_release)()
    if release is None or capability is None:
        detail = "TensorRT's release is not known" if release is None else "the device's SM is not known"
        log.info("engines are not kept", extra={"detail": detail})
        return None
    kept = folder / "tensorrt"
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("engines are not kept", extra={"detail": f"FOURNIL_CACHE: {error.strerror}"})
        return None
    if not os.access(kept, os.W_OK):
        log.warning("engines are not kept", extra={"detail": f"FOURNIL_CACHE: {kept} cannot be written"})
        return None
    return Engines(kept, onnxruntime, release, capability)


def compute_capability(device: int) -> str | None:
    """The SM of a GPU, by its number among those that CUDA shows this process, as in "9.0"; None without one."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    handle, value, found = ctypes.c_int(), ctypes.c_int(), list[str]()
    failed = driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(handle), device)
    for attribute in _SM:
        failed = failed or driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
        found.append(str(value.value))
    return None if failed else ".".join(found)


def tensorrt_release() -> str | None:
    """As the library itself tells (`getInferLibVersion`, a number); None where there is none."""
    for name in _LIBRARIES:
        try:
            return str(ctypes.CDLL(name).getInferLibVersion())
        except (OSError, AttributeError):
            continue
    return None
