"""What a mask leaves of a picture, in pixels: it comes back as it was sent.

A latent keeps a picture only as well as its coder reads it, and a cell of it is several pixels wide. So what was
sent is put around what was drawn, at the size that is handed out. Inside of the mask nothing of it shows; outside
it comes in over a few pixels, in which both look nearly the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageFilter

from services.runtime.pictures import read_fitted, read_mask

FEATHER = 2
"""Pixels; the seam is twice as wide."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """A picture as it was sent, and of how much of each pixel (0 to 255) what was drawn takes the place."""

    picture: Image.Image
    drawn: Image.Image

    @staticmethod
    def read(source: bytes, mask: bytes, width: int, height: int) -> Surroundings:
        """At the size that is handed out. Raises Fault INVALID_ARGUMENT."""
        anew = read_mask(mask, "mask", width, height)
        # Wider by as much as the mean looks around: whole in the mask, nothing beyond the seam.
        wider = anew.filter(ImageFilter.MaxFilter(2 * FEATHER + 1))
        picture = read_fitted(source, "source", width, height)
        return Surroundings(picture, wider.filter(ImageFilter.BoxBlur(FEATHER)))

    def put(self, image: Image.Image) -> Image.Image:
        """Around what was drawn, RGB and of the same size."""
        return Image.composite(image, self.picture, self.drawn)
