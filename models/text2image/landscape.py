"""Painted grounds: five places under three skies, in a few shapes each."""

import random

import numpy as np
from PIL import Image, ImageDraw

_FINE = 4  # grounds are painted this much finer, then reduced

_SKY = {  # top and horizon colour, sRGB
    "day": ((108, 180, 242), (206, 232, 250)),
    "night": ((14, 18, 58), (44, 54, 112)),
    "sunset": ((112, 62, 140), (255, 168, 84)),
}
_LAND = {
    "beach": (240, 214, 150),
    "sea": (36, 116, 190),
    "snow": (242, 247, 252),
    "meadow": (112, 186, 80),
    "forest": (78, 136, 70),
    "": (70, 92, 84),
}
# The light of a sky on the land: a colour and its share.
_TINT = {"day": ((255, 255, 255), 0.0), "night": ((16, 22, 70), 0.55), "sunset": ((170, 72, 70), 0.35)}

Rgb = tuple[int, int, int]


def _mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def jitter(colour: Rgb, spread: int, rng: random.Random) -> Rgb:
    """`colour` with each channel moved by at most `spread`, within 0..255."""
    red, green, blue = (min(255, max(0, c + rng.randint(-spread, spread))) for c in colour)
    return red, green, blue


class Brush:
    """One landscape in the making. `side` and `horizon` in fine pixels."""

    def __init__(self, sky: str, size: int, rng: random.Random) -> None:
        self.side, self.sky, self.rng = size * _FINE, sky, rng
        self.horizon = round(self.side * rng.uniform(0.48, 0.6))
        top, low = _SKY[sky]
        rows = np.linspace(0.0, 1.0, self.horizon)[:, None, None]
        pixels = np.zeros((self.side, self.side, 3))
        pixels[: self.horizon] = np.array(top) * (1 - rows) + np.array(low) * rows
        self.picture = Image.fromarray(pixels.astype(np.uint8))
        self.pen = ImageDraw.Draw(self.picture)

    def lit(self, colour: Rgb) -> Rgb:
        """`colour` in this sky's light, a little different each time."""
        return _mix(jitter(colour, 6, self.rng), *_TINT[self.sky])

    def dots(self, count: int, span: tuple[float, float], radius: tuple[float, float], colour: Rgb) -> None:
        """`count` dots at heights within `span`, of `radius` in coarse pixels."""
        for _ in range(count):
            x, y = self.rng.uniform(0, self.side), self.rng.uniform(*span)
            r = self.rng.uniform(*radius) * _FINE
            self.pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def lights(self) -> None:
        """Stars, or the setting sun."""
        if self.sky == "night":
            self.dots(12, (0, self.horizon), (0.4, 0.9), (250, 248, 220))
        elif self.sky == "sunset":
            x, r = self.side * self.rng.uniform(0.2, 0.8), self.side * 0.12
            box = (x - r, self.horizon - r, x + r, self.horizon + r)
            self.pen.ellipse(box, fill=(255, 226, 110))

    def trees(self) -> None:
        """A row of firs on the horizon."""
        x = -self.side * 0.05
        while x < self.side * 1.05:
            height = self.side * self.rng.uniform(0.28, 0.46)
            width = self.side * self.rng.uniform(0.09, 0.13)
            foot = self.horizon + 2
            shape = ((x - width, foot), (x, self.horizon - height), (x + width, foot))
            self.pen.polygon(shape, fill=self.lit((34, 92, 52)))
            x += width * self.rng.uniform(1.0, 1.5)

    def shore(self) -> None:
        """A band of sea with a white edge."""
        edge = self.horizon + self.side * self.rng.uniform(0.08, 0.14)
        self.pen.rectangle((0, self.horizon, self.side, edge), fill=self.lit(_LAND["sea"]))
        self.pen.rectangle((0, edge, self.side, edge + _FINE), fill=self.lit((250, 250, 250)))

    def waves(self) -> None:
        """Rows of short light strokes."""
        for row in range(5):
            y = self.horizon + (row + 0.6) * (self.side - self.horizon) / 5
            for _ in range(3):
                x, length = self.rng.uniform(-0.1, 0.9) * self.side, self.side * self.rng.uniform(0.08, 0.16)
                self.pen.rectangle((x, y, x + length, y + _FINE * 0.8), fill=self.lit((150, 206, 240)))


def paint(place: str, sky: str, size: int, rng: random.Random) -> Image.Image:
    """A landscape of `size` × `size` pixels: `place` ("" for open country) under `sky`."""
    brush = Brush(sky, size, rng)
    brush.lights()
    if place == "forest":
        brush.trees()
    land = (0, brush.horizon, brush.side, brush.side)
    brush.pen.rectangle(land, fill=brush.lit(_LAND[place]))
    if place == "beach":
        brush.shore()
    elif place == "sea":
        brush.waves()
    elif place == "snow":
        brush.dots(14, (0, brush.horizon), (0.6, 1.1), (255, 255, 255))
    elif place == "meadow":
        brush.dots(10, (brush.horizon + 2 * _FINE, brush.side), (0.9, 0.9), brush.lit((250, 244, 170)))
    return brush.picture.resize((size, size), Image.Resampling.BOX)
