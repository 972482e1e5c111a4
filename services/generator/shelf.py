"""Every model folder that loads. One that does not costs one line in the log and takes no other down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.generator.families.interface import Model
from services.generator.families.mini import MiniModel
from services.generator.families.opening import open_model
from services.generator.folder import PIPELINE, FolderError, ModelFolder, Part, read_folder
from services.generator.graph import first_line, give_memory_back
from services.generator.pipeline import Pipeline
from services.generator.providers import Execution
from services.generator.residency import Residency
from services.generator.session import Denoiser
from services.runtime.sentence_encoder import SentenceEncoder

log = logging.getLogger("fournil.shelf")

MIB = 1 << 20


def load_models(
    models: Path,
    *,
    execution: Execution,
    most_rows: int | None,
    residency: Residency | None = None,
    check: Callable[[Model[Any, Any]], None] | None = None,
) -> dict[str, Model[Any, Any]]:
    """The models under `models` by name; empty when none loads. Each has passed `check`, which raises FolderError,
    while it was in memory; later ones put out earlier ones where `residency` leaves no room for all."""
    shelf: dict[str, Model[Any, Any]] = {}
    encoders: dict[Path, SentenceEncoder] = {}
    residency = residency or Residency()
    for path in sorted(index.parent for index in models.glob("*/model_index.json")):
        try:
            size = _size(path, residency)
            if out := residency.room_for(size):
                for name in out:
                    shelf[name].unload()
                give_memory_back()
            model = _opened(path, execution, most_rows, encoders)
            if model.facts.name in shelf:
                raise FolderError(f"model_index.json: the name {model.facts.name!r} is taken by another folder")
            if check is not None:
                check(model)
            shelf[model.facts.name] = model
            residency.add(model.facts.name, size)
        except FolderError as error:
            log.error("model not loaded", extra={"folder": path.name, "detail": str(error)})
        except Exception as error:
            # Nothing foresaw it, so the log tells where; the other folders are not to pay for it.
            detail = f"{type(error).__name__}: {first_line(error)}"
            log.error("model not loaded", extra={"folder": path.name, "detail": detail}, exc_info=error)
    return shelf


def _size(path: Path, residency: Residency) -> int:
    """Bytes that a folder's graphs and their weights have on disk. Raises FolderError where they do not fit."""
    parts = [graph.parent for graph in path.glob("*/model.onnx")]
    size = sum(file.stat().st_size for part in parts for file in part.iterdir() if file.is_file())
    if not residency.fits(size):
        needs, bound = (-(-size // MIB), residency.budget // MIB)
        raise FolderError(f"its graphs take {needs} MiB, more than FOURNIL_MODEL_MEMORY allows: {bound}")
    return size


def _opened(
    path: Path, execution: Execution, most_rows: int | None, encoders: dict[Path, SentenceEncoder]
) -> Model[Any, Any]:
    """Ours by its class, any other as a folder of diffusers. Raises FolderError."""
    if Part(path, "model_index.json").values.get("_class_name") != PIPELINE:
        return open_model(path, execution=execution, most_rows=most_rows)
    folder = read_folder(path)
    denoiser = Denoiser(folder, execution=execution, most_rows=most_rows)
    return MiniModel(Pipeline(folder, _encoder(folder, encoders), denoiser))


def _encoder(folder: ModelFolder, encoders: dict[Path, SentenceEncoder]) -> SentenceEncoder:
    """The folder's text encoder; models that name the same one share it."""
    if folder.encoder not in encoders:
        try:
            # One thread: a prompt takes milliseconds, and the step loop needs the cores.
            encoders[folder.encoder] = SentenceEncoder(folder.encoder, threads=1)
        except Exception as error:
            detail = f"text encoder {folder.encoder.name} cannot be loaded: {first_line(error)}"
            raise FolderError(detail) from None
    return encoders[folder.encoder]
