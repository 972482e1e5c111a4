"""What a model folder says, checked before anything heavy is loaded.

The layout is that of diffusers: `model_index.json` names the parts, each part has a folder of its own with a
configuration and, where it computes, a `model.onnx`. A text encoder that models share lies beside the model's
folder, under the name that `model_index.json` gives.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PIPELINE = "FournilTextToImagePipeline"
SCHEDULER = "FlowMatchEulerDiscreteScheduler"
DENOISER = "FournilVelocityModel"
OUTPUT_SIZE = 256
"""Pixels of an output edge when the folder names none."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class FolderError(Exception):
    """A model folder cannot be used. The text is one line: the file, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A usable folder. Sizes are pixels of an edge; `native_size` is what the model draws."""

    name: str
    path: Path
    encoder: Path
    native_size: int
    output_size: int
    channels: int
    token_dim: int
    pooled_dim: int
    default_steps: int
    default_guidance: float
    shift: float

    @property
    def denoiser(self) -> Path:
        """The ONNX graph."""
        return self.path / "unet" / "model.onnx"


def read_folder(path: Path) -> ModelFolder:
    """Reads and checks `path`. Raises FolderError."""
    index = Part(path, "model_index.json")
    scheduler = Part(path, "scheduler/scheduler_config.json")
    unet = Part(path, "unet/config.json")
    index.must_be("_class_name", PIPELINE)
    scheduler.must_be("_class_name", SCHEDULER)
    unet.must_be("_class_name", DENOISER)
    unet.must_be("prediction", "velocity")
    scheduler.must_be("num_train_timesteps", 1000)
    scheduler.must_be("use_dynamic_shifting", False)
    name = index.values.get("name", path.name)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise index.wrong("name", "must be small letters, digits, dots and dashes")
    folder = ModelFolder(
        name=name,
        path=path,
        encoder=_encoder(index),
        native_size=unet.whole("sample_size", 8, 1024),
        output_size=unet.whole("output_size", 64, 1024, OUTPUT_SIZE),
        channels=unet.whole("in_channels", 3, 3),
        token_dim=unet.whole("cross_attention_dim", 1, 16_384),
        pooled_dim=unet.whole("pooled_dim", 1, 16_384),
        default_steps=unet.whole("default_steps", 1, 100),
        default_guidance=unet.number("default_guidance", 0.0, 20.0),
        shift=scheduler.number("shift", 0.01, 100.0),
    )
    if not folder.denoiser.is_file():
        raise FolderError("unet/model.onnx is missing")
    return folder


class Part:
    """One JSON file of a folder; `values` is its object. Every method raises FolderError with one line that names
    the file, the key and its value."""

    def __init__(self, folder: Path, file: str) -> None:
        self.folder, self.file = folder, file
        try:
            values = json.loads((folder / file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FolderError(f"{file} is missing") from None
        except (OSError, ValueError) as error:
            raise FolderError(f"{file} cannot be read: {str(error).splitlines()[0]}") from None
        if not isinstance(values, dict):
            raise FolderError(f"{file} must hold an object")
        self.values: dict[str, Any] = values

    @staticmethod
    def of(file: str, folder: Path, values: dict[str, Any]) -> Part:
        """An object that lies inside of a file."""
        part = Part.__new__(Part)
        part.folder, part.file, part.values = folder, file, values
        return part

    def wrong(self, key: str, must: str) -> FolderError:
        """The error for `key`; `must` says what would be right."""
        value = json.dumps(self.values.get(key))[:80]
        return FolderError(f"{self.file}: {key} {must}, not {value}")

    def must_be(self, key: str, expected: object) -> None:
        """Refuses all but `expected`."""
        if self.values.get(key) != expected:
            raise self.wrong(key, f"must be {json.dumps(expected)}")

    def number(self, key: str, low: float, high: float) -> float:
        """A finite number from `low` to `high`."""
        value = self.values.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise self.wrong(key, "must be a number")
        if not low <= value <= high:
            raise self.wrong(key, f"must be {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`; `default` where the key is missing."""
        if default is not None and key not in self.values:
            return default
        value = self.number(key, low, high)
        if value != int(value):
            raise self.wrong(key, "must be a whole number")
        return int(value)


def _encoder(index: Part) -> Path:
    """The folder of the text encoder, beside the model's."""
    entry = index.values.get("text_encoder")
    if not (
        isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str) and NAME.fullmatch(entry[1])
    ):
        raise index.wrong("text_encoder", "must be a list of a class and the name of a folder beside this one")
    path = index.folder.parent / entry[1]
    for file in ("model.onnx", "sp.model"):
        if not (path / file).is_file():
            raise FolderError(f"text encoder {entry[1]}: {file} is missing")
    return path
