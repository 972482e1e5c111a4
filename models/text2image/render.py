"""Draw a scene: sprites pasted on a plain or painted ground, as one RGB picture.

Sprites are square RGBA images trimmed to what they show (see `sprites`). Where things stand is decided by
`layout`. Randomness comes from the caller's generator only, never from what was drawn before.
"""

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image

from models.text2image.landscape import jitter, paint
from models.text2image.layout import Place, places
from models.text2image.scenes import COLOURS, Scene

VARIANTS = 32
"""Of each landscape."""

SpriteBook = dict[tuple[str, str], Image.Image]  # (concept key, style) -> RGBA


def tinted(sprite: Image.Image, colour: str) -> Image.Image:
    """The sprite in shades of one of COLOURS: its darkest parts a deep shade, its lightest a pale one."""
    pixels = np.asarray(sprite, dtype=np.float32)
    light = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    seen = pixels[..., 3] > 128
    low, high = np.percentile(light[seen], (2, 98)) if seen.any() else (0.0, 255.0)
    share = ((light - low) / max(high - low, 1.0)).clip(0, 1)[..., None]  # [H, W, 1]
    base = np.array(COLOURS[colour], np.float32)
    dark, pale = base * 0.5, base + (255 - base) * 0.4
    shaded = np.where(share < 0.5, dark + (base - dark) * 2 * share, base + (pale - base) * (2 * share - 1))
    return Image.fromarray(np.concatenate((shaded, pixels[..., 3:]), axis=2).astype(np.uint8), "RGBA")


class Painter:
    """Draws scenes of `size` × `size` pixels from a book of sprites."""

    def __init__(self, sprites: SpriteBook, size: int) -> None:
        self.size = size
        self._own = sprites
        self._grounds: dict[tuple[str, str, int], Image.Image] = {}
        self._ready: SpriteBook = {}

    def _ground(self, scene: Scene, rng: random.Random) -> Image.Image:
        ground = scene.ground
        if ground.colour:
            return Image.new("RGB", (self.size, self.size), jitter(COLOURS[ground.colour], 8, rng))
        # A few variants of each landscape are painted once: painting costs more than pasting.
        name = (ground.place, ground.sky, rng.randrange(VARIANTS))
        if name not in self._grounds:
            self._grounds[name] = paint(ground.place, ground.sky, self.size, random.Random(repr(name)))
        return self._grounds[name].copy()

    def _sprite(self, key: str, style: str, colour: str) -> Image.Image:
        """Ready to be reduced: alpha multiplied into the colours, which `resize` would else do every time."""
        name = (f"{key}/{colour}", style)
        if name not in self._ready:
            own = self._own[key, style]
            self._ready[name] = (tinted(own, colour) if colour else own).convert("RGBa")
        return self._ready[name]

    def draw(self, scene: Scene, rng: random.Random) -> Image.Image:
        """The scene as an RGB picture; the same scene and generator state give the same pixels."""
        return self.draw_standing(scene, places(scene, rng), rng)

    def draw_standing(self, scene: Scene, standing: Sequence[Place], rng: random.Random) -> Image.Image:
        """`draw`, for who has decided where things stand."""
        canvas = self._ground(scene, rng)
        for place in standing:
            sprite = self._sprite(place.thing.key, scene.style, place.thing.colour)
            pixels = max(4, round(place.side * self.size))
            small = sprite.resize((pixels, pixels), Image.Resampling.HAMMING, reducing_gap=2.0).convert("RGBA")
            x, y = round(place.x * self.size - pixels / 2), round(place.y * self.size - pixels / 2)
            canvas.paste(small, (x, y), small)
        return canvas


def as_array(picture: Image.Image) -> np.ndarray:
    """RGB picture as float32[3, H, W] in [-1, 1]."""
    return (np.asarray(picture, dtype=np.float32) / 127.5 - 1.0).transpose(2, 0, 1)


def reduced(pictures: np.ndarray, size: int) -> np.ndarray:
    """uint8[N, S, S, 3] as uint8[N, size, size, 3]; as it is where S is `size`."""
    if pictures.shape[1] == size:
        return pictures
    small = (Image.fromarray(each).resize((size, size), Image.Resampling.HAMMING) for each in pictures)
    return np.stack([np.asarray(each) for each in small])
