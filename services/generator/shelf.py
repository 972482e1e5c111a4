"""Every model folder that loads. One that does not costs one line in the log and takes no other down."""

from __future__ import annotations

import logging
from pathlib import Path

from services.generator.folder import FolderError, ModelFolder, read_folder
from services.generator.graph import first_line
from services.generator.pipeline import Pipeline
from services.generator.session import Denoiser
from services.runtime.sentence_encoder import SentenceEncoder

log = logging.getLogger("fournil.shelf")


def load_models(models: Path, *, threads: int, most_rows: int | None) -> dict[str, Pipeline]:
    """The models under `models` by name, checked but not warm. Empty when none loads."""
    shelf: dict[str, Pipeline] = {}
    encoders: dict[Path, SentenceEncoder] = {}
    for path in sorted(index.parent for index in models.glob("*/model_index.json")):
        try:
            folder = read_folder(path)
            if folder.name in shelf:
                raise FolderError(f"model_index.json: the name {folder.name!r} is taken by another folder")
            denoiser = Denoiser(folder, threads=threads, most_rows=most_rows)
            shelf[folder.name] = Pipeline(folder, _encoder(folder, encoders), denoiser)
        except FolderError as error:
            log.error("model not loaded", extra={"folder": path.name, "detail": str(error)})
    return shelf


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
