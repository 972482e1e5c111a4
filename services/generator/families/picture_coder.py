"""Latent to picture: the VAE's decoder, and a cheap stand-in for previews.

A latent's cell is nearly a colour: a 3 x C matrix and an offset turn it into one. They are fitted when the model
is loaded, by least squares between random latents and what the decoder makes of them, each cell of the picture
averaged. The latents are even over blocks of cells: the decoder has a wide view, and white noise shows it nothing
like a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.generator.families.interface import Array
from services.generator.families.onnx_file import OnnxFile
from services.generator.families.part_graph import PartGraph
from services.generator.folder import FolderError, Part
from services.generator.graph import Axes
from services.generator.providers import Execution

SAMPLES, CELLS, BLOCK = 8, 16, 4
"""Latents for the fit, cells of their edges, and of a block's."""
ROUGHNESS = 0.25
"""How much the cells of a block differ, in standard deviations of the blocks."""

_LATENT, _PICTURE = "latent_sample", "sample"


@dataclass(frozen=True, slots=True)
class CoderFacts:
    """What `vae_decoder/config.json` says."""

    channels: int
    scale: int
    """Pixels of a cell's edge."""
    scaling: float
    shift: float

    @staticmethod
    def read(folder: Path) -> CoderFacts:
        """Raises FolderError."""
        config = Part(folder, "vae_decoder/config.json")
        for key in ("latents_mean", "latents_std"):
            config.must_be(key, None)
        return CoderFacts(
            channels=config.whole("latent_channels", 1, 256),
            # Each block of the coder but the last halves the picture.
            scale=2 ** (blocks_of(config) - 1),
            scaling=config.number("scaling_factor", 1e-6, 1e6),
            shift=0.0 if config.values.get("shift_factor") is None else config.number("shift_factor", -1e3, 1e3),
        )


class PictureCoder:
    """`vae_decoder`. Latents are as the denoiser has them: about of size 1."""

    def __init__(
        self, folder: Path, facts: CoderFacts, cells: Sequence[tuple[int, int]], *, execution: Execution
    ) -> None:
        """`cells`: height and width of the smallest, the usual and the largest latent. Raises FolderError."""
        self.channels, self.scale = facts.channels, facts.scale
        self._scaling, self._shift = np.float32(facts.scaling), np.float32(facts.shift)
        shapes = [{_LATENT: (1, self.channels, height, width)} for height, width in cells]
        expected: dict[str, Axes] = {_LATENT: (None, self.channels, None, None)}
        self.graph = PartGraph(OnnxFile(folder, "vae_decoder"), expected, shapes, execution=execution)
        self.graph.must_have(_PICTURE)
        self._matrix, self._offset = self._fitted()

    def decode(self, latent: Array) -> Array:
        """float32[3,H,W], cut to -1 to 1, of [C,h,w]."""
        picture: Array = self.graph.run([_PICTURE], {_LATENT: self._scaled(latent)})[0][0]
        return picture.clip(-1.0, 1.0)

    def warm_up(self, edge: int) -> None:
        """Runs once on a latent of that edge. Raises FolderError."""
        blank = np.zeros((self.channels, edge, edge), np.float32)
        self.graph.tried([_PICTURE], {_LATENT: self._scaled(blank)})

    def rough(self, latent: Array) -> Array:
        """float32[3,h,w], cut to -1 to 1: a pixel a cell."""
        colours = np.einsum("rc,chw->rhw", self._matrix, latent) + self._offset[:, None, None]
        clipped: Array = colours.clip(-1.0, 1.0).astype(np.float32)
        return clipped

    def _scaled(self, latent: Array) -> Array:
        """[1,C,h,w]: as the decoder was trained."""
        scaled: Array = latent[None] / self._scaling + self._shift
        return scaled

    def _fitted(self) -> tuple[Array, Array]:
        """[3,C] and [3]."""
        random, blocks = np.random.RandomState(0), CELLS // BLOCK
        seen, shown = [], []
        for _ in range(SAMPLES):
            coarse = random.standard_normal((self.channels, blocks, blocks))
            latent = np.kron(coarse, np.ones((1, BLOCK, BLOCK)))
            latent += ROUGHNESS * random.standard_normal(latent.shape)
            latent = latent.astype(np.float32)
            picture = self.graph.tried([_PICTURE], {_LATENT: self._scaled(latent)})[0]
            if picture.shape != (1, 3, CELLS * self.scale, CELLS * self.scale):
                raise FolderError(f"{self.graph.file} answers {picture.shape} to {latent[None].shape}")
            cells = picture[0].clip(-1.0, 1.0).reshape(3, CELLS, self.scale, CELLS, self.scale).mean(axis=(2, 4))
            seen.append(latent.reshape(self.channels, -1))
            shown.append(cells.reshape(3, -1))
        given = np.concatenate(seen, axis=1)  # [C,N]
        given = np.concatenate([given, np.ones((1, given.shape[1]), np.float32)]).astype(np.float64)
        solution = np.linalg.lstsq(given.T, np.concatenate(shown, axis=1).T.astype(np.float64), rcond=None)[0]
        return solution[:-1].T.astype(np.float32), solution[-1].astype(np.float32)


def blocks_of(config: Part) -> int:
    """Levels of a convolutional network, each half as fine as the one before. Raises FolderError."""
    blocks = config.values.get("block_out_channels")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= 6:
        raise config.wrong("block_out_channels", "must be a list of 1 to 6 numbers")
    return len(blocks)
