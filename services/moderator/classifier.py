"""Any ONNX picture classifier as one more pair of eyes: a small file says how it wants its pixels and what its
labels mean.

file = "violence.onnx"          # beside this file
input = "pixels"                # names in the graph
output = "logits"               # [1, labels]
size = 224                      # pixels of an edge; the picture is stretched to it
layout = "nchw"                 # or "nhwc"
mean = [0.485, 0.456, 0.406]    # of pixels in 0..1, by channel
deviation = [0.229, 0.224, 0.225]
activation = "softmax"          # or "sigmoid", or "none" when the graph gives probabilities
labels = ["calm", "gore", "fight"]

[category]                      # label to category; a label without one is not judged
gore = "violence"
fight = "violence"

[limit]                         # from which score a picture is refused; the policy file may say otherwise
gore = 0.8
fight = 0.95
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from services.moderator.screening import PictureScores
from services.runtime.pictures import read_still
from services.runtime.settings import SettingsError

_ACTIVATIONS = ("softmax", "sigmoid", "none")
_LAYOUTS = ("nchw", "nhwc")
MOST_LABELS = 1_000


@dataclass(frozen=True)
class Card:
    """What a classifier's file says."""

    file: Path
    input: str
    output: str
    size: int
    layout: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    activation: str
    labels: tuple[str, ...]
    category: Mapping[str, str]
    limit: Mapping[str, float]

    @staticmethod
    def read(path: Path) -> Card:
        """Raises SettingsError that names the entry."""
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
            return Card._of(raw, path.parent)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"classifier {path.name}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(f"classifier {path.name}: {error} is missing or not right") from None

    @staticmethod
    def _of(raw: Mapping[str, Any], folder: Path) -> Card:
        card = Card(
            file=folder / str(raw["file"]),
            input=str(raw["input"]),
            output=str(raw["output"]),
            size=int(raw["size"]),
            layout=str(raw.get("layout", "nchw")),
            mean=_three(raw.get("mean", [0.0, 0.0, 0.0]), "mean"),
            deviation=_three(raw.get("deviation", [1.0, 1.0, 1.0]), "deviation"),
            activation=str(raw.get("activation", "none")),
            labels=tuple(str(label) for label in raw["labels"]),
            category={str(k): str(v) for k, v in raw["category"].items()},
            limit={str(k): float(v) for k, v in raw["limit"].items()},
        )
        if not card.file.is_file():
            raise ValueError("file")
        if not 16 <= card.size <= 1024:
            raise ValueError("size (16 to 1024)")
        if card.layout not in _LAYOUTS or card.activation not in _ACTIVATIONS:
            raise ValueError(f"layout ({', '.join(_LAYOUTS)}) or activation ({', '.join(_ACTIVATIONS)})")
        if not 1 <= len(card.labels) <= MOST_LABELS or min(card.deviation) <= 0:
            raise ValueError("labels or deviation")
        if card.category.keys() - set(card.labels) or card.limit.keys() != card.category.keys():
            raise ValueError("category and limit (the same labels in both)")
        if not all(0 < limit <= 1 for limit in card.limit.values()):
            raise ValueError("limit (above 0, at most 1)")
        return card

    @property
    def limits(self) -> dict[str, float]:
        """Thresholds by the names of the scores: "category:label"."""
        return {f"{self.category[label]}:{label}": limit for label, limit in self.limit.items()}


class Classifier:
    """Safe to call from several threads: the session keeps no call state."""

    def __init__(self, card: Card, threads: int = 1) -> None:
        """Raises SettingsError when the graph has not the card's input and output."""
        self._card = card
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(card.file), options, providers=["CPUExecutionProvider"])
        names = {one.name for one in (*self._session.get_inputs(), *self._session.get_outputs())}
        if missing := {card.input, card.output} - names:
            raise SettingsError(f"classifier {card.file.name}: the graph has no {min(missing)!r}")

    def scores(self, image: bytes) -> Mapping[str, float]:
        """Scores by "category:label", 0 to 1. Raises Fault INVALID_ARGUMENT."""
        card = self._card
        output = self._session.run([card.output], {card.input: self._pixels(image)})[0]
        values = np.asarray(output, np.float64).reshape(-1)
        if len(values) != len(card.labels):
            raise ValueError(f"{card.file.name} gives {len(values)} scores for {len(card.labels)} labels")
        probabilities = _activated(values, card.activation)
        by_label = dict(zip(card.labels, (float(p) for p in probabilities), strict=True))
        return {f"{category}:{label}": by_label[label] for label, category in card.category.items()}

    def _pixels(self, image: bytes) -> NDArray[np.float32]:
        """[1,3,S,S] or [1,S,S,3]."""
        card = self._card
        still = read_still(image, "image", least=2 * card.size)
        small = still.resize((card.size, card.size), Image.Resampling.BILINEAR)
        mean, deviation = np.asarray(card.mean, np.float32), np.asarray(card.deviation, np.float32)
        pixels = (np.asarray(small, np.float32) / 255 - mean) / deviation
        ordered = pixels.transpose(2, 0, 1) if card.layout == "nchw" else pixels
        return np.ascontiguousarray(ordered[None], np.float32)


class Several:
    """Picture models one after the other, their scores together."""

    def __init__(self, models: Sequence[PictureScores]) -> None:
        self._models = models

    def scores(self, image: bytes) -> Mapping[str, float]:
        """Of all of them. Raises Fault INVALID_ARGUMENT."""
        return {name: score for model in self._models for name, score in model.scores(image).items()}


def _activated(values: NDArray[np.float64], activation: str) -> NDArray[np.float64]:
    if activation == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-values.clip(-60, 60))))
    if activation == "softmax":
        raised = np.exp(values - values.max())
        return np.asarray(raised / raised.sum())
    return values.clip(0, 1)


def _three(values: Sequence[float], name: str) -> tuple[float, ...]:
    if len(values) != 3:
        raise ValueError(f"{name} (three numbers)")
    return tuple(float(value) for value in values)
