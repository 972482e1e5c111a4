"""Draw a scene: sprites pasted on a plain or painted ground, as one RGB picture.

Sprites are square RGBA images trimmed to what they show (see `sprites`). Randomness comes from the
caller's generator only.
"""

import random

import numpy as np
from PIL import Image

from models.text2image.landscape import jitter, paint
from models.text2image.scenes import COLOURS, Scene

SpriteBook = dict[tuple[str, str], Image.Image]  # (concept key, style) -> RGBA


class Painter:
    """Draws scenes of `size` × `size` pixels from a book of sprites."""

    def __init__(self, sprites: SpriteBook, size: int) -> None:
        self.sprites = sprites
        self.size = size
        self._grounds: dict[tuple[str, str], list[Image.Image]] = {}

    def _ground(self, scene: Scene, rng: random.Random) -> Image.Image:
        ground = scene.ground
        if ground.colour:
            return Image.new("RGB", (self.size, self.size), jitter(COLOURS[ground.colour], 8, rng))
        # Thirty-two variants of each landscape are painted once: painting costs more than pasting.
        variants = self._grounds.setdefault((ground.place, ground.sky), [])
        if len(variants) < 32:
            variants.append(paint(ground.place, ground.sky, self.size, rng))
            return variants[-1].copy()
        return rng.choice(variants).copy()

    def _paste(self, canvas: Image.Image, key: str, style: str, centre: tuple[float, float], side: float) -> None:
        sprite = self.sprites[key, style]
        pixels = max(4, round(side * self.size))
        small = sprite.resize((pixels, pixels), Image.Resampling.LANCZOS, reducing_gap=2.0)
        x, y = (round(c * self.size - pixels / 2) for c in centre)
        canvas.paste(small, (x, y), small)

    def draw(self, scene: Scene, rng: random.Random) -> Image.Image:
        """The scene as an RGB picture; the same scene and generator state give the same pixels."""
        canvas = self._ground(scene, rng)
        landscape = not scene.ground.colour
        if len(scene.objects) == 1:
            low, high = {"": (0.6, 0.84), "small": (0.34, 0.46), "big": (0.9, 0.98)}[scene.size]
            side = rng.uniform(low, high)
            room = (1 - side) / 2 * 0.6
            x = 0.5 + rng.uniform(-room, room)
            y = 0.5 + (room * rng.uniform(0.2, 1.0) if landscape else rng.uniform(-room, room))
            self._paste(canvas, scene.objects[0], scene.style, (x, y), side)
            return canvas
        first, second = scene.objects
        if scene.relation == "right" or (scene.relation in ("beside", "and") and rng.random() < 0.5):
            first, second = second, first
        base = rng.uniform(0.6, 0.72) if landscape else rng.uniform(0.44, 0.56)
        for key, x in ((first, 0.27), (second, 0.73)):
            side = rng.uniform(0.42, 0.5)
            centre = (x + rng.uniform(-0.02, 0.02), base + rng.uniform(-0.03, 0.03))
            self._paste(canvas, key, scene.style, centre, side)
        return canvas


def as_array(picture: Image.Image) -> np.ndarray:
    """RGB picture as float32[3, H, W] in [-1, 1]."""
    return (np.asarray(picture, dtype=np.float32) / 127.5 - 1.0).transpose(2, 0, 1)
