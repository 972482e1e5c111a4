"""Sheets of pictures with their prompts beneath, as PNG."""

from collections.abc import Sequence
from pathlib import Path

import font_roboto
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_FONT = str(Path(font_roboto.font_directory) / "Roboto-Regular.ttf")  # Pillow's own font lacks accents


def save_sheet(pictures: np.ndarray, labels: Sequence[str], path: Path, columns: int, zoom: int) -> None:
    """Pictures uint8[N, S, S, 3] enlarged `zoom` times in rows of `columns`."""
    side, lines = pictures.shape[1] * zoom, 1 if zoom < 2 else 2
    line = 12 * lines + 2
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + 4), rows * (side + line + 4)), (255, 255, 255))
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(_FONT, 9 if zoom < 2 else 11)
    for index, (pixels, label) in enumerate(zip(pictures, labels, strict=True)):
        x, y = index % columns * (side + 4) + 2, index // columns * (side + line + 4) + 2
        sheet.paste(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC), (x, y))
        pen.multiline_text((x, y + side + 1), wrap(label, side, font, lines), (30, 30, 30), font, spacing=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)


def wrap(text: str, width: int, font: ImageFont.FreeTypeFont, lines: int) -> str:
    """`text` in at most `lines` lines of `width` pixels."""
    done, current = [], ""
    for word in text.split():
        longer = f"{current} {word}".strip()
        if current and font.getlength(longer) > width:
            done.append(current)
            current = word
        else:
            current = longer
    return "\n".join([*done, current][:lines])
