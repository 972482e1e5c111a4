"""A folder in the layout of diffusers, opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.generator.families.canvas import Canvas, Conditioning
from services.generator.families.drawing import DrawingModel
from services.generator.families.family import Family
from services.generator.families.flux import Flux
from services.generator.families.interface import Model
from services.generator.families.layout import Layout
from services.generator.families.picture_coder import CoderFacts
from services.generator.families.stable_diffusion import LatentConsistency, StableDiffusion
from services.generator.families.stable_diffusion_3 import StableDiffusion3
from services.generator.families.stable_diffusion_xl import StableDiffusionXL
from services.generator.providers import Execution

FAMILIES: Mapping[str, type[Family]] = {
    "StableDiffusionPipeline": StableDiffusion,
    "LatentConsistencyModelPipeline": LatentConsistency,
    "StableDiffusionXLPipeline": StableDiffusionXL,
    "StableDiffusion3Pipeline": StableDiffusion3,
    "FluxPipeline": Flux,
}
"""By `_class_name` of `model_index.json`; Optimum's names, with ORT before them, mean the same."""


def open_model(path: Path, *, execution: Execution, most_rows: int | None) -> Model[Conditioning, Canvas]:
    """The model in `path`, checked but not warm. `most_rows` bounds the rows of a call of the
    denoiser, None leaves it to the device. Raises FolderError with one line."""
    layout = Layout(path)
    family = FAMILIES.get(layout.class_name)
    if family is None:
        raise layout.index.wrong("_class_name", f"must be one of {', '.join(FAMILIES)}")
    for part in (family.denoiser, "vae_decoder"):
        layout.must_have(part)
    loaded = family(layout, CoderFacts.read(path), execution=execution)
    return DrawingModel(layout, loaded, execution=execution, most_rows=most_rows)
