"""The picture that the mock edge draws, at any stage of its baking."""

import io
import math

from PIL import Image, ImageDraw, ImageFilter


def scene(seed: int, share: float) -> bytes:
    """A beach with a boat and a crab, PNG; `share` below 1 is a rough version of it."""
    sky = (150 + seed * 37 % 80, 196, 226)
    picture = Image.new("RGB", (256, 256), sky)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((190, 24, 228, 62), fill=(255, 226, 140))
    draw.rectangle((0, 110, 256, 170), fill=(64, 132, 168))
    draw.rectangle((0, 158, 256, 256), fill=(236, 208, 152))
    shift = seed * 29 % 60
    draw.polygon(
        [(30 + shift, 118), (140 + shift, 118), (118 + shift, 152), (52 + shift, 152)], fill=(150, 82, 42)
    )
    draw.polygon([(84 + shift, 40), (84 + shift, 112), (134 + shift, 112)], fill=(252, 246, 232))
    for leg in range(4):
        draw.line((150 - leg * 6, 212, 128 - leg * 8, 236), fill=(176, 52, 34), width=5)
        draw.line((186 + leg * 6, 212, 208 + leg * 8, 236), fill=(176, 52, 34), width=5)
    draw.ellipse((134, 186, 204, 230), fill=(214, 72, 48))
    draw.ellipse((116, 164, 142, 190), fill=(214, 72, 48))
    draw.ellipse((196, 164, 222, 190), fill=(214, 72, 48))
    if share < 1:
        noise = Image.effect_noise((256, 256), 90).convert("RGB").filter(ImageFilter.GaussianBlur(2))
        picture = Image.blend(noise, picture.filter(ImageFilter.GaussianBlur(10 * (1 - share))), math.sqrt(share))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
