"""What a mask keeps of a picture on its way: after each step it is put back, noised to where the picture is.

So the model sees at every level what it draws beside, and what it draws fits to that; at the end it is the latent
that was read, without noise. Source: Avrahami, Fried and Lischinski 2023, "Blended Latent Diffusion". The noise is
the row's own first one, as over any picture: nothing more is drawn from its seed, and no other row is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Cells = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Nobody writes to it."""

    anew: Cells  # [h,w]
    latent: Array  # [C,h,w], without noise
    noise: Array  # [C,h,w]

    def around(self, x: Array, kept: Array) -> Array:
        """[C,h,w]: x where it is drawn anew, else `kept`."""
        return np.where(self.anew, x, kept)


def cells_of(anew: Cells, scale: int) -> Cells:
    """[h,w] of [H,W]: the cells, `scale` pixels wide, of which any pixel is drawn anew."""
    height, width = anew.shape
    blocks = anew.reshape(height // scale, scale, width // scale, scale)
    return np.asarray(blocks.any(axis=(1, 3)))
