"""Requests are checked before anything is spent on them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.folder import ModelFolder, read_folder
from services.generator.recipe import Recipe, check
from services.runtime.errors import Fault, Reason

TINY = read_folder(Path(__file__).parents[2] / "fixtures" / "tiny_model" / "tiny")
WISH: dict[str, Any] = {
    "job_id": "job_1", "model": "tiny", "prompt": "a boat", "count": 1, "seed": 7, "steps": None,
    "guidance": None, "width": 0, "height": 0, "previews": 0, "paid": False,
}  # fmt: skip


def recipe(folder: ModelFolder = TINY, **wishes: object) -> Recipe:
    return check({folder.name: folder}, **{**WISH, **wishes})


def test_defaults_are_the_models() -> None:
    made = recipe()
    assert (made.steps, made.guidance, made.size) == (8, 3.0, 128)


@pytest.mark.parametrize("edge", [64, 256, 1000, 1024])
def test_square_sizes_in_bounds(edge: int) -> None:
    assert recipe(width=edge, height=edge).size == edge


def test_the_native_size_is_always_there() -> None:
    small = replace(TINY, native_size=32)
    assert recipe(small, width=32, height=32).size == 32


@pytest.mark.parametrize(
    ("field", "wishes"),
    [
        ("count", {"count": 0}),
        ("count", {"count": 11}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 2**32}),
        ("steps", {"steps": 0}),
        ("steps", {"steps": 101}),
        ("guidance", {"guidance": -0.5}),
        ("guidance", {"guidance": 20.5}),
        ("guidance", {"guidance": float("nan")}),
        ("guidance", {"guidance": float("inf")}),
        ("previews", {"previews": 11}),
        ("previews", {"previews": -1}),
        ("width", {"width": 63, "height": 63}),
        ("width", {"width": 1025, "height": 1025}),
        ("width", {"width": -64, "height": -64}),
        ("height", {"width": 128, "height": 256}),
        ("height", {"width": 256}),
        ("prompt", {"prompt": "x" * 32_001}),
        ("job_id", {"job_id": "x" * 129}),
    ],
)
def test_what_cannot_be_baked_names_its_field(field: str, wishes: dict[str, object]) -> None:
    with pytest.raises(Fault) as refused:
        recipe(**wishes)
    assert refused.value.reason is Reason.INVALID_ARGUMENT
    assert refused.value.metadata["field"] == field


def test_an_unknown_model_is_answered_with_those_there_are() -> None:
    with pytest.raises(Fault) as refused:
        recipe(model="tinny")
    assert refused.value.reason is Reason.MODEL_UNKNOWN
    assert refused.value.metadata == {"model": "tinny", "models": "tiny"}


@pytest.mark.parametrize(("guidance", "rows"), [(0.0, 1), (1.0, 1), (0.5, 2), (3.0, 2)])
def test_guidance_decides_the_rows(guidance: float, rows: int) -> None:
    assert recipe(guidance=guidance).rows == rows


def test_seeds_go_round_the_corner() -> None:
    made = recipe(seed=2**32 - 1, count=2)
    assert [made.seed_of(0), made.seed_of(1)] == [2**32 - 1, 0]


@settings(deadline=None)
@given(st.integers(1, 100), st.integers(0, 10))
def test_previews_are_spread_and_never_the_picture_itself(steps: int, previews: int) -> None:
    shown = sorted(recipe(steps=steps, previews=previews).preview_steps)
    assert all(0 < step < steps for step in shown)
    assert len(shown) <= previews
    if steps > previews:
        assert len(shown) == previews
        gaps = [after - before for before, after in zip([0, *shown], [*shown, steps], strict=True)]
        assert max(gaps) - min(gaps) <= 1
