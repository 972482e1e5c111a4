"""Requests are checked before anything is spent on them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generator.families.interface import Model
from services.generator.providers import Execution
from services.generator.recipe import MOST_MASK, MOST_SOURCE, Asked, Recipe, check
from services.generator.shelf import load_models
from services.runtime.errors import Fault, Reason

FIXTURES = Path(__file__).parents[2] / "fixtures"
TINY = load_models(FIXTURES / "tiny_model", execution=Execution(1), most_rows=2)["tiny"]
WISH: dict[str, Any] = {"job_id": "job_1", "prompt": "a boat", "count": 1, "seed": 7}


def recipe(of: Model[Any, Any] = TINY, **wishes: object) -> Recipe:
    return check({of.facts.name: of}, Asked(**{**WISH, "model": of.facts.name, **wishes}))


@pytest.fixture(scope="module")
def latent() -> Model[Any, Any]:
    """A model that draws at many sizes, and whose schedule takes a call more than steps."""
    return load_models(FIXTURES / "pipelines", execution=Execution(1), most_rows=2)["sd1"]


def test_defaults_are_the_models() -> None:
    made = recipe()
    assert (made.wish.steps, made.calls, made.wish.guidance) == (8, 8, 3.0)
    assert (made.width, made.height) == (128, 128) and (made.wish.width, made.wish.height) == (64, 64)


@pytest.mark.parametrize("edge", [64, 256, 1000, 1024])
def test_square_sizes_in_bounds(edge: int) -> None:
    made = recipe(width=edge, height=edge)
    assert (made.width, made.height) == (edge, edge) and made.wish.width == 64


def test_a_model_of_many_sizes_draws_at_the_asked_one(latent: Model[Any, Any]) -> None:
    facts = latent.facts
    made = recipe(latent, width=facts.smallest, height=facts.smallest + facts.unit)
    assert (made.wish.width, made.wish.height) == (made.width, made.height)
    assert (made.width, made.height) == (facts.smallest, facts.smallest + facts.unit)
    for field, wishes in {
        "width": {"width": facts.smallest + 1},
        "height": {"height": facts.largest + facts.unit},
    }.items():
        with pytest.raises(Fault) as refused:
            recipe(latent, **wishes)
        assert refused.value.metadata["field"] == field


def test_calls_are_the_schedules(latent: Model[Any, Any]) -> None:
    assert recipe(latent, steps=4).calls == latent.calls(4) == 5, "PLMS takes two calls for its first step"


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
        ("quality", {"quality": 101}),
        ("quality", {"quality": -1}),
        ("negative_prompt", {"negative": "a crab"}),
        ("strength", {"strength": 0.5}),
        ("strength", {"strength": 0.0, "source": b"picture"}),
        ("strength", {"strength": 1.5, "source": b"picture"}),
        ("source", {"source": bytes(MOST_SOURCE + 1)}),
        ("mask", {"mask": b"mask"}),
        ("mask", {"mask": b"mask", "strength": 0.5}),
        ("mask", {"mask": bytes(MOST_MASK + 1), "source": b"picture"}),
    ],
)
def test_what_cannot_be_baked_names_its_field(field: str, wishes: dict[str, object]) -> None:
    with pytest.raises(Fault) as refused:
        recipe(**wishes)
    assert refused.value.reason is Reason.INVALID_ARGUMENT
    assert refused.value.metadata["field"] == field


def test_a_negative_prompt_is_taken_where_it_leads_away(latent: Model[Any, Any]) -> None:
    assert recipe(latent, negative="a crab", guidance=3.0).negative == "a crab"
    assert recipe(latent, negative=None, guidance=1.0).negative is None
    for wishes in ({"negative": "a crab", "guidance": 1.0}, {"negative": "x" * 32_001}):
        with pytest.raises(Fault) as refused:
            recipe(latent, **wishes)
        assert refused.value.metadata["field"] == "negative_prompt"


def test_a_source_saves_the_calls_that_it_stands_for() -> None:
    assert (recipe(steps=10, source=b"picture").calls, recipe(steps=10).calls) == (6, 10)
    made = recipe(steps=10, source=b"picture", strength=0.3)
    assert (made.calls, made.wish.steps, made.wish.strength) == (3, 10, 0.3)


def test_with_a_mask_all_of_it_is_drawn_anew_unless_asked_otherwise() -> None:
    made = recipe(steps=10, source=b"picture", mask=b"mask")
    assert (made.calls, made.wish.strength, made.mask) == (10, 1.0, b"mask")
    assert recipe(steps=10, source=b"picture", mask=b"mask", strength=0.3).calls == 3


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
    assert [made.wish.seed_of(0), made.wish.seed_of(1)] == [2**32 - 1, 0]


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
