"""Picture to latent: the VAE's encoder, for pictures that start from one."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from services.generator.families.interface import Array, Reading
from services.generator.families.layout import Layout
from services.generator.families.onnx_file import OnnxFile
from services.generator.families.part_graph import PartGraph
from services.generator.families.picture_coder import CoderFacts
from services.generator.providers import Execution

log = logging.getLogger("fournil.families")

PART = "vae_encoder"
LEAST, MOST = -30.0, 20.0
"""What diffusers cuts the logarithm of the variance to."""

_PICTURE, _PARAMETERS = "sample", "latent_parameters"


class PictureReader:
    """`vae_encoder`."""

    def __init__(self, layout: Layout, facts: CoderFacts, edges: Sequence[int], *, execution: Execution) -> None:
        """`edges`, in pixels, of the smallest, the usual and the largest picture. Raises FolderError."""
        self._facts = facts
        shapes = [{_PICTURE: (1, 3, edge, edge)} for edge in edges]
        self.graph = PartGraph(
            OnnxFile(layout.path, PART), {_PICTURE: (None, 3, None, None)}, shapes, execution=execution
        )
        self.graph.must_have(_PARAMETERS)

    def read(self, picture: Array) -> Reading:
        """float32[3,H,W], -1 to 1."""
        parameters = self.graph.run([_PARAMETERS], {_PICTURE: picture[None]})[0][0]  # [2C,h,w]
        mean, log_variance = np.split(parameters, 2)
        return Reading(mean, np.exp(np.float32(0.5) * log_variance.clip(LEAST, MOST)))

    def latent(self, reading: Reading, noise: Array) -> Array:
        """[C,h,w] as the denoiser has latents; `noise` picks one of those that the reading allows."""
        latent = reading.mean + reading.deviation * noise
        scaled: Array = (latent - np.float32(self._facts.shift)) * np.float32(self._facts.scaling)
        return scaled


def picture_reader(
    layout: Layout, facts: CoderFacts, edges: Sequence[int], *, execution: Execution
) -> PictureReader | None:
    """None where the folder has no encoder. Raises FolderError where it has one that cannot be used."""
    if not layout.has(PART):
        log.info("cannot start from pictures", extra={"folder": layout.path.name, "detail": f"no {PART}"})
        return None
    return PictureReader(layout, facts, edges, execution=execution)
