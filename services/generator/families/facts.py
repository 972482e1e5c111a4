"""What a model of a family offers: its makers' advice, unless the folder's owner wishes otherwise (`layout`)."""

from __future__ import annotations

from services.generator.families.family import MOST_EDGE, Family
from services.generator.families.interface import MOST_GUIDANCE, MOST_STEPS, Facts
from services.generator.families.layout import Layout


def read_facts(
    layout: Layout, family: Family, *, provider: str, sha256: str, takes_source: bool, most_rows: int
) -> Facts:
    """Raises FolderError where a wish cannot be."""
    options, cells, scale = layout.options, family.cells, family.coder.scale
    low, native, high, unit = (edge * scale for edge in (cells.smallest, cells.native, cells.largest, cells.unit))
    width, height = (layout.wish(edge, low, high, native) for edge in ("width", "height"))
    for key, pixels in (("width", width), ("height", height)):
        if pixels % unit:
            raise options.wrong(key, f"must be a whole multiple of {unit}")
    most_pixels = max(native, MOST_EDGE) ** 2
    if width * height > most_pixels:
        raise options.wrong("width", f"times height must be at most {most_pixels}")
    guidance = family.defaults.guidance
    if "default_guidance" in options.values:
        guidance = options.number("default_guidance", 0.0, MOST_GUIDANCE)
    return Facts(
        name=layout.name,
        family=layout.class_name,
        width=width,
        height=height,
        output_width=width,
        output_height=height,
        unit=unit,
        smallest=low,
        largest=high,
        most_pixels=most_pixels,
        square=False,
        default_steps=layout.wish("default_steps", 1, MOST_STEPS, family.defaults.steps),
        default_guidance=guidance,
        takes_negative=not family.guided_by_input,
        takes_guidance=family.takes_guidance,
        takes_source=takes_source,
        provider=provider,
        sha256=sha256,
        most_rows=most_rows,
    )
