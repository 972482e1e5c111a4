"""Recipes for tests that need no checking of what was asked."""

from dataclasses import replace
from typing import Any

from services.generator.families.interface import Wish
from services.generator.picture import Format
from services.generator.recipe import Recipe


def a_recipe(model: str = "tiny", steps: int = 4, seed: int = 1, edge: int = 64, **changes: Any) -> Recipe:
    """One guided picture of `edge` pixels, unless it says otherwise."""
    plain = Recipe(
        job_id="job",
        model=model,
        prompt="a red boat",
        negative=None,
        source=b"",
        count=1,
        wish=Wish(seed, steps, 3.0, edge, edge),
        calls=steps,
        rows=2,
        width=edge,
        height=edge,
        format=Format.PNG,
        quality=90,
        previews=0,
        paid=False,
    )
    return replace(plain, **changes)
