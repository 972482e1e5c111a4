"""A model folder in the layout of diffusers, as Optimum exports it: which family, and what its owner wishes.

`model_index.json` tells the class. It may hold one key of ours, an object `fournil`, for what diffusers' files do
not say; every part of it may be missing:

| key | means | default |
|---|---|---|
| `name` | the model's name | the folder's, in small letters |
| `default_steps`, `default_guidance` | when a request says nothing | what the family's makers advise |
| `width`, `height` | pixels when a request says nothing | the size the model was trained for |
| `max_sequence_length` | tokens of T5: 256 or 512 | 256 for Stable Diffusion 3, 512 for FLUX |
"""

from __future__ import annotations

from pathlib import Path

from services.generator.folder import NAME, FolderError, Part

OPTIONS = "fournil"
INDEX = "model_index.json"


class Layout:
    """The folder's index and options. Raises FolderError when made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index = Part(path, INDEX)
        options = self.index.values.get(OPTIONS, {})
        if not isinstance(options, dict):
            raise self.index.wrong(OPTIONS, "must be an object")
        self.options = Part.of(f"{INDEX}: {OPTIONS}", path, options)
        class_name = self.index.values.get("_class_name")
        if not isinstance(class_name, str):
            raise self.index.wrong("_class_name", "must name a pipeline")
        self.class_name = class_name.removeprefix("ORT")
        name = self.options.values.get("name", path.name.lower())
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise self.options.wrong("name", "must be small letters, digits, dots and dashes")
        self.name = name

    def part(self, folder: str, file: str = "config.json") -> Part:
        """A configuration of one of its parts. Raises FolderError."""
        return Part(self.path, f"{folder}/{file}")

    def has(self, part: str) -> bool:
        """Whether there is a graph of that name."""
        return (self.path / part / "model.onnx").is_file()

    def wish(self, key: str, low: int, high: int, default: int) -> int:
        """A whole number among the options. Raises FolderError."""
        return self.options.whole(key, low, high, default)

    def must_have(self, part: str) -> None:
        """Raises FolderError where the graph is missing."""
        if not self.has(part):
            raise FolderError(f"{part}/model.onnx is missing: {self.class_name} needs it")
